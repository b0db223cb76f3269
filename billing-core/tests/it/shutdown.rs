//! Going down in order.

use billing_proto::v1::Decision;
use tokio::task::JoinSet;

use crate::support::{USD, assert_books_are_right, charge, core, run, until_a_command_waits};
use crate::user::User;

#[tokio::test]
async fn what_is_in_flight_at_shutdown_is_answered_and_what_was_allowed_is_in_the_ledger() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD)
        .await
        .without_limits()
        .await;
    // The account is locked, so that all the charges are in flight when the core is told to stop.
    let mut owner = database.connect_as_owner().await;
    let mut transaction = sqlx::Connection::begin(&mut owner).await.unwrap();
    run(&mut transaction, "select from account for update")
        .await
        .unwrap();
    let mut charges = JoinSet::new();
    for n in 0..100 {
        let mut backend = core.balance();
        charges.spawn(async move { backend.charge(charge("alice", &format!("{n}"), USD)).await });
    }
    until_a_command_waits(&database).await;
    // Asked after them on the same connection: whatever was sent before has arrived.
    alice.standing().await;
    core.begin_stop();
    transaction.commit().await.unwrap();
    let mut allowed: i64 = 0;
    while let Some(answer) = charges.join_next().await {
        let answer = answer.unwrap().unwrap().into_inner();
        assert_eq!(answer.decision(), Decision::Allowed);
        allowed += 1;
    }
    assert_eq!(allowed, 100);
    core.stop().await;
    let booked: i64 = sqlx::query_scalar("select count(*) from entry where kind = 'charge'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(booked, allowed);
    assert_books_are_right(&database).await;
}
