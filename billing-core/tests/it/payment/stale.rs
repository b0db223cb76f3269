//! Payments that stayed open.

use std::collections::BTreeSet;

use billing_proto::v1;
use tokio::task::JoinSet;

use super::{apply, attached, create, event, paid, state};
use crate::support::{as_owner, core, moment};

fn claim(limit: i32) -> v1::ClaimStalePaymentsRequest {
    v1::ClaimStalePaymentsRequest {
        provider: "stripe".to_owned(),
        owner: "a gateway".to_owned(),
        limit,
        lease_secs: 60,
        since: None,
    }
}

const DUE: &str = "update payment set next_check_at = now() - interval '1 second'
    where next_check_at is not null";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_payment_that_is_due_is_given_to_one_gateway() {
    let (database, core) = core().await;
    for n in 0..20 {
        attached(&core, "alice", &n.to_string()).await;
    }
    paid(&core, "alice", "paid").await;
    // Nobody is asked about at once.
    let early = core.payments().claim_stale_payments(claim(100)).await;
    let early = early.unwrap().into_inner();
    assert_eq!((early.payments.len(), early.open), (0, 20));
    as_owner(&database, DUE).await;
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let mut gateway = core.payments();
        calls.spawn(async move { gateway.claim_stale_payments(claim(3)).await });
    }
    let mut claimed = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap().unwrap().into_inner();
        claimed.extend(answer.payments);
    }
    let rest = core.payments().claim_stale_payments(claim(100)).await;
    claimed.extend(rest.unwrap().into_inner().payments);
    let ids: BTreeSet<String> = claimed
        .iter()
        .map(|stale| stale.payment.as_ref().unwrap().payment_id.clone())
        .collect();
    assert_eq!((claimed.len(), ids.len()), (20, 20));
    assert!(
        claimed
            .iter()
            .all(|stale| stale.checks == 1 && !stale.give_up)
    );
}

#[tokio::test]
async fn a_payment_that_is_paid_is_not_asked_about_but_its_open_refund_is() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let succeeded = event("evt_1", &payment, state(v1::PaymentState::Succeeded));
    apply(&core, succeeded).await.unwrap();
    as_owner(&database, DUE).await;
    let none = core.payments().claim_stale_payments(claim(10)).await;
    assert_eq!(none.unwrap().into_inner().open, 0);
    let refund = v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id,
        idempotency_key: "r".to_owned(),
        amount_minor: Some(100),
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    };
    core.payments().start_refund(refund).await.unwrap();
    as_owner(&database, DUE).await;
    let one = core.payments().claim_stale_payments(claim(10)).await;
    let one = one.unwrap().into_inner();
    assert_eq!(one.payments[0].refunds.len(), 1);
}

#[tokio::test]
async fn a_payment_that_nobody_pays_in_a_day_is_given_up_and_checks_grow_rare() {
    let (database, core) = core().await;
    create(&core, "alice", "1").await;
    as_owner(
        &database,
        "update payment set created_at = now() - interval '25 hours'",
    )
    .await;
    for _ in 0..3 {
        as_owner(&database, DUE).await;
        as_owner(&database, "update payment set leased_until = null").await;
        let stale = core.payments().claim_stale_payments(claim(1)).await;
        assert!(stale.unwrap().into_inner().payments[0].give_up);
    }
    let pool = database.pool().await;
    let pause: i64 =
        sqlx::query_scalar("select extract(epoch from next_check_at - now())::bigint from payment")
            .fetch_one(&pool)
            .await
            .unwrap();
    // A minute, two, four.
    assert!((230..=240).contains(&pause), "{pause}");
}

#[tokio::test]
async fn everything_since_a_time_can_be_asked_about_open_or_not() {
    let (database, core) = core().await;
    paid(&core, "alice", "old").await;
    as_owner(
        &database,
        "update payment set created_at = now() - interval '2 days'",
    )
    .await;
    paid(&core, "alice", "new").await;
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let request = v1::ClaimStalePaymentsRequest {
        since: Some(moment(since)),
        ..claim(10)
    };
    let recent = core.payments().claim_stale_payments(request.clone()).await;
    assert_eq!(recent.unwrap().into_inner().payments.len(), 1);
    // Leased: the next page is empty.
    let next = core.payments().claim_stale_payments(request).await;
    assert_eq!(next.unwrap().into_inner().payments.len(), 0);
}
