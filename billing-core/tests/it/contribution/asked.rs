//! When a provider is asked about a subscription, and what operators are told of some.

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{EventOutcome, SubscriptionState};
use billing_testkit::TestCore;

use super::begun;
use super::monthly::{day, monthly, renewal, stands, subscribed, subscription};
use crate::doctor::doctor;
use crate::payment::apply;
use crate::person::erase;
use crate::sponsorship::{CENTS, contributions};
use crate::support::{as_owner, assert_books_are_right, core, moment};

async fn due(core: &TestCore) -> Vec<v1::StalePayment> {
    let claim = v1::ClaimStalePaymentsRequest {
        provider: "stripe".to_owned(),
        owner: "a gateway".to_owned(),
        limit: 100,
        lease_secs: 60,
        since: None,
    };
    let answer = core.payments().claim_stale_payments(claim).await.unwrap();
    answer.into_inner().payments
}

#[tokio::test]
async fn a_provider_is_asked_about_a_subscription_once_its_month_is_over_and_not_after_its_end() {
    let (database, core) = core().await;
    let first = subscribed(&core, "alice").await;
    assert_eq!(due(&core).await, Vec::new());
    let mut owner = database.connect_as_owner().await;
    let (check_at, next_check_at): (jiff_sqlx::Timestamp, jiff_sqlx::Timestamp) = sqlx::query_as(
        "select s.check_at, p.next_check_at from subscription s
        join payment p on (p.account_id, p.payment_id) = (s.account_id, s.subscription_id)",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(check_at, next_check_at);
    let hours_after = check_at.to_jiff().duration_since(day(30)).as_hours();
    assert_eq!(hours_after, 2);
    as_owner(
        &database,
        "update payment set next_check_at = now() - interval '1 second'",
    )
    .await;
    let [stale] = due(&core).await.try_into().unwrap();
    assert_eq!(stale.payment.unwrap().payment_id, first.payment_id);
    let reference = format!("sub_{}", first.payment_id);
    assert_eq!(stale.subscription_reference, reference);
    assert!(!stale.give_up);
    let ends = stands("ends", &first, SubscriptionState::Cancelled, 9);
    apply(&core, ends).await.unwrap();
    let checked: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("select next_check_at from payment")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(checked, None);
}

#[tokio::test]
async fn the_provider_is_asked_soon_once_a_month_has_begun_and_twice_a_day_while_it_is_not_paid() {
    let (database, core) = core().await;
    let first = subscribed(&core, "alice").await;
    let begins = stands("next month", &first, SubscriptionState::Active, 30);
    let mut fails = stands("fails", &first, SubscriptionState::PastDue, 31);
    if let Some(Report::Subscription(report)) = &mut fails.report {
        report.period_end = Some(moment(day(60)));
    }
    let mut owner = database.connect_as_owner().await;
    for (report, expected) in [(begins, 2), (fails, 12)] {
        apply(&core, report).await.unwrap();
        let hours: i64 = sqlx::query_scalar(
            "select round(extract(epoch from next_check_at - now()) / 3600)::bigint from payment",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        assert_eq!(hours, expected);
    }
}

#[tokio::test]
async fn of_whoever_is_erased_the_subscription_that_takes_money_still_is_told() {
    let (database, core) = core().await;
    let first = subscribed(&core, "alice").await;
    let [open] = erase(&core, "alice")
        .await
        .open_payments
        .try_into()
        .unwrap();
    let reference = format!("sub_{}", first.payment_id);
    let told = (&open.payment_id, &open.provider_reference);
    assert_eq!(told, (&first.payment_id, &reference));
    apply(&core, renewal(&first, 1)).await.unwrap();
    let mine = contributions(&core, "alice").await;
    assert_eq!(mine.standing.unwrap().total_minor, 2 * CENTS);
    assert!(mine.contributions.iter().all(|one| one.is_anonymous));
    let ends = stands("ends", &first, SubscriptionState::Cancelled, 40);
    apply(&core, ends).await.unwrap();
    assert!(erase(&core, "alice").await.open_payments.is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn of_another_subscription_at_the_provider_that_bears_its_names_nothing_is_believed() {
    let (database, core) = core().await;
    let first = subscribed(&core, "alice").await;
    let mut copy = stands("copy ends", &first, SubscriptionState::Cancelled, 5);
    if let Some(Report::Subscription(report)) = &mut copy.report {
        report.provider_reference = "sub_copy".to_owned();
    }
    let applied = apply(&core, copy).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Applied);
    let known = subscription(&core, "alice").await.unwrap();
    assert_eq!(known.state(), SubscriptionState::Active);
    assert_ne!(known.provider_reference, "sub_copy");
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_second_subscription_that_takes_money_is_seen_by_doctor_until_one_of_the_two_has_ended() {
    let (database, core) = core().await;
    let mut other = monthly("alice", "2");
    other.amount_minor = 2 * CENTS;
    let first = begun(&core, monthly("alice", "1")).await.payment.unwrap();
    let second = begun(&core, other).await.payment.unwrap();
    for (id, payment) in [("first", &first), ("second", &second)] {
        let begins = stands(id, payment, SubscriptionState::Active, 0);
        apply(&core, begins).await.unwrap();
    }
    let is_told = async || {
        let visit = doctor(&database).await;
        visit.is_told("payments", "warn", "a second subscription", "cancel one")
    };
    assert!(is_told().await);
    let ends = stands("ends", &first, SubscriptionState::Cancelled, 1);
    apply(&core, ends).await.unwrap();
    assert!(!is_told().await);
}
