//! Fondy slow, away or odd while a payment is begun, and callbacks that never come.

use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::problem;

async fn refused(stage: &Stage, fault: Value) -> Value {
    stage.control("faults", fault).await;
    let body = json!({"amount_uah": 1000});
    let refused = problem(stage.creation("u", &body, Some("key-1"))).await;
    stage.control("faults/forget", json!({})).await;
    refused
}

#[tokio::test]
async fn a_failure_body_is_told_to_nobody_but_the_log() {
    let stage = Stage::start().await;
    let fault = json!({"fault": "failure_body", "request": "fondy_checkout"});
    let refused = refused(&stage, fault).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(502), &json!("PAYMENT_PROVIDER_UNAVAILABLE"))
    );
    assert!(
        !refused.to_string().contains("Application error"),
        "{refused}"
    );
    // Nothing was made: the same key goes on.
    let body = json!({"amount_uah": 1000});
    let created = good(stage.creation("u", &body, Some("key-1"))).await;
    stage
        .order(created["payment_id"].as_str().unwrap(), "pay")
        .await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn a_payment_that_fondy_made_and_did_not_tell_of_is_made_once_and_credited_if_it_is_paid() {
    for (fault, status) in [("fail_after_commit", 502), ("time_out", 504)] {
        let stage = Stage::start().await;
        stage.control("mode", json!({"withhold": true})).await;
        let fault = json!({"fault": fault, "request": "fondy_checkout", "ms": 20_000});
        let refused = refused(&stage, fault.clone()).await;
        assert_eq!(refused["status"], status, "{fault}");
        let open = stage.only_payment("u").await;
        assert_eq!(open["status"], "created");
        let id = open["payment_id"].as_str().unwrap();
        let body = json!({"amount_uah": 1000});
        let again = problem(stage.creation("u", &body, Some("key-1"))).await;
        assert_eq!(again["code"], "PAYMENT_BEGUN", "{fault}");
        stage.order(id, "pay").await;
        let tally = stage.reconcile().await;
        assert!(tally.is_good(), "{fault}: {tally}");
        assert_eq!(stage.balance("u").await, "25", "{fault}");
        assert_eq!(stage.only_payment("u").await["reference"], id);
    }
}

#[tokio::test]
async fn a_payment_of_which_no_callback_comes_is_credited_once() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let (paid, part) = (stage.begun("u").await, stage.begun("v").await);
    stage.order(&paid.id, "pay").await;
    stage.order(&part.id, "pay").await;
    let path = format!("orders/{}/reverse", part.id);
    stage.control(&path, json!({"amount": 40_000})).await;
    let tally = stage.reconcile().await;
    assert_eq!((tally.looked_at, tally.is_good()), (2, true), "{tally}");
    assert_eq!(stage.balance("u").await, "25");
    assert_eq!(stage.balance("v").await, "15");
    // The callbacks come after all.
    stage.control("release", json!({})).await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "25");
    assert_eq!(stage.balance("v").await, "15");
    assert_eq!(stage.history("u").await.len(), 1);
}
