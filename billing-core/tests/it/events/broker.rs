//! A real RabbitMQ that is killed, short of memory, without a queue for all, or with a full one; relays
//! that are killed.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use billing_core::id::AccountId;
use billing_core::outbox::{Channel, Notice, enqueue};
use billing_testkit::{Broker, EventQueue, TestCore, TestDatabase, rabbitmq};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::waiting_events;
use crate::support::{as_owner, eventually, within};

const SUBJECTS: usize = 40;

/// Notes so many events of each subject, one subject after the other.
async fn note(database: &TestDatabase, each: usize) {
    note_as(database, each, |_, _| "hold.expired").await;
}

/// The same, each of the type that it gets by its subject and its place among these of its subject, from 0 on.
async fn note_as(
    database: &TestDatabase,
    each: usize,
    kind: impl Fn(usize, usize) -> &'static str,
) {
    let mut owner = database.connect_as_owner().await;
    let events: Vec<_> = (0..each * SUBJECTS)
        .map(|number| {
            let notice = Notice {
                channel: Channel::Event,
                kind: kind(number % SUBJECTS, number / SUBJECTS),
                payload: json!({}),
            };
            let subject = format!("user {}", number % SUBJECTS);
            (AccountId::of("acme", &subject), notice)
        })
        .collect();
    enqueue(&mut owner, &events, jiff::Timestamp::now())
        .await
        .unwrap();
}

/// What a queue has got of each subject: its newest number. None came before its predecessor.
#[derive(Default)]
struct Received {
    newest: BTreeMap<String, u64>,
    all: usize,
}

impl Received {
    async fn take(&mut self, queue: &EventQueue) {
        for event in queue.take(usize::MAX).await {
            self.note(&event);
        }
    }

    fn note(&mut self, event: &Value) {
        let number: u64 = event["sequence"].as_str().unwrap().parse().unwrap();
        let subject = event["subject"].as_str().unwrap().to_owned();
        let newest = self.newest.entry(subject.clone()).or_default();
        assert!(number <= *newest + 1, "{subject}: {number} after {newest}");
        *newest = number.max(*newest);
        self.all += 1;
    }

    /// How many subjects' newest is this number.
    fn so_far(&self, number: u64) -> usize {
        let newest = self.newest.values();
        newest.filter(|newest| **newest == number).count()
    }

    fn assert_complete(&self, each: usize) {
        assert_eq!(self.newest.len(), SUBJECTS);
        assert!(
            self.newest
                .values()
                .all(|newest| usize::try_from(*newest) == Ok(each))
        );
    }
}

/// Lets what waits for its next attempt be tried now.
async fn hurry(database: &TestDatabase) {
    as_owner(
        database,
        "update outbox_message set next_attempt_at = now()",
    )
    .await;
}

/// The relay pauses for up to 15 s where no broker is, and connects then.
async fn until_told(database: &TestDatabase) {
    within(
        Duration::from_mins(1),
        "everything is published",
        async || {
            hurry(database).await;
            waiting_events(database).await == 0
        },
    )
    .await;
}

#[tokio::test]
async fn whatever_becomes_of_the_broker_no_event_is_lost_and_none_overtakes_another() {
    let Some(mut broker) = rabbitmq().await else {
        return;
    };
    let database = TestDatabase::new().await;
    let url = broker.url();
    let core = TestCore::start_with(&database, &["--amqp-url", &url]).await;
    eventually("events are switched on", async || {
        note(&database, 1).await;
        waiting_events(&database).await > 0
    })
    .await;
    // No queue is bound: they stay, and say why.
    eventually("the broker has sent them back", async || {
        let mut owner = database.connect_as_owner().await;
        let said = "select count(*) from outbox_message where last_error like 'unroutable%'";
        let said: i64 = sqlx::query_scalar(said)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        usize::try_from(said) == Ok(SUBJECTS)
    })
    .await;
    let all = EventQueue::declare(&url, "all", None).await;
    let mut received = Received::default();
    until_told(&database).await;
    // It is killed while it takes them.
    note(&database, 25).await;
    eventually("some are published", async || {
        waiting_events(&database).await < 900
    })
    .await;
    broker.kill().await.unwrap();
    drop(all);
    note(&database, 5).await;
    broker.start().await.unwrap();
    until_told(&database).await;
    let all = EventQueue::declare(&url, "all", None).await;
    received.take(&all).await;
    received.assert_complete(31);
    it_takes_nothing_without_memory(&database, &broker).await;
    one_of_its_queues_rejects(&database, &url, &all, &mut received).await;
    core.stop().await;
}

async fn it_takes_nothing_without_memory(database: &TestDatabase, broker: &Broker) {
    broker
        .control(&["set_vm_memory_high_watermark", "0"])
        .await
        .unwrap();
    note(database, 1).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        usize::try_from(waiting_events(database).await),
        Ok(SUBJECTS)
    );
    broker
        .control(&["set_vm_memory_high_watermark", "0.4"])
        .await
        .unwrap();
    until_told(database).await;
}

