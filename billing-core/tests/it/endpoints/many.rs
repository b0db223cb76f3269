//! Subjects that are many, and what is seen of an operator's commands while one is gone on with.

use std::sync::Arc;

use billing_testkit::TestDatabase;
use tokio::sync::Semaphore;

use super::receiver::{Receiver, Reply};
use super::{Added, add, command, core_for, deliveries, grants, listed, verifies};
use crate::operator::run;
use crate::support::{USD, account, as_owner, eventually};

async fn count(database: &TestDatabase, statement: &'static str) -> i64 {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar(statement)
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_subject_under_way_stops_with_its_endpoint_and_is_signed_by_the_secrets_of_that_moment() {
    let database = TestDatabase::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&gate);
    let receiver = Receiver::start(move |_| Reply::When(Arc::clone(&waits))).await;
    let Added { id, secret: former } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 1, 3).await;
    eventually("one is sent, and the others wait", async || {
        receiver.messages().len() == 1 && deliveries(&database).await == 3
    })
    .await;
    command(&database, &["disable", &id]).await;
    gate.add_permits(1);
    eventually("the subject is given back", async || {
        let free = "select count(*) from endpoint_subject where lease is null";
        count(&database, free).await == 1
    })
    .await;
    assert_eq!(receiver.messages().len(), 1);
    assert_eq!(deliveries(&database).await, 2);
    command(&database, &["enable", &id]).await;
    eventually("the second one is sent", async || {
        receiver.messages().len() == 2
    })
    .await;
    let rotated = command(&database, &["rotate", &id, "--keep", "0"]).await;
    gate.add_permits(2);
    eventually("everything is taken", async || {
        deliveries(&database).await == 0
    })
    .await;
    let messages = receiver.messages();
    let secret = rotated["secret"].as_str().unwrap();
    assert!(verifies(&messages[1], &former));
    assert!(!verifies(&messages[2], &former) && verifies(&messages[2], secret));
    core.stop().await;
}

#[tokio::test]
async fn subjects_that_are_refused_do_not_slow_down_the_others() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::start(|event| {
        if event["subject"] == "alice" {
            Reply::Take
        } else {
            Reply::Status(400)
        }
    })
    .await;
    add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    // At one in two seconds they would take a minute.
    grants(&core, 30, 1).await;
    for _ in 0..5 {
        core.grant(&account("alice"), USD).await;
    }
    eventually("hers are taken", async || {
        receiver.numbers_of("alice") == [1, 2, 3, 4, 5]
    })
    .await;
    core.stop().await;
}

#[tokio::test]
async fn thousands_of_subjects_are_replayed_made_due_and_removed_piece_by_piece() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    as_owner(
        &database,
        "insert into event_kept (account_id, seq, tenant_id, user_id, kind, payload, created_at)
        select md5(n::text)::uuid, s, 'acme', n::text, 'balance.credited', '{}',
            now() - interval '1 hour' * (10 - s)
        from generate_series(1, 1200) n, generate_series(1, 10) s",
    )
    .await;
    let replay = ["replay", id.as_str(), "--from", "2000-01-01T00:00:00Z"];
    assert_eq!(command(&database, &replay).await["added"], 12_000);
    assert_eq!(command(&database, &replay).await["added"], 0);
    assert_eq!(listed(&database, &id).await["waiting"], 12_000);
    as_owner(
        &database,
        "update endpoint_subject set due_at = now() + interval '1 hour', attempts = 5",
    )
    .await;
    command(&database, &["enable", &id]).await;
    let due = "select count(*) from endpoint_subject where due_at <= now() and attempts = 0";
    assert_eq!(count(&database, due).await, 1_200);
    command(&database, &["remove", &id]).await;
    let left =
        "select (select count(*) from endpoint_delivery) + (select count(*) from endpoint_subject)
        + (select count(*) from endpoint)";
    assert_eq!(count(&database, left).await, 0);
}

#[tokio::test]
async fn what_waits_since_a_clock_was_wrong_is_sent() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 1, 1).await;
    eventually("it fails", async || {
        listed(&database, &id).await["state"] == "failing"
    })
    .await;
    core.stop().await;
    receiver.answer(|_| Reply::Take);
    as_owner(
        &database,
        "update endpoint set last_failed_at = now() + interval '2 days', failing_since = now();
        update endpoint_subject set due_at = now() + interval '2 days'",
    )
    .await;
    // It looks when it starts.
    let core = core_for(&database).await;
    eventually("it is taken", async || deliveries(&database).await == 0).await;
    core.stop().await;
}

#[tokio::test]
async fn a_tenant_has_no_more_endpoints_than_a_round_of_events_can_be_copied_for() {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "insert into endpoint (id, tenant_id, url, owner_email)
        select gen_random_uuid(), 'acme', 'https://hooks.example.org/', 'dev@acme.example.org'
        from generate_series(1, 20)",
    )
    .await;
    let more = [
        "endpoints",
        "add",
        "--tenant",
        "acme",
        "--url",
        "https://hooks.example.org/",
        "--owner",
        "dev@acme.example.org",
    ];
    let (ok, _, complaint) = run(&database, &more).await;
    assert!(!ok && complaint.contains("20 endpoints"), "{complaint}");
}
