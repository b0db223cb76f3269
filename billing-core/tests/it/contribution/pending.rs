//! Money that is on its way, and contributions that nobody ends.

use billing_proto::v1;
use billing_proto::v1::{ContributionStatus, PaymentState};
use billing_testkit::TestCore;
use tokio::task::JoinSet;
use tonic::Code;

use super::{begun, of, standing};
use crate::payment::apply;
use crate::sponsorship::{
    CENTS, contributions, gift, given, locked, progress, told, until_two_wait,
};
use crate::support::{account, as_owner, assert_books_are_right, core, detail, reason};

/// Its payer has done their part: the money is on its way.
async fn on_its_way(core: &TestCore, id: &str, payment: &v1::Payment) -> v1::Payment {
    let report = standing(PaymentState::Pending, payment.amount_minor, true);
    let answer = apply(core, told(id, payment, report)).await.unwrap();
    answer.payment.unwrap()
}

async fn ended(core: &TestCore, payment: &v1::Payment, state: PaymentState) {
    let report = standing(state, payment.amount_minor, false);
    apply(core, told(state.as_str_name(), payment, report))
        .await
        .unwrap();
}

/// What is given this month, and what is on its way.
async fn meter(core: &TestCore) -> (i64, i64) {
    let now = progress(core).await;
    (now.current_minor, now.pending_minor)
}

#[tokio::test]
async fn money_on_its_way_is_pending_until_it_has_come_or_failed_in_whatever_order_that_is_told() {
    let (database, core) = core().await;
    let [comes, fails] = ["alice", "bob"].map(|user| gift(user, "1"));
    let [comes, fails] = [given(&core, comes).await, given(&core, fails).await];
    // A page that is open is no money.
    assert_eq!(meter(&core).await, (0, 0));
    for payment in [&comes, &fails] {
        assert!(on_its_way(&core, "completed", payment).await.processing);
        on_its_way(&core, "completed", payment).await;
    }
    assert_eq!(meter(&core).await, (0, 2 * CENTS));
    // What is told of an attempt before ends nothing.
    ended(&core, &comes, PaymentState::Pending).await;
    assert_eq!(meter(&core).await, (0, 2 * CENTS));
    let mine = contributions(&core, "alice").await.contributions.remove(0);
    assert_eq!(
        (mine.status(), mine.net_minor),
        (ContributionStatus::Pending, 0)
    );
    let other = v1::GetProgressRequest {
        tenant_id: "other".to_owned(),
    };
    let other = core.sponsorship().get_progress(other).await.unwrap();
    assert_eq!(other.into_inner().pending_minor, 0);
    ended(&core, &comes, PaymentState::Succeeded).await;
    ended(&core, &fails, PaymentState::Failed).await;
    assert_eq!(meter(&core).await, (CENTS, 0));
    ended(&core, &comes, PaymentState::Expired).await;
    let once_more = standing(PaymentState::Succeeded, CENTS, false);
    apply(&core, told("once more", &comes, once_more))
        .await
        .unwrap();
    assert_eq!(meter(&core).await, (CENTS, 0));
    for payment in [&comes, &fails] {
        assert!(!on_its_way(&core, "late", payment).await.processing);
    }
    assert_eq!(meter(&core).await, (CENTS, 0));
    assert_books_are_right(&database).await;
}

/// As a core leaves it that does not know the column.
#[tokio::test]
async fn what_an_older_core_has_settled_is_not_on_its_way_any_more() {
    let (database, core) = core().await;
    let payment = given(&core, gift("alice", "1")).await;
    ended(&core, &payment, PaymentState::Succeeded).await;
    as_owner(&database, "update payment set processing = true").await;
    assert_eq!(meter(&core).await, (CENTS, 0));
    assert!(!on_its_way(&core, "late", &payment).await.processing);
}

#[tokio::test]
async fn whose_money_is_on_its_way_gives_anew_and_nothing_of_it_is_ended_or_given_up() {
    let (database, core) = core().await;
    let first = given(&core, gift("alice", "1")).await;
    on_its_way(&core, "completed", &first).await;
    let again = begun(&core, gift("alice", "2")).await;
    let second = again.payment.unwrap();
    assert_ne!(second.payment_id, first.payment_id);
    assert!(!again.replayed && again.open_before.is_empty());
    let other = begun(&core, of("alice", "3", 2 * CENTS)).await;
    let open = other.open_before.iter().map(|payment| &payment.payment_id);
    assert_eq!(open.collect::<Vec<_>>(), [&second.payment_id]);
    as_owner(
        &database,
        "update payment set created_at = now() - interval '25 hours', next_check_at = now()",
    )
    .await;
    let claim = v1::ClaimStalePaymentsRequest {
        provider: "stripe".to_owned(),
        owner: "a gateway".to_owned(),
        limit: 10,
        lease_secs: 60,
        since: None,
    };
    let stale = core.payments().claim_stale_payments(claim).await.unwrap();
    let stale = stale.into_inner().payments;
    assert_eq!(stale.len(), 3);
    for one in stale {
        let is_first = one.payment.unwrap().payment_id == first.payment_id;
        assert_eq!(one.give_up, !is_first);
    }
}

#[tokio::test]
async fn a_person_has_five_contributions_open_and_no_more_in_however_many_tabs() {
    let (database, core) = core().await;
    let first = given(&core, gift("alice", "1")).await;
    on_its_way(&core, "completed", &first).await;
    for key in ["2", "3"] {
        given(&core, of("alice", key, CENTS)).await;
    }
    let row = locked(&database).await;
    let calls: JoinSet<_> = (0..8)
        .map(|n| {
            let (mut gateway, request) = (core.payments(), of("alice", &format!("tab {n}"), CENTS));
            async move { gateway.create_payment(request).await }
        })
        .collect();
    until_two_wait(&database).await;
    drop(row);
    let (begun, refused): (Vec<_>, Vec<_>) =
        calls.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((begun.len(), refused.len()), (2, 6));
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(reason(&refused), "TOO_MANY_OPEN");
        assert_eq!(detail(&refused, "open_max"), "5");
    }
    // It is the person's, and they may go on with what they have begun.
    given(&core, gift("bob", "1")).await;
    let again = core
        .payments()
        .create_payment(of("alice", "2", CENTS))
        .await;
    assert!(again.unwrap().into_inner().replayed);
    let top_up = crate::payment::create(&core, "alice", "top-up").await;
    assert_eq!(top_up.account, Some(account("alice")));
    ended(&core, &first, PaymentState::Failed).await;
    given(&core, of("alice", "last", CENTS)).await;
}
