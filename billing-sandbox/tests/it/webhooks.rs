use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::stage::{Received, Stage, WEBHOOK_SECRET};

const PAID: [&str; 3] = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
];

/// The time that was signed, if the signature is right.
fn signed_at(received: &Received) -> i64 {
    let parts: BTreeMap<&str, &str> = received
        .signature
        .split(',')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}", parts["t"], received.body).as_bytes());
    let bytes: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&parts["v1"][at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    mac.verify_slice(&bytes).unwrap();
    parts["t"].parse().unwrap()
}

async fn next_types(stage: &mut Stage, count: usize) -> Vec<String> {
    let mut types = Vec::new();
    for _ in 0..count {
        types.push(stage.received().await.event_type());
    }
    types
}

#[tokio::test]
async fn every_webhook_is_signed_and_shows_its_object_as_it_was() {
    let mut stage = Stage::open().await;
    let id = stage.payment().await;
    let created = stage.received().await;
    stage
        .control(&format!("payments/{id}/pay"), json!({}))
        .await;
    let succeeded = stage.received_of("payment_intent.succeeded").await;
    for received in [&created, &succeeded] {
        assert!(signed_at(received) > 0);
        assert_eq!(received.event()["object"], "event");
        assert_eq!(
            received.event()["api_version"],
            billing_sandbox::API_VERSION
        );
        assert_eq!(received.event()["data"]["object"]["id"], id.as_str());
    }
    let status = |received: &Received| received.event()["data"]["object"]["status"].clone();
    assert_eq!(status(&created), "requires_payment_method");
    assert_eq!(status(&succeeded), "succeeded");
    assert!(created.event()["request"]["id"].is_string());
    assert_eq!(succeeded.event()["request"]["id"], Value::Null);
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again_under_the_same_event() {
    let mut stage = Stage::open().await;
    stage.listener_answers(&[
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FOUND,
        StatusCode::NO_CONTENT,
    ]);
    stage.payment().await;
    let mut events = Vec::new();
    for _ in 0..3 {
        let received = stage.received().await;
        signed_at(&received);
        events.push(received.event()["id"].to_string());
    }
    events.dedup();
    assert_eq!(events.len(), 1);
    let delivery = loop {
        let all = delivery_of(&stage).await;
        if all["state"] == "delivered" {
            break all;
        }
    };
    let statuses: Vec<&Value> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| &attempt["status"])
        .collect();
    assert_eq!(statuses, [500, 302, 204]);
    assert!(stage.nothing_is_received());
}

async fn delivery_of(stage: &Stage) -> Value {
    let url = format!("{}/sandbox/deliveries", stage.sandbox.url());
    let answer = stage.http.get(url).send().await.unwrap();
    let all: Value = answer.json().await.unwrap();
    all["deliveries"][0].clone()
}

#[tokio::test]
async fn what_is_withheld_comes_when_it_is_released_in_order() {
    let mut stage = Stage::open().await;
    stage.control("mode", json!({ "withhold": true })).await;
    stage.paid_payment().await;
    assert!(stage.nothing_is_received());
    let released = stage.control("release", json!({})).await;
    assert_eq!(released["released"], 3);
    assert_eq!(next_types(&mut stage, 3).await, PAID);
}

#[tokio::test]
async fn what_is_withheld_can_come_in_reverse() {
    let mut stage = Stage::open().await;
    let mode = json!({ "withhold": true, "reverse": true });
    stage.control("mode", mode).await;
    stage.paid_payment().await;
    stage.control("release", json!({})).await;
    let mut reversed = PAID;
    reversed.reverse();
    assert_eq!(next_types(&mut stage, 3).await, reversed);
}

#[tokio::test]
async fn one_that_is_withheld_can_be_let_go_alone() {
    let mut stage = Stage::open().await;
    stage.control("mode", json!({ "withhold": true })).await;
    stage.paid_payment().await;
    stage.control("deliveries/2/redeliver", json!({})).await;
    assert_eq!(next_types(&mut stage, 1).await, [PAID[2]]);
    stage.control("deliveries/2/redeliver", json!({})).await;
    assert_eq!(next_types(&mut stage, 1).await, [PAID[2]]);
    assert_eq!(stage.control("release", json!({})).await["released"], 2);
}

#[tokio::test]
async fn copies_of_an_event_have_its_id_and_its_bytes() {
    let mut stage = Stage::open().await;
    stage.control("mode", json!({ "copies": 5 })).await;
    stage.payment().await;
    let first = stage.received().await;
    for _ in 0..4 {
        assert_eq!(stage.received().await.body, first.body);
    }
    assert!(stage.nothing_is_received());
}

#[tokio::test]
async fn nothing_is_told_of_a_request_that_was_refused() {
    let mut stage = Stage::open().await;
    let unknown = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("capture_method", "manual"),
    ];
    let (status, _) = stage.post("payment_intents", &unknown).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    stage.payment().await;
    stage.received().await;
    let events = stage.get("events").await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}
