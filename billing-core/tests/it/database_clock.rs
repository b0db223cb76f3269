//! A database whose clock is not the core's: what is decided, and what callers are told, follow it.

use billing_core::id::AccountId;
use billing_proto::v1::Decision;
use billing_testkit::{TestCore, TestDatabase};
use jiff::Timestamp;

use crate::limits::{limits, zone};
use crate::support::{USD, amount, as_owner, assert_books_are_right, set, time};
use crate::user::User;

/// A database that says of the time what the test does, to cores that are started after it.
async fn database() -> TestDatabase {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "create table test_clock as select interval '0 s' as ahead;
        grant select on test_clock to billing_app;
        alter function pg_catalog.clock_timestamp() rename to true_clock_timestamp;
        create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile
            as 'select pg_catalog.true_clock_timestamp() + ahead from public.test_clock';
        alter function pg_catalog.statement_timestamp() rename to true_statement_timestamp;
        create function pg_catalog.statement_timestamp() returns timestamptz language sql stable
            as 'select pg_catalog.true_statement_timestamp() + ahead from public.test_clock'",
    )
    .await;
    database
}

async fn set_clock(database: &TestDatabase, now: &str) {
    let statement =
        format!("update test_clock set ahead = '{now}'::timestamptz - true_clock_timestamp()");
    as_owner(database, &statement).await;
}

#[tokio::test]
async fn callers_are_told_to_wait_by_the_clock_that_the_limit_follows() {
    let database = database().await;
    set_clock(&database, "2026-11-10T23:00:00Z").await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 50 * USD).await;
    alice.charge("all", amount(10 * USD)).await;
    let checked = alice.check(amount(USD)).await;
    let placed = alice.place_cost("hold", amount(USD)).await;
    let charged = alice.charge("charge", amount(USD)).await;
    let midnight: Timestamp = "2026-11-11T00:00:00Z".parse().unwrap();
    assert_eq!(time(checked.limits[0].resets_at), midnight);
    for (decision, wait) in [
        (checked.decision(), checked.retry_after),
        (placed.decision(), placed.retry_after),
        (charged.decision(), charged.retry_after),
    ] {
        assert_eq!(decision, Decision::DailyLimitExceeded);
        let wait = wait.unwrap().seconds;
        assert!((3500..=3601).contains(&wait), "{wait} s");
    }
    core.stop().await;
}

#[tokio::test]
async fn a_cost_above_a_whole_limit_is_told_so_and_not_to_wait() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    alice.settings(limits(set(5 * USD), set(3 * USD))).await;
    alice.charge("some", amount(USD)).await;
    let told = async |micros| {
        let checked = alice.check(amount(micros)).await;
        let placed = alice.place_cost("hold", amount(micros)).await;
        let charged = alice.charge("charge", amount(micros)).await;
        let answers = [
            (checked.decision(), checked.above_limit, checked.retry_after),
            (placed.decision(), placed.above_limit, placed.retry_after),
            (charged.decision(), charged.above_limit, charged.retry_after),
        ];
        assert_eq!(answers[0].1, answers[0].2.is_none());
        assert!(answers.iter().all(
            |answer| (answer.0, answer.1) == (answers[0].0, answers[0].1)
                && answer.2.is_some() == answers[0].2.is_some()
        ));
        (answers[0].0, answers[0].1)
    };
    let (day, month) = (Decision::DailyLimitExceeded, Decision::MonthlyLimitExceeded);
    // Next month it is within the limit; more than 3 never are, nor more than 5 a day.
    assert_eq!(told(3 * USD).await, (month, false));
    assert_eq!(told(3 * USD + 1).await, (month, true));
    assert_eq!(told(5 * USD + 1).await, (day, true));
    // Of the day it is a matter of waiting, of the month never.
    assert_eq!(told(4 * USD + 1).await, (day, true));
    core.stop().await;
}

