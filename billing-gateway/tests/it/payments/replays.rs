//! The same request again with the same key: the first answer, and where its object stands now.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::{problem, sent};

/// Status and body.
async fn refund(stage: &Stage, id: &str) -> (u16, Value) {
    let body = json!({"amount_usd": 10, "reason": "r"});
    let answer = sent(stage.refund(id, &body, "1")).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn reconcile(stage: &Stage) {
    let since = Timestamp::now() - SignedDuration::from_hours(1);
    let tally = billing_gateway::reconcile(&stage.config(&[]), since)
        .await
        .unwrap();
    assert!(tally.is_good(), "{tally}");
}

#[tokio::test]
async fn a_repeated_creation_tells_where_its_payment_stands_and_lets_nobody_pay_it_twice() {
    for state in ["pending", "succeeded", "failed", "canceled", "expired"] {
        let stage = Stage::start().await;
        let body = json!({"amount_usd": 25});
        let create = || stage.creation("u", &body, Some("1"));
        let first = good(create()).await;
        assert_eq!(first["status"], "pending");
        match state {
            "pending" => {}
            "succeeded" => {
                stage.pay(first["paymentIntentId"].as_str().unwrap()).await;
                stage.balance_becomes("u", "25").await;
            }
            ended => {
                let ended = format!("update payment set state = '{ended}', next_check_at = null");
                stage.sql(&ended).await;
            }
        }
        let again = good(create()).await;
        assert_eq!(again["status"], state);
        for member in ["payment_id", "paymentIntentId", "amount", "currency"] {
            assert_eq!(again[member], first[member], "{state} {member}");
        }
        let payable = again["clientSecret"] == first["clientSecret"];
        assert_eq!(payable, state == "pending", "{again}");
        assert_eq!(again["clientSecret"].is_null(), !payable, "{again}");
        let other = stage.creation("u", &json!({"amount_usd": 26}), Some("1"));
        assert_eq!(
            problem(other).await["code"],
            "IDEMPOTENCY_KEY_REUSED",
            "{state}"
        );
        let listed = stage.get("u", "/api/billing/payments").await;
        assert_eq!(listed["payments"].as_array().unwrap().len(), 1, "{state}");
    }
}

#[tokio::test]
async fn a_repeated_refund_tells_where_it_stands() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let first = refund(&stage, &begun.payment_id).await;
    assert_eq!((first.0, &first.1["status"]), (200, &json!("succeeded")));
    assert_eq!(refund(&stage, &begun.payment_id).await, first);
    assert_eq!(stage.balance("u").await, "15");
    stage.delivered().await;
    // Stripe took it on, and the bank sends it back.
    let reference = stage.refund_reference(&first.1).await;
    stage
        .control(&format!("refunds/{reference}/fail"), json!({}))
        .await;
    stage.balance_becomes("u", "25").await;
    let (status, failed) = refund(&stage, &begun.payment_id).await;
    assert_eq!((status, &failed["status"]), (200, &json!("failed")));
    assert_eq!(failed["refund_id"], first.1["refund_id"]);
}

#[tokio::test]
async fn a_refund_that_stripe_refuses_is_refused_again_and_never_called_done() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    stage.delivered().await;
    stage.control("mode", json!({"withhold": true})).await;
    let path = format!("payments/{}/refund", begun.reference);
    stage.control(&path, json!({})).await;
    let first = refund(&stage, &begun.payment_id).await;
    assert_eq!((first.0, &first.1["code"]), (409, &json!("REFUND_REFUSED")));
    assert_eq!(refund(&stage, &begun.payment_id).await, first);
}

#[tokio::test]
async fn a_refund_of_which_nobody_knows_is_carried_out_once_by_whoever_asks_next() {
    for (fault, is_reconciled) in [
        ("lock_timeout", false),
        ("lock_timeout", true),
        ("rate_limit", false),
        ("bad_gateway_after_commit", false),
        ("fail_after_commit", false),
    ] {
        let stage = Stage::start().await;
        let begun = stage.paid("u").await;
        stage.delivered().await;
        stage.control("mode", json!({"withhold": true})).await;
        let planned = json!({"fault": fault, "request": "refund", "times": 3});
        stage.control("faults", planned).await;
        let (status, first) = refund(&stage, &begun.payment_id).await;
        assert_eq!(
            (status, &first["status"]),
            (202, &json!("requested")),
            "{fault}"
        );
        if is_reconciled {
            reconcile(&stage).await;
        }
        let (status, again) = refund(&stage, &begun.payment_id).await;
        assert_eq!(
            (status, &again["status"]),
            (200, &json!("succeeded")),
            "{fault}"
        );
        assert_eq!(again["refund_id"], first["refund_id"]);
        stage.control("release", json!({})).await;
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "15", "{fault}");
        let status = stage.status("u", &begun.payment_id).await;
        assert_eq!(status["refunds"].as_array().unwrap().len(), 1, "{fault}");
    }
}
