//! What is told of payments, in order, and only of what was committed.

use std::path::Path;

use billing_proto::v1;
use billing_proto::v1::RefundState;
use billing_testkit::{TestCore, TestDatabase};
use serde_json::Value;

use super::{apply, event, paid, refund};
use crate::events::core_that_tells;
use crate::mail::contact;
use crate::support::{account, as_owner, core, eventually};

async fn waiting(database: &TestDatabase) -> i64 {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar("select count(*) from outbox_message")
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

/// What a channel has delivered, by name.
fn files(folder: &Path, channel: &str) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder.join(channel))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let read = |path| std::fs::read_to_string(path).unwrap();
    files.into_iter().map(read).collect()
}

fn events(folder: &Path) -> Vec<Value> {
    let events = files(folder, "event");
    let read = |event: &String| serde_json::from_str(event).unwrap();
    events.iter().map(read).collect()
}

/// A payment and a refund, of which nobody has told yet.
async fn untold(core: &TestCore) -> v1::Payment {
    let payment = paid(core, "alice", "1").await;
    let back = event(
        "evt_r",
        &payment,
        refund("re_1", 100, RefundState::Succeeded),
    );
    apply(core, back).await.unwrap();
    payment
}

#[tokio::test]
async fn each_booking_of_a_payment_is_told_once_in_its_order() {
    let (database, silent) = core_that_tells().await;
    contact(&database, "alice", "en").await;
    let payment = untold(&silent).await;
    assert_eq!(waiting(&database).await, 5);
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let telling = TestCore::start_with(&database, &["--outbox-dir", directory]).await;
    eventually("everything is delivered", async || {
        waiting(&database).await == 0
    })
    .await;
    telling.stop().await;
    let events = events(folder.path());
    let kinds: Vec<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    let expected = ["balance.credited", "payment.succeeded", "payment.reversed"];
    assert_eq!(kinds, expected);
    assert_eq!(events[1]["data"]["payment_id"], payment.payment_id);
    assert_eq!(events[2]["data"]["booked_micros"], -1_000_000);
    let [received, refunded] = files(folder.path(), "mail").try_into().unwrap();
    assert!(received.contains("\r\nSubject: Payment received: $10.00\r\n"));
    assert!(refunded.contains("\r\nSubject: Refund: $1.00\r\n"));
}

#[tokio::test]
async fn a_message_that_cannot_be_delivered_holds_back_its_account_and_no_other() {
    let (database, silent) = core_that_tells().await;
    untold(&silent).await;
    paid(&silent, "bob", "1").await;
    let folder = tempfile::tempdir().unwrap();
    // Where alice's first event should lie, there is a folder.
    let mut owner = database.connect_as_owner().await;
    let alice: uuid::Uuid =
        sqlx::query_scalar("select account_id from account_profile where user_id = 'alice'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    let taken = folder
        .path()
        .join(format!("event/{}-000000000001.json", alice.simple()));
    std::fs::create_dir_all(taken.join("in the way")).unwrap();
    let directory = folder.path().to_str().unwrap();
    let _telling = TestCore::start_with(&database, &["--outbox-dir", directory]).await;
    eventually("bob's and all mail are delivered", async || {
        waiting(&database).await == 3
    })
    .await;
    let error: Option<String> =
        sqlx::query_scalar("select last_error from outbox_message where seq = 1")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert!(error.is_some());
    std::fs::remove_dir_all(&taken).unwrap();
    as_owner(
        &database,
        "update outbox_message set next_attempt_at = now()",
    )
    .await;
    eventually("alice's follow", async || waiting(&database).await == 0).await;
    assert_eq!(events(folder.path()).len(), 5);
}

#[tokio::test]
async fn two_relays_share_the_work_and_one_takes_over_from_the_other() {
    let (database, silent) = core().await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let arguments = ["--outbox-dir", directory];
    let first = TestCore::start_with(&database, &arguments).await;
    let second = TestCore::start_with(&database, &arguments).await;
    // It was there before, and learns within a second that events are read.
    eventually("the silent core tells, too", async || {
        silent.grant(&account("probe"), 1).await;
        folder.path().join("event").exists()
    })
    .await;
    for n in 0..10 {
        paid(&silent, &format!("user{n}"), "1").await;
    }
    eventually("everything is delivered", async || {
        waiting(&database).await == 0
    })
    .await;
    // A relay that stops gives its shares back at once.
    first.stop().await;
    for n in 10..20 {
        paid(&silent, &format!("user{n}"), "1").await;
    }
    eventually("the other takes over", async || {
        waiting(&database).await == 0
    })
    .await;
    second.stop().await;
    let mut events = events(folder.path());
    events.retain(|event| event["subject"] != "probe");
    assert_eq!(events.len(), 40);
}

#[tokio::test]
async fn a_payer_who_tried_is_told_that_his_payment_ended_and_one_who_left_is_not() {
    let (database, core) = core_that_tells().await;
    for (user, tried) in [("alice", true), ("bob", false)] {
        let payment = super::attached(&core, user, "1").await;
        if tried {
            let id = format!("declined_{user}");
            apply(&core, event(&id, &payment, super::declined()))
                .await
                .unwrap();
        }
        let canceled = super::state(v1::PaymentState::Canceled);
        let id = format!("canceled_{user}");
        apply(&core, event(&id, &payment, canceled)).await.unwrap();
    }
    let mut owner = database.connect_as_owner().await;
    let kinds: Vec<String> = sqlx::query_scalar("select kind from outbox_message order by kind")
        .fetch_all(&mut owner)
        .await
        .unwrap();
    assert_eq!(kinds, ["payment.ended", "payment.ended", "payment_failed"]);
}
