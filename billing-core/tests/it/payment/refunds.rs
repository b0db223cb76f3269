//! What is given back, and what is taken back.

use billing_proto::v1;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{EntryKind, PaymentState, RefundState};
use tokio::task::JoinSet;
use tonic::Code;

use super::{
    CENTS, MICROS, apply, attached, dispute, entries, event, paid, refund, settled, state,
};
use crate::support::{as_owner, assert_books_are_right, charge, core, detail, reason};

fn start(payment: &v1::Payment, key: &str, cents: Option<i64>) -> v1::StartRefundRequest {
    v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: key.to_owned(),
        amount_minor: cents,
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    }
}

#[tokio::test]
async fn a_refund_of_ours_is_set_aside_first_and_booked_when_the_provider_reports_it() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let started = core
        .payments()
        .start_refund(start(&payment, "r", Some(400)))
        .await;
    let started = started.unwrap().into_inner();
    assert_eq!(started.payment.unwrap().refund_requested_minor, 400);
    assert_eq!(settled(&core, "alice").await, MICROS);
    let ours = started.refund.unwrap();
    assert_eq!(ours.state(), RefundState::Requested);
    let again = core
        .payments()
        .start_refund(start(&payment, "r", Some(400)))
        .await;
    let again = again.unwrap().into_inner();
    assert!(again.replayed);
    assert_eq!(again.refund.unwrap().refund_id, ours.refund_id);
    let other = core
        .payments()
        .start_refund(start(&payment, "r", Some(401)))
        .await;
    assert_eq!(reason(&other.unwrap_err()), "IDEMPOTENCY_KEY_REUSED");

    let mut report = event(
        "evt_r",
        &payment,
        refund("re_1", 400, RefundState::Succeeded),
    );
    if let Some(v1::apply_provider_event_request::Report::Refund(refund)) = &mut report.report {
        refund.refund_id.clone_from(&ours.refund_id);
    }
    let applied = apply(&core, report).await.unwrap();
    assert_eq!(applied.moved_micros, -4_000_000);
    let after = applied.payment.unwrap();
    assert_eq!(
        (after.refunded_minor, after.refund_requested_minor),
        (400, 0)
    );
    assert_eq!(settled(&core, "alice").await, 6_000_000);

    // The bank sends it back.
    let failed = event("evt_f", &payment, refund("re_1", 400, RefundState::Failed));
    assert_eq!(apply(&core, failed).await.unwrap().moved_micros, 4_000_000);
    assert_eq!(settled(&core, "alice").await, MICROS);
    // Each says why and by whom the refund was asked for; one that was made at the provider says nothing.
    let dashboard = refund("re_2", 100, RefundState::Succeeded);
    apply(&core, event("evt_d", &payment, dashboard))
        .await
        .unwrap();
    let entries = entries(&core, "alice").await;
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.kind(), &*entry.reason, &*entry.actor))
        .collect();
    let of = EntryKind::PaymentReversal;
    let ours = (of, "asked for", "root");
    assert_eq!(told, [(of, "", ""), ours, ours, (EntryKind::TopUp, "", "")]);
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_that_are_started_at_once_never_exceed_the_payment() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let request = start(&payment, &n.to_string(), Some(300));
        let mut admin = core.payments();
        calls.spawn(async move { admin.start_refund(request).await });
    }
    let mut allowed = 0;
    while let Some(answer) = calls.join_next().await {
        match answer.unwrap() {
            Ok(_) => allowed += 1,
            Err(refused) => {
                assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
                assert_eq!(reason(&refused), "REFUND_EXCEEDS_PAYMENT");
            }
        }
    }
    assert_eq!(allowed, 3);
    let pool = database.pool().await;
    let requested: i64 = sqlx::query_scalar("select refund_requested_minor from payment")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(requested, 900);
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_frees_its_amount() {
    let (_database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let started = core
        .payments()
        .start_refund(start(&payment, "1", None))
        .await;
    let ours = started.unwrap().into_inner().refund.unwrap();
    assert_eq!(ours.amount_minor, CENTS);
    let more = core
        .payments()
        .start_refund(start(&payment, "2", Some(1)))
        .await;
    let more = more.unwrap_err();
    assert_eq!(reason(&more), "REFUND_EXCEEDS_PAYMENT");
    assert_eq!(detail(&more, "refundable_minor"), "0");
    let reject = v1::RejectRefundRequest {
        payment_id: payment.payment_id.clone(),
        refund_id: ours.refund_id,
        code: "charge_disputed".to_owned(),
    };
    for _ in 0..2 {
        let rejected = core.payments().reject_refund(reject.clone()).await;
        let rejected = rejected.unwrap().into_inner();
        assert_eq!(rejected.refund.unwrap().state(), RefundState::Failed);
        assert_eq!(rejected.payment.unwrap().refund_requested_minor, 0);
    }
    core.payments()
        .start_refund(start(&payment, "3", None))
        .await
        .unwrap();
}

#[tokio::test]
async fn only_what_is_paid_is_refunded_and_not_for_ever() {
    let (database, core) = core().await;
    let pending = attached(&core, "alice", "pending").await;
    let refused = core
        .payments()
        .start_refund(start(&pending, "1", None))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(reason(&refused), "PAYMENT_NOT_REFUNDABLE");
    assert_eq!(detail(&refused, "state"), "PENDING");
    let payment = paid(&core, "alice", "old").await;
    let past =
        "update payment set succeeded_at = now() - interval '31 days' where state = 'succeeded'";
    as_owner(&database, past).await;
    let late = core
        .payments()
        .start_refund(start(&payment, "1", None))
        .await;
    assert_eq!(reason(&late.unwrap_err()), "REFUND_TOO_LATE");
    let elsewhere = v1::StartRefundRequest {
        tenant_id: "beta".to_owned(),
        ..start(&payment, "1", None)
    };
    let elsewhere = core.payments().start_refund(elsewhere).await;
    assert_eq!(reason(&elsewhere.unwrap_err()), "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_dispute_takes_the_money_even_into_debt_and_a_won_one_gives_it_back() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    core.balance()
        .charge(charge("alice", "spent", 9_000_000))
        .await
        .unwrap();
    let inquiry = event("evt_0", &payment, dispute("dp_1", CENTS, Movement::None));
    assert_eq!(apply(&core, inquiry).await.unwrap().moved_micros, 0);
    let withdrawn = event(
        "evt_1",
        &payment,
        dispute("dp_1", CENTS, Movement::FundsWithdrawn),
    );
    let applied = apply(&core, withdrawn).await.unwrap();
    assert_eq!(applied.moved_micros, -MICROS);
    let balance = applied.balance.unwrap();
    assert_eq!(
        (balance.settled_micros, balance.debt_micros),
        (-9_000_000, 9_000_000)
    );
    let denied = core
        .balance()
        .charge(charge("alice", "more", 1))
        .await
        .unwrap();
    assert_eq!(
        denied.into_inner().decision(),
        v1::Decision::InsufficientBalance
    );
    let won = event(
        "evt_2",
        &payment,
        dispute("dp_1", CENTS, Movement::FundsReinstated),
    );
    assert_eq!(apply(&core, won).await.unwrap().moved_micros, MICROS);
    assert_eq!(settled(&core, "alice").await, 1_000_000);
    let newest = &entries(&core, "alice").await[0];
    assert_eq!(newest.kind(), EntryKind::DisputeWon);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn more_than_was_paid_is_never_taken_back_but_looked_at() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    for (id, report) in [
        ("evt_1", refund("re_1", CENTS, RefundState::Succeeded)),
        ("evt_2", dispute("dp_1", CENTS, Movement::FundsWithdrawn)),
    ] {
        apply(&core, event(id, &payment, report)).await.unwrap();
    }
    assert_eq!(settled(&core, "alice").await, 0);
    let pool = database.pool().await;
    let marked = billing_core::payment::review::marked(&pool).await.unwrap();
    assert_eq!(marked.len(), 1);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_is_taken_back_before_it_was_known_to_be_paid_is_booked_behind_the_credit() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let early = event(
        "evt_1",
        &payment,
        refund("re_1", 250, RefundState::Succeeded),
    );
    assert_eq!(apply(&core, early).await.unwrap().moved_micros, 0);
    let late = event("evt_2", &payment, state(PaymentState::Succeeded));
    assert_eq!(apply(&core, late).await.unwrap().moved_micros, 7_500_000);
    let kinds: Vec<EntryKind> = entries(&core, "alice")
        .await
        .iter()
        .map(v1::Entry::kind)
        .collect();
    assert_eq!(kinds, [EntryKind::PaymentReversal, EntryKind::TopUp]);
    assert_books_are_right(&database).await;
}
