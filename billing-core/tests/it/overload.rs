//! More requests than can be carried out, and callers who wait no longer.

use std::time::Duration;

use billing_proto::v1::Decision;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::Connection;
use tokio::task::JoinSet;
use tonic::{Code, Request};

use crate::support::{
    USD, amount, assert_books_are_right, charge, core, reason, run, until_a_command_waits,
};
use crate::user::User;

#[tokio::test]
async fn what_waits_beyond_the_bound_is_refused_at_once_and_not_done() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--lanes", "1", "--queue-max", "5"]).await;
    let alice = User::with(&core, "alice", USD).await;
    // The account is locked, so that nothing leaves the queue meanwhile.
    let mut owner = database.connect_as_owner().await;
    let mut transaction = owner.begin().await.unwrap();
    run(&mut transaction, "select from account for update")
        .await
        .unwrap();
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let mut backend = core.balance();
        calls.spawn(async move { backend.charge(charge("alice", &n.to_string(), 1)).await });
    }
    // A refusal comes while the others wait.
    let first = calls.join_next().await.unwrap().unwrap().unwrap_err();
    assert_eq!(first.code(), Code::ResourceExhausted);
    transaction.commit().await.unwrap();
    let mut allowed = 0;
    for answer in calls.join_all().await {
        match answer {
            Ok(answer) => {
                assert_eq!(answer.into_inner().decision(), Decision::Allowed);
                allowed += 1;
            }
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert_eq!(reason(&status), "OVERLOADED");
            }
        }
    }
    assert!((5..50).contains(&allowed), "{allowed}");
    assert_eq!(alice.available().await, USD - allowed);
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_dropped_before_it_is_decided() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    let mut owner = database.connect_as_owner().await;
    let mut transaction = owner.begin().await.unwrap();
    run(&mut transaction, "select from account for update")
        .await
        .unwrap();
    let mut backend = core.balance();
    let first = tokio::spawn(async move { backend.charge(charge("alice", "first", 1)).await });
    until_a_command_waits(&database).await;
    // It queues behind the first, until its caller gives up.
    let mut hasty = Request::new(charge("alice", "hasty", 1));
    hasty.set_timeout(Duration::from_millis(1_200));
    let status = core.balance().charge(hasty).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    transaction.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(alice.available().await, USD - 1);
    let again = alice.charge("hasty", amount(1)).await;
    assert!(!again.replayed);
    core.stop().await;
}
