//! Stripe slow, away or odd while a payment is begun: it is never called failed, and found later.

use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::problem;

const BODY: &str = r#"{"amount_usd": 25}"#;

async fn refused(stage: &Stage, fault: Value) -> Value {
    stage.control("faults", fault).await;
    let body = serde_json::from_str(BODY).unwrap();
    let refused = problem(stage.creation("u", &body, Some("key-1"))).await;
    stage.control("faults/forget", json!({})).await;
    refused
}

async fn reconcile(stage: &Stage) {
    let tally = stage.reconcile().await;
    assert!(tally.is_good(), "{tally}");
    assert_eq!(tally.looked_at, 1, "{tally}");
}

#[tokio::test]
async fn a_slow_stripe_is_504_and_the_payment_is_found_later() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let fault = json!({"fault": "time_out", "request": "create_payment_intent", "times": 9});
    let refused = refused(&stage, fault).await;
    assert_eq!(refused["status"], 504, "{refused}");
    assert_eq!(refused["code"], "PAYMENT_PROVIDER_TIMEOUT");
    assert_eq!(stage.only_payment("u").await["status"], "created");
    reconcile(&stage).await;
    let found = stage.only_payment("u").await;
    assert_eq!(found["status"], "pending");
    stage.pay(found["reference"].as_str().unwrap()).await;
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn a_stripe_that_is_down_is_502_and_the_same_key_goes_on_when_it_is_back() {
    for kind in ["create_customer", "create_payment_intent"] {
        let stage = Stage::start().await;
        let fault = json!({"fault": "bad_gateway", "request": kind, "times": 9});
        let refused = refused(&stage, fault).await;
        assert_eq!(refused["status"], 502, "{kind}: {refused}");
        assert_eq!(refused["code"], "PAYMENT_PROVIDER_UNAVAILABLE");
        let open = stage.only_payment("u").await;
        assert_eq!(
            (&open["status"], &open["reference"]),
            (&json!("created"), &Value::Null)
        );
        let body = serde_json::from_str(BODY).unwrap();
        let created = good(stage.creation("u", &body, Some("key-1"))).await;
        assert_eq!(created["payment_id"], open["payment_id"]);
        stage
            .pay(created["paymentIntentId"].as_str().unwrap())
            .await;
        stage.balance_becomes("u", "25").await;
    }
}

#[tokio::test]
async fn a_payment_that_stripe_made_and_did_not_tell_of_is_made_once() {
    for fault in ["fail_after_commit", "bad_gateway_after_commit"] {
        let stage = Stage::start().await;
        stage.control("mode", json!({"withhold": true})).await;
        let fault = json!({"fault": fault, "request": "create_payment_intent", "times": 3});
        let refused = refused(&stage, fault.clone()).await;
        assert_eq!(refused["status"], 502, "{fault}: {refused}");
        reconcile(&stage).await;
        let found = stage.only_payment("u").await;
        assert_eq!(found["status"], "pending", "{fault}");
        // The key goes on with what was found.
        let body = serde_json::from_str(BODY).unwrap();
        let created = good(stage.creation("u", &body, Some("key-1"))).await;
        assert_eq!(created["paymentIntentId"], found["reference"], "{fault}");
        stage
            .pay(created["paymentIntentId"].as_str().unwrap())
            .await;
        stage.control("release", json!({})).await;
        stage.balance_becomes("u", "25").await;
        stage.delivered().await;
        assert_eq!(stage.history("u").await.len(), 1);
    }
}

#[tokio::test]
async fn a_passing_refusal_is_tried_again_within_the_request() {
    let stage = Stage::start().await;
    let fault =
        json!({"fault": "too_many_requests", "request": "create_payment_intent", "times": 2});
    stage.control("faults", fault).await;
    stage.begun("u").await;
}

#[tokio::test]
async fn what_stripe_never_heard_of_is_made_by_the_reconciliation() {
    let stage = Stage::start().await;
    let fault = json!({"fault": "bad_gateway", "times": 9});
    refused(&stage, fault).await;
    reconcile(&stage).await;
    let made = stage.only_payment("u").await;
    assert_eq!(made["status"], "pending");
    stage.pay(made["reference"].as_str().unwrap()).await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn a_fault_that_a_customer_s_key_keeps_does_not_stop_the_account() {
    let stage = Stage::start().await;
    // Stripe keeps it under the key for a day.
    let fault = json!({"fault": "fail_after_commit", "request": "create_customer", "times": 3});
    stage.control("faults", fault).await;
    let begun = stage.begun("u").await;
    stage.pay(&begun.reference).await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn an_account_whose_customer_stripe_has_lost_gets_another_one() {
    let stage = Stage::start().await;
    stage.paid("u").await;
    stage
        .sql("update provider_customer set reference = 'cus_gone'")
        .await;
    let begun = stage.begun("u").await;
    stage.pay(&begun.reference).await;
    stage.balance_becomes("u", "50").await;
    // It is remembered.
    let mut owner = stage.database.connect_as_owner().await;
    let customer: String = sqlx::query_scalar("select reference from provider_customer")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(
        customer.starts_with("cus_") && customer != "cus_gone",
        "{customer}"
    );
}

#[tokio::test]
async fn a_payment_that_was_given_up_is_not_begun_again() {
    let stage = Stage::start().await;
    let body = serde_json::from_str(BODY).unwrap();
    good(stage.creation("u", &body, Some("key-1"))).await;
    stage
        .sql("update payment set state = 'expired', next_check_at = null")
        .await;
    let ended = problem(stage.creation("u", &body, Some("key-1"))).await;
    assert_eq!(
        (&ended["status"], &ended["code"]),
        (&json!(409), &json!("PAYMENT_ENDED"))
    );
}
