//! Monthly support: renewals open their own payments, and a subscription stands as its provider said last.

use std::collections::{BTreeMap, BTreeSet};

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{
    BadgeLevel, EventOutcome, PaymentState, RefundState, SubscriptionState, WallPeriod,
};
use billing_testkit::{TestCore, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tokio::task::JoinSet;
use tonic::Code;

use super::notices::Told;
use super::{begun, of};
use crate::events::core_that_tells;
use crate::payment::{apply, event, refund};
use crate::sponsorship::{CENTS, contributions, progress, state, told, wall};
use crate::support::{account, assert_books_are_right, core, detail, moment, reason, time};

/// In the future, whenever this is run: what is due then is not due.
const CASES: usize = 30;
const BEGUN: i64 = 2_500_000_000;
/// When the provider was asked first: in the past, as every asking is.
const ASKED: i64 = 1_700_000_000;

pub fn monthly(user: &str, key: &str) -> v1::CreatePaymentRequest {
    let once = of(user, key, CENTS);
    let terms = once.contribution.clone().unwrap_or_default();
    v1::CreatePaymentRequest {
        contribution: Some(v1::ContributionTerms {
            monthly: true,
            ..terms
        }),
        ..once
    }
}

pub fn day(number: i64) -> Timestamp {
    Timestamp::from_second(BEGUN).unwrap() + SignedDuration::from_hours(24 * number)
}

/// How the provider says that it stands, where the asking began on a day.
pub fn stands(
    id: &str,
    first: &v1::Payment,
    state: SubscriptionState,
    asked: i64,
) -> v1::ApplyProviderEventRequest {
    told(
        id,
        first,
        Report::Subscription(v1::SubscriptionReport {
            provider_reference: format!("sub_{}", first.payment_id),
            state: state.into(),
            amount_minor: CENTS,
            currency: "USD".to_owned(),
            period_end: Some(moment(day(asked + 30))),
            cancel_at: None,
            as_of: Some(moment(
                Timestamp::from_second(ASKED).unwrap() + SignedDuration::from_hours(24 * asked),
            )),
        }),
    )
}

/// A month's payment that nobody asked for here.
pub fn renewal(first: &v1::Payment, month: i64) -> v1::ApplyProviderEventRequest {
    let named = v1::Payment {
        provider_reference: format!("in_{month}_{}", first.payment_id),
        ..Default::default()
    };
    v1::ApplyProviderEventRequest {
        occurred_at: Some(moment(day(30 * month))),
        further_references: vec![format!("pi_{month}_{}", first.payment_id)],
        opens: Some(v1::PaymentOpening {
            account: None,
            purpose: v1::PaymentPurpose::Contribution.into(),
            amount_minor: CENTS,
            currency: "USD".to_owned(),
            begun_at: Some(moment(day(30 * month))),
            subscription_id: first.payment_id.clone(),
        }),
        ..event(
            &format!("{}:{month}", named.provider_reference),
            &named,
            state(PaymentState::Succeeded),
        )
    }
}

pub async fn subscription(core: &TestCore, user: &str) -> Option<v1::Subscription> {
    let request = v1::GetSubscriptionRequest {
        account: Some(account(user)),
    };
    let answer = core.sponsorship().get_subscription(request).await.unwrap();
    answer.into_inner().subscription
}

/// Begins a subscription and pays its first month.
pub async fn subscribed(core: &TestCore, user: &str) -> v1::Payment {
    let first = begun(core, monthly(user, "1")).await.payment.unwrap();
    assert_eq!(first.subscription_id, first.payment_id);
    apply(core, told("paid", &first, state(PaymentState::Succeeded)))
        .await
        .unwrap();
    apply(core, stands("begins", &first, SubscriptionState::Active, 0))
        .await
        .unwrap();
    first
}

async fn supporters(core: &TestCore, support: v1::WallSupport) -> (Vec<String>, i64) {
    let request = v1::ListSupportersRequest {
        tenant_id: account("").tenant_id,
        support: support.into(),
        ..Default::default()
    };
    let answer = core.sponsorship().list_supporters(request).await.unwrap();
    let answer = answer.into_inner();
    let names = answer.supporters.into_iter().map(|entry| entry.name);
    (names.collect(), answer.total_count)
}

#[tokio::test]
async fn each_month_is_a_contribution_that_names_its_giver_as_the_one_before_does() {
    let (database, core) = core().await;
    let first = subscribed(&core, "alice").await;
    crate::sponsorship::paid(&core, of("bob", "1", CENTS)).await;
    let renewed = apply(&core, renewal(&first, 1)).await.unwrap();
    assert_eq!(renewed.given_minor, CENTS);
    let payment = renewed.payment.unwrap();
    assert_eq!(payment.account, Some(account("alice")));
    assert_eq!(payment.subscription_id, first.payment_id);
    assert_eq!(
        payment.provider_reference,
        format!("pi_1_{}", first.payment_id)
    );

    let alice = vec!["alice Johnson".to_owned()];
    let bob = vec!["bob Johnson".to_owned()];
    assert_eq!(
        supporters(&core, v1::WallSupport::Active).await,
        (alice.clone(), 1)
    );
    assert_eq!(
        supporters(&core, v1::WallSupport::Past).await,
        (bob.clone(), 1)
    );
    assert_eq!(supporters(&core, v1::WallSupport::All).await.1, 2);
    let mine = contributions(&core, "alice").await;
    assert_eq!(mine.standing.unwrap().total_minor, 2 * CENTS);
    let newest = &mine.contributions[0];
    assert!(!newest.is_anonymous);
    let ulid = &subscription(&core, "alice").await.unwrap().ulid;
    assert!(
        mine.contributions
            .iter()
            .all(|one| one.subscription_ulid == *ulid)
    );

    // Of who does not want to be named any more, nobody learns that they go on.
    let hide = v1::SetContributionAnonymousRequest {
        account: Some(account("alice")),
        ulid: newest.ulid.clone(),
        is_anonymous: true,
        ..Default::default()
    };
    core.sponsorship()
        .set_contribution_anonymous(hide)
        .await
        .unwrap();
    assert_eq!(
        supporters(&core, v1::WallSupport::Active).await,
        (Vec::new(), 0)
    );
    let past = supporters(&core, v1::WallSupport::Past).await;
    assert_eq!((past.0.len(), past.1), (2, 2));
    apply(&core, renewal(&first, 2)).await.unwrap();
    assert!(contributions(&core, "alice").await.contributions[0].is_anonymous);

    let back = refund("re_1", CENTS, RefundState::Succeeded);
    let named = v1::Payment {
        provider_reference: format!("pi_2_{}", first.payment_id),
        ..Default::default()
    };
    apply(&core, event("back", &named, back)).await.unwrap();
    let mine = contributions(&core, "alice").await;
    assert_eq!(mine.standing.unwrap().total_minor, 2 * CENTS);
    assert_books_are_right(&database).await;
}

/// Everything that is reported of a subscription of two renewals, of which the second fails at first.
fn life(first: &v1::Payment) -> Vec<v1::ApplyProviderEventRequest> {
    use SubscriptionState::{Active, Cancelled, Incomplete, PastDue};
    vec![
        stands("opened", first, Incomplete, 0),
        told("paid", first, state(PaymentState::Succeeded)),
        stands("begins", first, Active, 1),
        renewal(first, 1),
        stands("renewed", first, Active, 31),
        stands("failed", first, PastDue, 61),
        renewal(first, 2),
        stands("paid again", first, Active, 63),
        stands("ended", first, Cancelled, 70),
        // The last invoice that was not paid, told late.
        stands("failed late", first, PastDue, 69),
    ]
}

/// Of such a life each month, the badge and the end are told, and nothing twice.
fn assert_life_is_told(told: &Told, user: &str) {
    let completed = told.events("contribution.completed");
    let months: BTreeSet<&str> = completed
        .iter()
        .map(|said| said["contribution_id"].as_str().unwrap())
        .collect();
    assert_eq!((completed.len(), months.len()), (3, 3), "{user}");
    assert_eq!(told.moved_minor(), 3 * CENTS, "{user}");
    let badges = told.events("badge.updated");
    let badge = badges.last().unwrap();
    assert_eq!(
        (&badge["badge"], &badge["public_badge"]),
        (&"bronze".into(), &"bronze".into()),
        "{user}"
    );
    let turns = told.events("subscription.updated");
    assert_eq!(turns.last().unwrap()["status"], "cancelled", "{user}");
    assert_eq!(told.mails("contribution_received"), 3, "{user}");
    // It fails twice; of what ends before any of it is known, nobody is mailed.
    assert!(told.mails("subscription_past_due") <= 2, "{user}");
    assert!(told.mails("subscription_ended") <= 1, "{user}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_comes_to_the_same_in_any_order_and_however_often_it_is_told() {
    let (database, core) = core_that_tells().await;
    let mut runner = TestRunner::new(Config::default());
    let mut calls = JoinSet::new();
    for case in 0..CASES {
        let first = begun(&core, monthly(&format!("user-{case}"), "1")).await;
        let once = life(&first.payment.unwrap());
        let twice = once.iter().cloned().chain(once.clone()).collect();
        let order = Just::<Vec<v1::ApplyProviderEventRequest>>(twice).prop_shuffle();
        let order = order.new_tree(&mut runner).unwrap().current();
        // The events of a person in their order, those of different people at the same time.
        let core = core.payments();
        calls.spawn(async move {
            for event in order {
                let mut core = core.clone();
                core.apply_provider_event(event).await.unwrap();
            }
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    let mut owner = database.connect_as_owner().await;
    for case in 0..CASES {
        let user = format!("user-{case}");
        let mine = contributions(&core, &user).await;
        assert_eq!(mine.total, 3, "{user}");
        let standing = mine.standing.unwrap();
        assert_eq!(standing.total_minor, 3 * CENTS, "{user}");
        assert_eq!(standing.badge(), BadgeLevel::Bronze, "{user}");
        assert_life_is_told(&Told::of(&mut owner, &user).await, &user);
        let subscription = subscription(&core, &user).await.unwrap();
        assert_eq!(subscription.state(), SubscriptionState::Cancelled, "{user}");
        assert!(subscription.ended_at.is_some());
    }
    assert_eq!(supporters(&core, v1::WallSupport::Active).await.1, 0);
    let all = i64::try_from(CASES).unwrap();
    assert_eq!(wall(&core, WallPeriod::All).await.total_count, all);
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_subscription_begins_only_once_the_first_has_ended() {
    let (database, core) = core().await;
    // Two pages, of which the first one is paid while the second is told.
    let first = begun(&core, monthly("alice", "1")).await.payment.unwrap();
    let mut other = monthly("alice", "2");
    other.amount_minor = 2 * CENTS;
    let second = begun(&core, other.clone()).await;
    assert_eq!(second.open_before.len(), 1);
    apply(&core, told("paid", &first, state(PaymentState::Succeeded)))
        .await
        .unwrap();
    apply(
        &core,
        stands("begins", &first, SubscriptionState::Active, 0),
    )
    .await
    .unwrap();
    let present = subscription(&core, "alice").await.unwrap().ulid;
    // Neither by another key nor by the same.
    for key in ["2", "3"] {
        let request = v1::CreatePaymentRequest {
            idempotency_key: key.to_owned(),
            ..other.clone()
        };
        let refused = core.payments().create_payment(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{key}");
        assert_eq!(reason(&refused), "SUBSCRIPTION_EXISTS");
        assert_eq!(detail(&refused, "ulid"), present);
    }
    // Something once is no subscription.
    begun(&core, of("alice", "once", CENTS)).await;
    let ends = stands("ends", &first, SubscriptionState::Cancelled, 9);
    apply(&core, ends).await.unwrap();
    begun(&core, other).await;
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_subscriptions_that_are_paid_at_once_one_is_marked_and_every_payment_counts() {
    let (database, core) = core().await;
    for round in 0..10 {
        let user = format!("user-{round}");
        let mut other = monthly(&user, "2");
        other.amount_minor = 2 * CENTS;
        let both = [
            begun(&core, monthly(&user, "1")).await.payment.unwrap(),
            begun(&core, other).await.payment.unwrap(),
        ];
        let mut calls = JoinSet::new();
        for first in both {
            let mut core = core.payments();
            let begins = stands("begins", &first, SubscriptionState::Active, 0);
            calls.spawn(async move { core.apply_provider_event(begins).await.unwrap() });
        }
        while let Some(applied) = calls.join_next().await {
            let applied = applied.unwrap().into_inner();
            assert_eq!(applied.outcome(), EventOutcome::Applied);
        }
    }
    let mut owner = database.connect_as_owner().await;
    let marked: Vec<(i64, i64)> = sqlx::query_as(
        "select count(*), count(*) filter (where needs_review) from subscription group by account_id",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(marked, vec![(2, 1); 10]);
}

/// What is told of a person, by channel, in order.
async fn notices(database: &TestDatabase) -> BTreeMap<String, Vec<(String, serde_json::Value)>> {
    let mut owner = database.connect_as_owner().await;
    let rows: Vec<(String, String, sqlx::types::Json<serde_json::Value>)> =
        sqlx::query_as("select channel, kind, payload from outbox_message order by channel, seq")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (channel, kind, payload) in rows {
        all.entry(channel).or_default().push((kind, payload.0));
    }
    all
}

#[tokio::test]
async fn its_giver_is_mailed_what_they_did_not_do_and_other_systems_are_told_each_turn() {
    use SubscriptionState::{Active, Cancelled, PastDue};
    let (database, core) = core_that_tells().await;
    let first = subscribed(&core, "alice").await;
    for (id, state, asked) in [
        ("fails", PastDue, 31),
        ("fails again", PastDue, 34),
        ("is paid", Active, 35),
        ("fails later", PastDue, 61),
        ("ends", Cancelled, 70),
        ("is told late", PastDue, 69),
    ] {
        apply(&core, stands(id, &first, state, asked))
            .await
            .unwrap();
    }
    let notices = notices(&database).await;
    let kinds: Vec<&str> = notices["mail"].iter().map(|(kind, _)| &**kind).collect();
    let mails = [
        "contribution_received",
        "subscription_past_due",
        "subscription_past_due",
        "subscription_ended",
    ];
    assert_eq!(kinds, mails);
    let ended = &notices["mail"][3].1;
    assert_eq!(
        (&ended["amount_minor"], &ended["status_before"]),
        (&CENTS.into(), &"past_due".into())
    );
    let turns: Vec<(&str, bool)> = notices["event"]
        .iter()
        .filter(|(kind, _)| kind == "subscription.updated")
        .map(|(_, payload)| {
            let status = payload["status"].as_str().unwrap();
            (status, payload["public"].as_bool().unwrap())
        })
        .collect();
    let states = [
        "active",
        "past_due",
        "past_due",
        "active",
        "past_due",
        "cancelled",
    ];
    assert_eq!(turns, states.map(|state| (state, true)));
    let subscription = subscription(&core, "alice").await.unwrap();
    assert_eq!(time(subscription.period_end), day(100));
    assert_eq!(progress(&core).await.supporters, 1);
}

#[tokio::test]
async fn what_is_no_subscription_of_ours_opens_nothing() {
    let (database, core) = core().await;
    let once = crate::sponsorship::paid(&core, of("alice", "1", CENTS)).await;
    let applied = apply(&core, renewal(&once, 1)).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Unmatched);
    let report = stands("begins", &once, SubscriptionState::Active, 0);
    let applied = apply(&core, report).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Contradiction);
    let unknown = v1::Payment {
        payment_id: once.payment_id.replace('1', "2"),
        ..once.clone()
    };
    let applied = apply(&core, renewal(&unknown, 1)).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Unmatched);
    assert!(subscription(&core, "alice").await.is_none());
    assert_eq!(contributions(&core, "alice").await.total, 1);
    assert_books_are_right(&database).await;
}
