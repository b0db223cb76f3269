//! Signed webhooks: receivers that fail, hang, lead elsewhere or are gone; cores that are killed.

mod address;
mod many;
mod owner;
mod receiver;

use std::collections::BTreeMap;
use std::process::Stdio;

use billing_proto::v1::PaymentState;
use billing_testkit::{TestCore, TestDatabase};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::process::{Child, Command};

use self::receiver::{Message, Receiver, Reply};
use crate::operator::run;
use crate::payment::{apply, attached, event, state};
use crate::support::{USD, account, as_owner, eventually};

const LOOPBACK: [&str; 2] = ["--endpoint-allowed-networks", "127.0.0.0/8"];

/// An endpoint of the tenant `acme`.
struct Added {
    id: String,
    secret: String,
}

async fn add(database: &TestDatabase, url: &str) -> Added {
    let add = [
        "endpoints",
        "add",
        "--tenant",
        "acme",
        "--url",
        url,
        "--owner",
        "dev@acme.example.org",
        "--json",
    ];
    let (ok, added, complaint) = run(database, &[&add[..], &LOOPBACK].concat()).await;
    assert!(ok, "{complaint}");
    let text = |name: &str| added[name].as_str().unwrap().to_owned();
    Added {
        id: text("id"),
        secret: text("secret"),
    }
}

/// A command about one endpoint, which succeeds.
async fn command(database: &TestDatabase, arguments: &[&str]) -> Value {
    let arguments = [&["endpoints"][..], arguments, &["--json"]].concat();
    let (ok, printed, complaint) = run(database, &arguments).await;
    assert!(ok, "{arguments:?}: {complaint}");
    printed
}

/// An endpoint as `list` shows it.
async fn listed(database: &TestDatabase, id: &str) -> Value {
    let all = command(database, &["list", "--tenant", "acme"]).await;
    let mut all = all.as_array().unwrap().iter();
    all.find(|endpoint| endpoint["id"] == id).unwrap().clone()
}

/// A core that calls loopback, and knows that events are on, since the endpoint was there before.
async fn core_for(database: &TestDatabase) -> TestCore {
    TestCore::start_with(database, &LOOPBACK).await
}

/// Lets what failed be tried now.
async fn hurry(database: &TestDatabase) {
    let due = "update endpoint set last_failed_at = null;
        update endpoint_subject set due_at = now() where lease is null";
    as_owner(database, due).await;
}

async fn grants(core: &TestCore, users: usize, each: usize) {
    for _ in 0..each {
        for user in 0..users {
            core.grant(&account(&format!("user {user}")), USD).await;
        }
    }
}

