//! What an answer rests on, when COMMIT takes its time and the connection is lost meanwhile.

use std::time::Duration;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Status;

use crate::proxy::Proxy;
use crate::support::{
    USD, as_owner, assert_books_are_right, charge, core, eventually, run, until_a_command_waits,
};
use crate::user::User;

/// A gate in the way of every COMMIT that adds an entry. The lock is one that transactions share
/// and a closed gate has alone.
struct Gate(PgConnection);

impl Gate {
    async fn closed(database: &TestDatabase) -> Self {
        as_owner(
            database,
            "create function wait_at_gate() returns trigger language plpgsql as $$
            begin
                perform pg_advisory_xact_lock_shared(1);
                return null;
            end $$;
            create constraint trigger gate after insert on entry deferrable initially deferred
                for each row execute function wait_at_gate()",
        )
        .await;
        let mut gate = Self(database.connect_as_owner().await);
        gate.run("select pg_advisory_lock(1)").await;
        gate
    }

    async fn open(&mut self) {
        self.run("select pg_advisory_unlock(1)").await;
    }

    /// Ends the backends that wait: what they were about to commit is rolled back.
    async fn kill_whoever_waits(&mut self) {
        self.run("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted")
            .await;
    }

    async fn run(&mut self, statement: &str) {
        run(&mut self.0, statement).await.unwrap();
    }
}

/// A charge of 1 that has come as far as its COMMIT.
async fn charge_at_gate(
    core: &TestCore,
    database: &TestDatabase,
) -> JoinHandle<Result<v1::ChargeResponse, Status>> {
    let mut backend = core.balance();
    let sent = tokio::spawn(async move {
        let answer = backend.charge(charge("alice", "key", 1)).await;
        answer.map(tonic::Response::into_inner)
    });
    until_a_command_waits(database).await;
    sent
}

/// The entries that are committed, of charges.
async fn booked(database: &TestDatabase) -> Vec<i64> {
    sqlx::query_scalar("select seq from entry where kind = 'charge'")
        .fetch_all(&mut database.connect_as_owner().await)
        .await
        .unwrap()
}

/// The charge was answered as done, not as a replay, and stands in the ledger once.
async fn assert_charged_once(
    database: &TestDatabase,
    alice: &User<'_>,
    answer: Result<v1::ChargeResponse, Status>,
) {
    let answered = answer.map(|answer| {
        let (_, seq) = answer.entry_id.split_once('-').unwrap();
        (seq.parse().unwrap(), answer.replayed)
    });
    assert_eq!(answered.map_err(|status| status.code()), Ok((2, false)));
    assert_eq!(booked(database).await, [2]);
    assert_eq!(alice.available().await, USD - 1);
    assert_books_are_right(database).await;
}

#[tokio::test]
async fn no_answer_leaves_before_its_commit() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    let mut gate = Gate::closed(&database).await;
    let sent = charge_at_gate(&core, &database).await;
    // Longer than any answer takes that waits for nothing.
    sleep(Duration::from_millis(300)).await;
    assert_eq!(booked(&database).await, [0; 0]);
    assert!(!sent.is_finished(), "answered, and nothing is committed");
    gate.open().await;
    assert_charged_once(&database, &alice, sent.await.unwrap()).await;
    core.stop().await;
}

#[tokio::test]
async fn a_commit_that_was_lost_and_not_made_is_made_before_the_answer() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    let mut gate = Gate::closed(&database).await;
    let sent = charge_at_gate(&core, &database).await;
    gate.kill_whoever_waits().await;
    gate.open().await;
    assert_charged_once(&database, &alice, sent.await.unwrap()).await;
    core.stop().await;
}

#[tokio::test]
async fn a_commit_that_was_made_and_whose_answer_was_lost_is_answered_as_made() {
    let database = TestDatabase::new().await;
    let mut proxy = Proxy::to(&database).await;
    let database = database.reached_through(proxy.address);
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    let mut gate = Gate::closed(&database).await;
    let sent = charge_at_gate(&core, &database).await;
    proxy.stall();
    gate.open().await;
    eventually("the charge is committed", async || {
        booked(&database).await == [2]
    })
    .await;
    proxy.cut().await;
    proxy.open().await;
    assert_charged_once(&database, &alice, sent.await.unwrap()).await;
    core.stop().await;
}

#[tokio::test]
async fn a_report_whose_commit_was_lost_says_so_and_is_applied_when_it_comes_again() {
    let (database, core) = core().await;
    let payment = crate::payment::attached(&core, "alice", "1").await;
    let paid = crate::payment::state(v1::PaymentState::Succeeded);
    let report = crate::payment::event("evt_1", &payment, paid);
    let mut gate = Gate::closed(&database).await;
    let mut gateway = core.payments();
    let sent = report.clone();
    let sent = tokio::spawn(async move { gateway.apply_provider_event(sent).await });
    until_a_command_waits(&database).await;
    gate.kill_whoever_waits().await;
    gate.open().await;
    let lost = sent.await.unwrap().unwrap_err();
    assert_eq!(lost.code(), tonic::Code::Unavailable);
    assert_eq!(crate::support::reason(&lost), "OUTCOME_UNKNOWN");
    let again = crate::payment::apply(&core, report).await.unwrap();
    assert_eq!((again.duplicate, again.moved_micros), (false, 10 * USD));
    assert_books_are_right(&database).await;
}
