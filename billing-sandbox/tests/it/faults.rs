use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

async fn payments(stage: &Stage) -> usize {
    let listed = stage.get("payment_intents").await;
    listed["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_was_asked_and_says_the_truth_about_its_effect() {
    for (fault, status, effect) in [
        ("fail_after_commit", StatusCode::INTERNAL_SERVER_ERROR, 1),
        ("bad_gateway", StatusCode::BAD_GATEWAY, 0),
        ("bad_gateway_after_commit", StatusCode::BAD_GATEWAY, 1),
        ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, 0),
        ("rate_limit", StatusCode::BAD_REQUEST, 0),
        ("lock_timeout", StatusCode::BAD_REQUEST, 0),
    ] {
        let stage = Stage::open().await;
        let planned = json!({ "fault": fault, "request": "create_payment_intent", "times": 2 });
        stage.control("faults", planned).await;
        // One of another kind is not struck.
        assert_eq!(payments(&stage).await, 0);
        let create = async || {
            let fields = [("amount", "2000"), ("currency", "usd")];
            let request = stage.api(Method::POST, "payment_intents", &fields);
            request.send().await.unwrap()
        };
        for _ in 0..2 {
            assert_eq!(create().await.status(), status, "{fault}");
        }
        assert_eq!(payments(&stage).await, 2 * effect, "{fault}");
        assert_eq!(create().await.status(), StatusCode::OK, "{fault}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_bad_speaks_html() {
    let stage = Stage::open().await;
    stage
        .control("faults", json!({ "fault": "bad_gateway" }))
        .await;
    let answer = stage.api(Method::GET, "payment_intents", &[]);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert!(answer.text().await.unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn an_event_that_is_told_oddly_changes_nothing_in_what_happened() {
    for (oddity, pointer, told) in [
        ("other_amount", "/data/object/amount_received", json!(2_100)),
        ("other_currency", "/data/object/currency", json!("eur")),
        ("livemode", "/livemode", json!(true)),
        ("old_shape", "/api_version", json!("2019-12-03")),
        ("old_shape", "/data/object/charges/data/0/paid", json!(true)),
        ("thin", "/object", json!("v2.core.event")),
        ("thin", "/related_object/type", json!("payment_intent")),
        ("unknown_type", "/type", json!("payment_intent.teleported")),
        ("null_object", "/data/object", Value::Null),
        ("foreign", "/data/object/metadata", json!({})),
    ] {
        let mut stage = Stage::open().await;
        stage.control("faults", json!({ "fault": oddity })).await;
        let id = stage.paid_payment().await;
        stage.received_of("charge.succeeded").await;
        let event = stage.received().await.event();
        assert_eq!(event.pointer(pointer), Some(&told), "{oddity}: {event}");
        if oddity == "thin" {
            assert_eq!(event["related_object"]["id"], id.as_str());
            assert!(event.get("data").is_none());
        }
        if oddity == "foreign" {
            assert_ne!(event["data"]["object"]["id"], id.as_str());
        }
        let intent = stage.get(&format!("payment_intents/{id}")).await;
        assert_eq!(intent["status"], "succeeded");
        assert_eq!(intent["amount_received"], 2_000);
        assert_eq!(intent["livemode"], false);
    }
}

#[tokio::test]
async fn somebody_elses_payment_can_be_retrieved_and_carries_nothing_of_ours() {
    let mut stage = Stage::open().await;
    let foreign = stage.control("foreign", json!({ "amount": 700 })).await;
    assert_eq!(foreign["status"], "succeeded");
    assert_eq!(foreign["metadata"], json!({}));
    let told = stage.received_of("payment_intent.succeeded").await.event();
    assert_eq!(told["data"]["object"]["id"], foreign["id"]);
    let id = foreign["id"].as_str().unwrap();
    let found = stage.get(&format!("payment_intents/{id}")).await;
    assert_eq!(found["amount_received"], 700);
}

#[tokio::test]
async fn a_fault_that_does_not_exist_is_refused() {
    let stage = Stage::open().await;
    let url = format!("{}/sandbox/faults", stage.sandbox.url());
    for wrong in [
        json!({ "fault": "gremlin" }),
        json!({ "fault": "slow", "request": "gremlin" }),
        json!({ "fault": "slow", "times": 0 }),
        json!({ "fault": "slow", "ms": -1 }),
        json!([]),
    ] {
        let answer = stage.http.post(&url).json(&wrong).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
}
