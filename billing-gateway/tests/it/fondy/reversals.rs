//! What was paid goes back, by us or at Fondy, in whole or in part.

use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::{problem, sent};

#[tokio::test]
async fn an_administrator_gives_back_in_part_and_in_whole_and_never_more() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let part = json!({"amount_uah": 400, "reason": "asked for"});
    let refund = good(stage.refund(&begun.id, &part, "1")).await;
    assert_eq!(
        (&refund["status"], &refund["amount"], &refund["currency"]),
        (&json!("succeeded"), &json!(400), &json!("UAH"))
    );
    assert_eq!(stage.balance("u").await, "15");
    let again = good(stage.refund(&begun.id, &part, "1")).await;
    assert_eq!(again["refund_id"], refund["refund_id"]);
    let over = json!({"amount_uah": 600.01, "reason": "too much"});
    let refused = problem(stage.refund(&begun.id, &over, "2")).await;
    assert_eq!(refused["code"], "REFUND_EXCEEDS_PAYMENT");
    // Its callback tells the sum, of which ours is a part.
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "15");
    good(stage.refund(&begun.id, &json!({"reason": "the rest"}), "3")).await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "0");
    let status = stage.status("u", &begun.id).await;
    assert_eq!(
        (&status["status"], &status["refunded"]),
        (&json!("succeeded"), &json!(1000))
    );
    assert!(stage.reconcile().await.is_good());
    assert_eq!(stage.balance("u").await, "0");
}

#[tokio::test]
async fn what_is_reversed_at_fondy_is_booked_by_the_sum_and_once() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let path = format!("orders/{}/reverse", begun.id);
    stage.control("mode", json!({"copies": 3})).await;
    stage.control(&path, json!({"amount": 30_000})).await;
    stage.balance_becomes("u", "17.5").await;
    stage.control(&path, json!({"amount": 10_000})).await;
    stage.balance_becomes("u", "15").await;
    // Ours beside theirs: each is part of the sum.
    good(stage.refund(&begun.id, &json!({"amount_uah": 100, "reason": "r"}), "1")).await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "12.5");
    stage.control(&path, json!({})).await;
    stage.balance_becomes("u", "0").await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "0");
    assert!(stage.reconcile().await.is_good());
    assert_eq!(stage.balance("u").await, "0");
}

#[tokio::test]
async fn a_reversal_that_comes_before_its_approval_is_credited_and_taken_back() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let mode = json!({"withhold": true, "reverse": true, "copies": 2});
    stage.control("mode", mode).await;
    stage.order(&begun.id, "pay").await;
    let path = format!("orders/{}/reverse", begun.id);
    stage.control(&path, json!({"amount": 40_000})).await;
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "15").await;
    stage.delivered().await;
    let expected = [("refund", "-10"), ("topup", "25")];
    let expected = expected.map(|(kind, amount)| (kind.to_owned(), amount.to_owned()));
    assert_eq!(stage.history("u").await, expected);
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_made_once_and_booked_when_it_is_found() {
    for fault in ["fail_after_commit", "bad_gateway", "failure_body"] {
        let stage = Stage::start().await;
        let begun = stage.paid("u").await;
        stage.control("mode", json!({"withhold": true})).await;
        let planned = json!({"fault": fault, "request": "fondy_reverse", "times": 2});
        stage.control("faults", planned).await;
        let body = json!({"amount_uah": 400, "reason": "r"});
        let response = sent(stage.refund(&begun.id, &body, "1")).await;
        assert_eq!(response.status(), 202, "{fault}");
        let requested: Value = response.json().await.unwrap();
        assert_eq!(requested["status"], "requested");
        assert_eq!(stage.balance("u").await, "25", "{fault}");
        stage.control("faults/forget", json!({})).await;
        let tally = stage.reconcile().await;
        assert!(tally.is_good(), "{fault}: {tally}");
        assert_eq!(stage.balance("u").await, "15", "{fault}");
        stage.control("release", json!({})).await;
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "15", "{fault}");
    }
}

#[tokio::test]
async fn a_refund_that_fondy_will_never_carry_out_frees_its_amount() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    stage.control("mode", json!({"withhold": true})).await;
    // Somebody was faster, at Fondy.
    let path = format!("orders/{}/reverse", begun.id);
    stage.control(&path, json!({})).await;
    let refused = problem(stage.refund(&begun.id, &json!({"reason": "r"}), "1")).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(409), &json!("REFUND_REFUSED"))
    );
    assert!(!refused.to_string().contains("Parameter"), "{refused}");
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "0").await;
}