/// One of two queues is full, and rejects: the other one gets the events again and again.
async fn one_of_its_queues_rejects(
    database: &TestDatabase,
    url: &str,
    all: &EventQueue,
    received: &mut Received,
) {
    let full = EventQueue::declare(url, "full", Some(10)).await;
    let seen = received.newest.iter();
    let mut received_by_full = Received {
        newest: seen
            .map(|(subject, newest)| (subject.clone(), newest + 1))
            .collect(),
        all: 0,
    };
    note(database, 3).await;
    eventually("it rejects some", async || {
        let mut owner = database.connect_as_owner().await;
        let said = "select exists (select from outbox_message where last_error like '%full%')";
        sqlx::query_scalar(said)
            .fetch_one(&mut owner)
            .await
            .unwrap()
    })
    .await;
    eventually("it has got everything", async || {
        hurry(database).await;
        received_by_full.take(&full).await;
        waiting_events(database).await == 0
    })
    .await;
    received_by_full.take(&full).await;
    received.take(all).await;
    received.assert_complete(35);
    received_by_full.assert_complete(35);
}

/// A queue that takes badges and nothing else.
async fn badges_only(url: &str) -> EventQueue {
    let queue = EventQueue::declare(url, "badges", None).await;
    queue.bind("badge.updated.#").await;
    let connection = Connection::connect(url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_unbind(
            "badges".into(),
            "billing".into(),
            "#".into(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    queue
}

#[tokio::test]
async fn what_no_queue_takes_is_never_taken_for_delivered_beside_what_one_takes() {
    let Some(broker) = rabbitmq().await else {
        return;
    };
    let database = TestDatabase::new().await;
    let url = broker.url();
    let badges = badges_only(&url).await;
    as_owner(
        &database,
        "insert into outbox_channel (channel) values ('event')",
    )
    .await;
    let core = TestCore::start_with(&database, &["--amqp-url", &url]).await;
    // The second one of every other subject is for nobody, and holds up what is behind it.
    note_as(&database, 10, |subject, place| match (subject % 2, place) {
        (1, 1) => "hold.expired",
        _ => "badge.updated",
    })
    .await;
    // It is sent back again and again while the others' are delivered.
    for _ in 0..15 {
        note_as(&database, 2, |_, _| "badge.updated").await;
        hurry(&database).await;
        sleep(Duration::from_millis(100)).await;
    }
    eventually("what can be delivered is", async || {
        hurry(&database).await;
        usize::try_from(waiting_events(&database).await) == Ok(39 * SUBJECTS / 2)
    })
    .await;
    hurry(&database).await;
    sleep(Duration::from_secs(1)).await;
    let mut owner = database.connect_as_owner().await;
    let said = "select count(*) from outbox_message
        where kind = 'hold.expired' and seq = 2 and last_error like 'unroutable%'";
    let said: i64 = sqlx::query_scalar(said)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(usize::try_from(said), Ok(SUBJECTS / 2));
    let mut received = Received::default();
    received.take(&badges).await;
    assert_eq!(received.so_far(40), SUBJECTS / 2);
    assert_eq!(received.so_far(1), SUBJECTS / 2);
    badges.bind("#").await;
    until_told(&database).await;
    received.take(&badges).await;
    received.assert_complete(40);
    core.stop().await;
}

/// A core as a process, which can be killed.
fn process(database: &TestDatabase, amqp_url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .env("DATABASE_URL", database.application_url())
        .env("BILLING_AMQP_URL", amqp_url)
        .env("BILLING_GRPC_ADDR", "127.0.0.1:0")
        .env("BILLING_ADMIN_ADDR", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn of_two_relays_one_is_killed_and_no_event_is_lost_or_overtakes_another() {
    let Some(broker) = rabbitmq().await else {
        return;
    };
    let database = TestDatabase::new().await;
    let url = broker.url();
    let all = EventQueue::declare(&url, "all", None).await;
    as_owner(
        &database,
        "insert into outbox_channel (channel) values ('event')",
    )
    .await;
    note(&database, 10).await;
    let mut relays = [process(&database, &url), process(&database, &url)];
    let mut noted = 10;
    for round in 0..3 {
        note(&database, 20).await;
        noted += 20;
        let before = waiting_events(&database).await;
        eventually("they are published", async || {
            waiting_events(&database).await < before
        })
        .await;
        relays[round % 2].kill().await.unwrap();
        // Else its shares would be its own for some time yet.
        as_owner(
            &database,
            "update outbox_lease set leased_until = '-infinity'",
        )
        .await;
        relays[round % 2] = process(&database, &url);
    }
    until_told(&database).await;
    let mut received = Received::default();
    received.take(&all).await;
    received.assert_complete(noted);
    eprintln!("{} deliveries of {} events", received.all, noted * SUBJECTS);
}
