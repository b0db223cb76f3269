use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::stage::{Stage, read};

const PAYMENT: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_makes_one_payment_however_many_ask_at_once() {
    let mut stage = Stage::open().await;
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let request = stage
            .api(Method::POST, "payment_intents", &PAYMENT)
            .header("idempotency-key", "one");
        asking.spawn(async move { read(request.send().await.unwrap()).await });
    }
    let mut ids = BTreeSet::new();
    for (status, body) in asking.join_all().await {
        match status {
            StatusCode::OK => drop(ids.insert(body["id"].to_string())),
            StatusCode::CONFLICT => {
                assert_eq!(body["error"]["code"], "idempotency_key_in_use");
            }
            other => panic!("{other}: {body}"),
        }
    }
    assert_eq!(ids.len(), 1);
    let listed = stage.get("payment_intents").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        stage.received().await.event_type(),
        "payment_intent.created"
    );
    assert!(stage.nothing_is_received());
}

#[tokio::test]
async fn a_caller_who_gives_up_finds_what_his_request_did() {
    let stage = Stage::open().await;
    let slow = json!({ "fault": "slow", "request": "create_payment_intent", "ms": 300 });
    stage.control("faults", slow).await;
    let request = || {
        stage
            .api(Method::POST, "payment_intents", &PAYMENT)
            .header("idempotency-key", "lost")
    };
    let lost = request().timeout(Duration::from_millis(50)).send().await;
    assert!(lost.unwrap_err().is_timeout());
    let found = loop {
        let answer = request().send().await.unwrap();
        if answer.status() != StatusCode::CONFLICT {
            break answer;
        }
    };
    assert_eq!(found.headers()["idempotent-replayed"], "true");
    assert_ne!(
        found.headers()["request-id"],
        found.headers()["original-request"]
    );
    let (_, found) = read(found).await;
    let listed = stage.get("payment_intents").await;
    assert_eq!(listed["data"], Value::Array(vec![found]));
}

#[tokio::test]
async fn a_request_that_was_not_accepted_leaves_its_key_free() {
    let stage = Stage::open().await;
    let mut statuses = Vec::new();
    for amount in ["49", "50", "51"] {
        let fields = [("amount", amount), ("currency", "usd")];
        let request = stage
            .api(Method::POST, "payment_intents", &fields)
            .header("idempotency-key", "corrected");
        let (status, body) = read(request.send().await.unwrap()).await;
        statuses.push(status.as_u16());
        if amount == "51" {
            assert_eq!(body["error"]["type"], "idempotency_error");
        }
    }
    assert_eq!(statuses, [400, 200, 400]);
}

#[tokio::test]
async fn only_the_secret_key_opens_it_by_bearer_or_by_basic() {
    let stage = Stage::open().await;
    let url = format!("{}/v1/payment_intents", stage.sandbox.url());
    let get = || stage.http.get(&url);
    for (request, expected) in [
        (get().basic_auth(crate::stage::KEY, Some("")), 200),
        (get().basic_auth("sk_test_other", Some("")), 401),
        (get().bearer_auth(""), 401),
        (get(), 401),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected);
        assert!(answer.headers().contains_key("request-id"));
        let (_, body) = read(answer).await;
        assert!(!body.to_string().contains("sk_test_other"));
    }
}
