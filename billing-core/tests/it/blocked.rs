//! Another session, a person's for example, holds the lock of an account's row.

use std::time::Duration;

use billing_core::id::AccountId;
use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{Connection, PgConnection, PgTransaction};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::support::{USD, account, amount, charge, reason, until_a_command_waits};

#[tokio::test]
async fn an_account_that_another_session_has_locked_holds_up_no_other() {
    let database = TestDatabase::new().await;
    // One lane, so that all accounts share their batches.
    let core = TestCore::start_with(&database, &["--lanes", "1"]).await;
    for user in ["locked", "free-1", "free-2", "free-3"] {
        core.grant(&account(user), 5 * USD).await;
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session).await;

    let charge_once = |user: &'static str| {
        let mut balance = core.balance();
        async move { balance.charge(charge(user, "call", USD)).await }
    };
    let (locked, free_1, free_2, free_3) = tokio::join!(
        charge_once("locked"),
        charge_once("free-1"),
        charge_once("free-2"),
        charge_once("free-3"),
    );
    assert_may_have_been_done(&locked.unwrap_err());
    for free in [free_1, free_2, free_3] {
        assert_eq!(free.unwrap().into_inner().decision(), v1::Decision::Allowed);
    }

    transaction.rollback().await.unwrap();
    let again = charge_once("locked").await.unwrap().into_inner();
    assert_eq!(again.decision(), v1::Decision::Allowed);
    assert!(!again.replayed, "the refused call had done nothing");
    core.stop().await;
}

/// Not even where it shares a large batch with them: the wait for its lock is paid once, and not once
/// for each halving.
#[tokio::test]
async fn an_account_that_stays_locked_is_set_aside_from_a_large_batch_at_once() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--lanes", "1"]).await;
    let others: Vec<String> = (0..63).map(|number| format!("free-{number}")).collect();
    for user in others.iter().map(String::as_str).chain(["locked"]) {
        core.grant(&account(user), 5 * USD).await;
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session).await;

    let charge_once = |user: String, key: &'static str| {
        let mut balance = core.balance();
        async move { balance.charge(charge(&user, key, USD)).await }
    };
    // While this one waits for the lock, the others gather behind it.
    let first = tokio::spawn(charge_once("locked".to_owned(), "first"));
    until_a_command_waits(&database).await;
    let second = tokio::spawn(charge_once("locked".to_owned(), "second"));
    let mut free: JoinSet<_> = others
        .into_iter()
        .map(|user| charge_once(user, "call"))
        .collect();
    while let Some(answer) = free.join_next().await {
        let answer = answer.unwrap().unwrap().into_inner();
        assert_eq!(answer.decision(), v1::Decision::Allowed);
    }
    for locked in [first, second] {
        let refused = locked.await.unwrap().unwrap_err();
        assert_may_have_been_done(&refused);
    }
    transaction.rollback().await.unwrap();
    core.stop().await;
}

/// The wait for its lock is paid once, by the batch that met it first.
#[tokio::test]
async fn an_account_that_is_known_to_be_locked_delays_no_other() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--lanes", "1"]).await;
    for user in ["locked", "free"] {
        core.grant(&account(user), 5 * USD).await;
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session).await;
    let charge_once = |user: &'static str, key: String| {
        let mut balance = core.balance();
        async move { balance.charge(charge(user, &key, 1)).await }
    };
    let first = charge_once("locked", "first".to_owned()).await;
    assert_may_have_been_done(&first.unwrap_err());

    let second = tokio::spawn(charge_once("locked", "second".to_owned()));
    let mut slowest = Duration::ZERO;
    for number in 0.. {
        let begun = Instant::now();
        charge_once("free", number.to_string()).await.unwrap();
        slowest = slowest.max(begun.elapsed());
        if second.is_finished() {
            break;
        }
    }
    assert_may_have_been_done(&second.await.unwrap().unwrap_err());
    assert!(slowest < Duration::from_secs(1), "waited {slowest:?}");

    // One that still waits is carried out as soon as it can be.
    let third = tokio::spawn(charge_once("locked", "third".to_owned()));
    charge_once("free", "meanwhile".to_owned()).await.unwrap();
    transaction.rollback().await.unwrap();
    let third = third.await.unwrap().unwrap().into_inner();
    assert_eq!(third.decision(), v1::Decision::Allowed);
    core.stop().await;
}

/// Nor one of which something else than its own row is locked, which no look at it shows.
#[tokio::test]
async fn an_account_whose_hold_is_locked_delays_no_other() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--lanes", "1"]).await;
    for user in ["locked", "free"] {
        core.grant(&account(user), 5 * USD).await;
    }
    let placed = core
        .balance()
        .place_hold(v1::PlaceHoldRequest {
            account: Some(account("locked")),
            idempotency_key: "hold".to_owned(),
            cost: amount(USD),
            ..Default::default()
        })
        .await;
    let hold_id = placed.unwrap().into_inner().hold.unwrap().hold_id;
    let mut session = database.connect_as_owner().await;
    let mut transaction = session.begin().await.unwrap();
    sqlx::query("select from hold for update")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let capture = || {
        let mut balance = core.balance();
        let request = v1::CaptureHoldRequest {
            account: Some(account("locked")),
            hold_id: hold_id.clone(),
            cost: amount(1),
            ..Default::default()
        };
        async move { balance.capture_hold(request).await }
    };
    assert_may_have_been_done(&capture().await.unwrap_err());

    let again = tokio::spawn(capture());
    let mut slowest = Duration::ZERO;
    for number in 0.. {
        let (mut balance, begun) = (core.balance(), Instant::now());
        let free = charge("free", &number.to_string(), 1);
        balance.charge(free).await.unwrap();
        slowest = slowest.max(begun.elapsed());
        if again.is_finished() {
            break;
        }
    }
    assert_may_have_been_done(&again.await.unwrap().unwrap_err());
    assert!(slowest < Duration::from_secs(1), "waited {slowest:?}");
    transaction.rollback().await.unwrap();
    assert_eq!(capture().await.unwrap().into_inner().charged_micros, 1);
    core.stop().await;
}

/// Whoever has locked the account may be an earlier attempt at the same.
fn assert_may_have_been_done(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(status), "OUTCOME_UNKNOWN");
    assert!(!status.message().contains("reached"), "{status:?}");
}

/// Until the transaction ends.
async fn lock(session: &mut PgConnection) -> PgTransaction<'_> {
    let mut transaction = session.begin().await.unwrap();
    sqlx::query("select from account where account_id = $1 for update")
        .bind(AccountId::of("acme", "locked").uuid())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction
}