async fn deliveries(database: &TestDatabase) -> i64 {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar("select count(*) from endpoint_delivery")
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

/// None came before the one before it was taken. How many of each subject were taken.
fn assert_in_order(messages: &[Message]) -> BTreeMap<String, u64> {
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for message in messages {
        let (subject, number) = (message.subject(), message.number());
        let before = newest.entry(subject.to_owned()).or_default();
        assert!(number <= *before + 1, "{subject}: {number} after {before}");
        if message.is_taken {
            *before = number.max(*before);
        }
    }
    newest
}

/// A core as a process, which can be killed.
fn process(database: &TestDatabase) -> Child {
    Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .args(LOOPBACK)
        .env("DATABASE_URL", database.application_url())
        .env("BILLING_GRPC_ADDR", "127.0.0.1:0")
        .env("BILLING_ADMIN_ADDR", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn of_two_cores_one_is_killed_and_no_event_is_lost_or_overtakes_another() {
    const USERS: usize = 12;
    let database = TestDatabase::new().await;
    let mut number = 0;
    let receiver = Receiver::start(move |_| {
        number += 1;
        match number % 7 {
            0 => Reply::Status(503),
            3 => Reply::Status(400),
            _ => Reply::Take,
        }
    })
    .await;
    add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    for round in 1..=3_usize {
        let mut other = process(&database);
        grants(&core, USERS, 5).await;
        eventually("some are taken", async || {
            hurry(&database).await;
            receiver.taken().len() > (round - 1) * USERS * 5 + USERS
        })
        .await;
        other.kill().await.unwrap();
        // Else its shares and its subjects would be its own for a minute.
        as_owner(
            &database,
            "update outbox_lease set leased_until = '-infinity';
            update endpoint_subject set due_at = now()",
        )
        .await;
    }
    eventually("everything is taken", async || {
        hurry(&database).await;
        let newest = assert_in_order(&receiver.messages());
        newest.len() == USERS && newest.values().all(|newest| *newest == 15)
    })
    .await;
    core.stop().await;
    // The second delivery of one may be under way when it is killed, and the first one's row is gone.
    assert_eq!(deliveries(&database).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_no_other_one_up() {
    const USERS: usize = 40;
    let database = TestDatabase::new().await;
    let hangs = Receiver::start(|_| Reply::Hang).await;
    let takes = Receiver::that_takes().await;
    for receiver in [&hangs, &hangs, &takes] {
        add(&database, &receiver.url()).await;
    }
    let core = core_for(&database).await;
    grants(&core, USERS, 2).await;
    eventually("the other one has everything", async || {
        takes.taken().len() == USERS * 2
    })
    .await;
    assert_in_order(&takes.messages());
    // Eight at once each.
    let begun = hangs.messages().len();
    assert!((1..=16).contains(&begun), "{begun}");
    core.begin_stop();
}

/// By the crate of those who made the specification.
fn verifies(message: &Message, secret: &str) -> bool {
    let webhook = Webhook::new(secret).unwrap();
    webhook
        .verify(message.body.as_bytes(), &message.headers)
        .is_ok()
}

#[tokio::test]
async fn each_secret_that_has_not_ended_signs_while_one_replaces_another() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    let Added { id, secret: former } = add(&database, &receiver.url()).await;
    let newest = || receiver.messages().pop().unwrap();
    let tested = command(&database, &[&["test", &id], &LOOPBACK[..]].concat()).await;
    assert_eq!(tested["taken"], true);
    let message = newest();
    crate::events::assert_as_described(&message.event);
    assert_eq!(message.event["type"], "endpoint.test");
    assert_eq!(
        message.headers["content-type"],
        "application/cloudevents+json"
    );
    assert_eq!(
        message.headers["webhook-id"],
        message.event["id"].as_str().unwrap()
    );
    assert!(verifies(&message, &former));
    let rotated = command(&database, &["rotate", &id, "--keep", "1"]).await;
    let secret = rotated["secret"].as_str().unwrap();
    command(&database, &[&["test", &id], &LOOPBACK[..]].concat()).await;
    assert!(verifies(&newest(), &former) && verifies(&newest(), secret));
    let end = "update endpoint_secret set expires_at = now() where expires_at is not null";
    as_owner(&database, end).await;
    command(&database, &[&["test", &id], &LOOPBACK[..]].concat()).await;
    assert!(!verifies(&newest(), &former) && verifies(&newest(), secret));
    let mut forged = newest();
    forged.body.push(' ');
    assert!(!verifies(&forged, secret));
}

#[tokio::test]
async fn the_events_since_a_time_come_again_in_order_and_as_they_were() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 1, 1).await;
    eventually("the first one is taken", async || {
        receiver.taken().len() == 1
    })
    .await;
    let since = receiver.taken()[0].event["time"].clone();
    as_owner(
        &database,
        "update event_kept set created_at = created_at - interval '1 hour'",
    )
    .await;
    grants(&core, 1, 3).await;
    eventually("the others are taken", async || {
        receiver.taken().len() == 4 && deliveries(&database).await == 0
    })
    .await;
    let from = since.as_str().unwrap();
    let replayed = command(&database, &["replay", &id, "--from", from]).await;
    assert_eq!(replayed["added"], 3);
    eventually("they have come again", async || receiver.taken().len() == 7).await;
    assert_eq!(receiver.numbers_of("user 0"), [1, 2, 3, 4, 2, 3, 4]);
    let taken = receiver.taken();
    assert_eq!(taken[1].body, taken[4].body);
    assert_eq!(
        taken[1].headers["webhook-id"],
        taken[4].headers["webhook-id"]
    );
    core.stop().await;
}

#[tokio::test]
async fn an_endpoint_gets_the_events_of_its_tenant_as_they_are_told_elsewhere() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    add(&database, &receiver.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let outbox = ["--outbox-dir", folder.path().to_str().unwrap()];
    let core = TestCore::start_with(&database, &[&outbox[..], &LOOPBACK].concat()).await;
    let mut others = account("alice");
    "other".clone_into(&mut others.tenant_id);
    core.grant(&others, USD).await;
    grants(&core, 1, 2).await;
    eventually("both are taken", async || receiver.taken().len() == 2).await;
    core.stop().await;
    let mut files: Vec<Value> = Vec::new();
    for file in std::fs::read_dir(folder.path().join("event")).unwrap() {
        let content = std::fs::read_to_string(file.unwrap().path()).unwrap();
        files.push(serde_json::from_str(&content).unwrap());
    }
    assert_eq!(files.len(), 3);
    for message in receiver.taken() {
        assert_eq!(message.event["tenant"], "acme");
        assert!(files.contains(&message.event));
    }
}

#[tokio::test]
async fn an_event_of_a_payer_who_never_had_an_account_reaches_the_tenants_endpoint() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    // Nothing is booked, so that the account is not opened.
    let payment = attached(&core, "newcomer", "1").await;
    let canceled = event("canceled", &payment, state(PaymentState::Canceled));
    apply(&core, canceled).await.unwrap();
    eventually("its end is told", async || !receiver.taken().is_empty()).await;
    let [told] = receiver.taken().try_into().unwrap();
    assert_eq!(told.event["type"], "payment.ended");
    assert_eq!(told.event["tenant"], "acme");
    assert_eq!(told.event["source"], "/tenants/acme");
    assert_eq!(told.event["subject"], "newcomer");
}