#[tokio::test]
async fn a_change_of_zone_at_the_end_of_a_month_costs_none_of_the_next() {
    let database = database().await;
    set_clock(&database, "2026-11-29T12:00:00Z").await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 50 * USD).await;
    alice.settings(limits(set(20 * USD), set(10 * USD))).await;
    alice.charge("november", amount(9 * USD)).await;
    set_clock(&database, "2026-11-30T23:30:00Z").await;
    alice.charge("the 30th", amount(USD / 2)).await;
    assert_eq!(alice.used().await, (USD / 2, 19 * USD / 2));
    let in_zone = async |name: &str| {
        alice.settings(zone(name)).await;
        alice.used().await
    };
    assert_eq!(in_zone("Europe/Kyiv").await, (USD / 2, USD / 2));
    assert_eq!(in_zone("UTC").await, (USD / 2, 19 * USD / 2));
    assert_eq!(in_zone("Europe/Kyiv").await, (USD / 2, USD / 2));
    // December is begun with what the day counts, and a refund of that comes back in it.
    let december = alice.charge("december", amount(USD)).await;
    assert_eq!(december.decision(), Decision::Allowed);
    assert_eq!(in_zone("UTC").await, (3 * USD / 2, 3 * USD / 2));
    assert_books_are_right(&database).await;
    let of_november = &alice.entries().await[1].entry_id;
    alice.refund("r", of_november, None).await.unwrap();
    assert_eq!(alice.used().await, (USD, USD));
    set_clock(&database, "2026-12-15T12:00:00Z").await;
    assert_eq!(alice.used().await, (0, USD));
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn a_hold_that_was_carried_into_a_month_gives_its_rest_back_in_that_month_too() {
    let database = database().await;
    set_clock(&database, "2026-11-30T23:00:00Z").await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 50 * USD).await;
    let older = User::with(&core, "older", 50 * USD).await;
    let mut holds = Vec::new();
    for user in [&alice, &older] {
        user.settings(limits(None, set(10 * USD))).await;
        holds.push(user.hold("work", amount(9 * USD)).await);
        user.settings(zone("Europe/Kyiv")).await;
        user.charge("december", amount(USD / 10)).await;
        assert_eq!(user.used().await, (91 * USD / 10, 91 * USD / 10));
    }
    // As a core leaves it that notes how much it carries, and not which day: the rest stays counted.
    let id = AccountId::of("acme", "older").uuid();
    as_owner(
        &database,
        &format!(
            "insert into month_carry select account_id, month_no, {} from account where account_id = '{id}';
            update account set carried_day_no = null, carried_month_no = null where account_id = '{id}'",
            9 * USD
        ),
    )
    .await;
    alice.capture(&holds[0], amount(USD / 5)).await.unwrap();
    older.capture(&holds[1], amount(USD / 5)).await.unwrap();
    assert_eq!(alice.used().await, (3 * USD / 10, 3 * USD / 10));
    assert_eq!(older.used().await, (3 * USD / 10, 91 * USD / 10));
    assert_books_are_right(&database).await;
    set_clock(&database, "2026-12-15T12:00:00Z").await;
    let of_the_hold = &alice.entries().await[0].entry_id;
    alice.refund("r", of_the_hold, None).await.unwrap();
    assert_eq!(alice.used().await, (0, USD / 10));
    assert_eq!(
        alice
            .charge("mid-december", amount(99 * USD / 10))
            .await
            .decision(),
        Decision::Allowed
    );
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn a_zone_that_is_tried_and_left_at_once_costs_nothing_of_the_next_day() {
    let database = database().await;
    set_clock(&database, "2026-11-10T12:00:00Z").await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 50 * USD).await;
    alice.charge("k", amount(9 * USD)).await;
    for name in ["Pacific/Kiritimati", "UTC"] {
        alice.settings(zone(name)).await;
        assert_eq!(alice.used().await, (9 * USD, 9 * USD));
    }
    set_clock(&database, "2026-11-11T00:00:01Z").await;
    assert_eq!(alice.used().await, (0, 9 * USD));
    core.stop().await;
}
