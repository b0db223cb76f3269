//! What is paid is given back, by us or at Stripe, and taken by disputes.

use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::{problem, sent, token};

#[tokio::test]
async fn an_administrator_refunds_in_part_and_in_whole_and_never_more() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let part = json!({"amount_usd": 10, "reason": "asked for"});
    let refund = good(stage.refund(&begun.payment_id, &part, "1")).await;
    assert_eq!(
        (&refund["status"], &refund["amount"]),
        (&json!("succeeded"), &json!(10))
    );
    assert_eq!(stage.balance("u").await, "15");
    let again = good(stage.refund(&begun.payment_id, &part, "1")).await;
    assert_eq!(again["refund_id"], refund["refund_id"]);
    let over = json!({"amount_usd": 15.01, "reason": "too much"});
    let refused = problem(stage.refund(&begun.payment_id, &over, "2")).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(409), &json!("REFUND_EXCEEDS_PAYMENT"))
    );
    assert_eq!(
        refused["message"],
        "more than what is left of the payment: 15 USD"
    );
    let other = json!({"amount_usd": 11, "reason": "asked for"});
    let same_key = problem(stage.refund(&begun.payment_id, &other, "1")).await;
    assert_eq!(same_key["code"], "IDEMPOTENCY_KEY_REUSED");
    // The rest, by Stripe's name of the payment.
    let rest = good(stage.refund(&begun.reference, &json!({"reason": "the rest"}), "3")).await;
    assert_eq!(rest["amount"], json!(15));
    assert_eq!(stage.balance("u").await, "0");
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "0");
    let status = stage.status("u", &begun.payment_id).await;
    assert_eq!(
        (&status["status"], &status["refunded"]),
        (&json!("succeeded"), &json!(25))
    );
    assert_eq!(status["refunds"].as_array().unwrap().len(), 2);
    let amounts: Vec<_> = stage
        .history("u")
        .await
        .into_iter()
        .map(|(_, amount)| amount)
        .collect();
    assert_eq!(amounts, ["-15", "-10", "25"]);
}

#[tokio::test]
async fn only_an_administrator_refunds_and_only_what_is_paid_in_his_tenant() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let path = format!("/api/billing/payments/{}/refund", begun.payment_id);
    let as_user = stage
        .gateway
        .request(reqwest::Method::POST, &path)
        .bearer_auth(token(&json!("u")))
        .json(&json!({"reason": "mine"}));
    let refused = problem(as_user).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(403), &json!("ADMINISTRATOR_REQUIRED"))
    );
    let unpaid = problem(stage.refund(&begun.payment_id, &json!({"reason": "r"}), "1")).await;
    assert_eq!(
        (&unpaid["status"], &unpaid["code"]),
        (&json!(409), &json!("PAYMENT_NOT_REFUNDABLE"))
    );
    for unknown in ["pi_unknown", "none-of-ours", "..%2F"] {
        let refused = problem(stage.refund(unknown, &json!({"reason": "r"}), "1")).await;
        assert_eq!(refused["status"], 404, "{unknown}");
    }
    for (body, field) in [
        (json!({}), "reason"),
        (json!({"reason": " "}), "reason"),
        (json!({"reason": "r", "amount_usd": 0}), "amount_usd"),
        (json!({"reason": "r", "amount_usd": 0.001}), "amount_usd"),
    ] {
        let refused = problem(stage.refund(&begun.payment_id, &body, "1")).await;
        assert_eq!(refused["errors"][0]["field"], field, "{body}");
    }
}

#[tokio::test]
async fn a_refund_that_fails_after_all_is_credited_again() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let refund = good(stage.refund(&begun.payment_id, &json!({"reason": "r"}), "1")).await;
    assert_eq!(stage.balance("u").await, "0");
    stage.delivered().await;
    let reference = stage.refund_reference(&refund).await;
    stage
        .control(&format!("refunds/{reference}/fail"), json!({}))
        .await;
    stage.balance_becomes("u", "25").await;
    let status = stage.status("u", &begun.payment_id).await;
    assert_eq!(status["refunds"][0]["status"], "failed");
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_made_once_and_booked_when_it_is_found() {
    for fault in [
        "fail_after_commit",
        "bad_gateway",
        "rate_limit",
        "lock_timeout",
    ] {
        let stage = Stage::start().await;
        let begun = stage.paid("u").await;
        stage.delivered().await;
        stage.control("mode", json!({"withhold": true})).await;
        let fault = json!({"fault": fault, "request": "refund", "times": 3});
        stage.control("faults", fault.clone()).await;
        let body = json!({"amount_usd": 10, "reason": "r"});
        let response = sent(stage.refund(&begun.payment_id, &body, "1")).await;
        assert_eq!(response.status(), 202, "{fault}");
        let requested: Value = response.json().await.unwrap();
        assert_eq!(requested["status"], "requested");
        assert_eq!(stage.balance("u").await, "25", "{fault}");
        assert_eq!(
            stage.status("u", &begun.payment_id).await["refund_requested"],
            json!(10)
        );
        stage.control("faults/forget", json!({})).await;
        let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
        let tally = billing_gateway::reconcile(&stage.config(&[]), since)
            .await
            .unwrap();
        assert!(tally.is_good(), "{fault}: {tally}");
        assert_eq!(stage.balance("u").await, "15", "{fault}");
        stage.control("release", json!({})).await;
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "15", "{fault}");
    }
}

#[tokio::test]
async fn a_refund_that_stripe_will_never_carry_out_frees_its_amount() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    stage.delivered().await;
    stage.control("mode", json!({"withhold": true})).await;
    // Somebody was faster, at Stripe.
    stage
        .control(&format!("payments/{}/refund", begun.reference), json!({}))
        .await;
    let refused = problem(stage.refund(&begun.payment_id, &json!({"reason": "r"}), "1")).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(409), &json!("REFUND_REFUSED"))
    );
    let status = stage.status("u", &begun.payment_id).await;
    assert_eq!(
        (&status["refund_requested"], &status["refunded"]),
        (&json!(0), &json!(0))
    );
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "0").await;
}

#[tokio::test]
async fn a_dispute_takes_the_money_and_gives_it_back_only_where_it_is_won() {
    let stage = Stage::start().await;
    for (user, ending, balance) in [("a", "win", "25"), ("b", "lose", "0")] {
        let begun = stage.paid(user).await;
        let path = format!("payments/{}/dispute", begun.reference);
        let dispute = stage.control(&path, json!({})).await;
        stage.balance_becomes(user, "0").await;
        let path = format!("disputes/{}/{ending}", dispute["id"].as_str().unwrap());
        stage.control(&path, json!({})).await;
        stage.delivered().await;
        assert_eq!(stage.balance(user).await, balance, "{ending}");
    }
    let kinds: Vec<_> = stage
        .history("a")
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["topup", "refund", "topup"]);
}

#[tokio::test]
async fn an_inquiry_of_the_bank_moves_no_money() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    stage
        .control(&format!("payments/{}/inquire", begun.reference), json!({}))
        .await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "25");
}

#[tokio::test]
async fn what_was_spent_before_it_is_taken_back_is_a_debt() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    stage.charge("u", "1", 5_000_000).await;
    stage
        .control(&format!("payments/{}/refund", begun.reference), json!({}))
        .await;
    stage.balance_becomes("u", "-5").await;
}

#[tokio::test]
async fn a_second_withdrawal_is_taken_whatever_stands_in_its_transactions() {
    let stage = Stage::start().await;
    let begun = stage.paid("u").await;
    let transactions = [("txn_1", -2500), ("txn_2", 2500), ("txn_3", -2500)].map(|(id, amount)| {
        format!(r#"{{"id":"{id}","amount":{amount},"currency":"usd","note":"\ud83d","\udfff":1}}"#)
    });
    for (count, movement, balance) in [
        (1, "funds_withdrawn", "0"),
        (2, "funds_reinstated", "25"),
        (3, "funds_withdrawn", "0"),
    ] {
        let body = format!(
            r#"{{"id":"evt_{count}","object":"event","type":"charge.dispute.{movement}","livemode":false,
            "created":1763700000,"data":{{"object":{{"id":"du_1","object":"dispute","amount":2500,
            "currency":"usd","status":"lost","payment_intent":"{}","balance_transactions":[{}]}}}}}}"#,
            begun.reference,
            transactions[..count].join(","),
        );
        good(stage.webhook(&body)).await;
        assert_eq!(stage.balance("u").await, balance, "{movement} of {count}");
    }
}

#[tokio::test]
async fn what_a_bank_withdraws_again_after_it_was_won_is_taken_back_again_however_it_is_told() {
    for withheld in [false, true] {
        let stage = Stage::start().await;
        let begun = stage.paid("u").await;
        stage.delivered().await;
        stage.control("mode", json!({"withhold": withheld})).await;
        let path = format!("payments/{}/dispute", begun.reference);
        let dispute = stage.control(&path, json!({})).await;
        let id = dispute["id"].as_str().unwrap();
        for action in ["win", "overturn"] {
            stage
                .control(&format!("disputes/{id}/{action}"), json!({}))
                .await;
        }
        if withheld {
            // No webhook came: Stripe is asked, and tells each movement by its transaction.
            let tally = stage.reconcile().await;
            assert!(tally.is_good(), "{tally}");
            assert_eq!(stage.balance("u").await, "0");
            stage.control("release", json!({})).await;
        }
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "0", "withheld: {withheld}");
        let status = stage.status("u", &begun.payment_id).await;
        assert_eq!(
            (&status["disputed"], &status["reversed_usd"]),
            (&json!(25), &json!(25))
        );
        let outcomes = stage.events().await;
        assert!(
            outcomes
                .iter()
                .all(|(_, outcome)| outcome != "contradiction"),
            "{outcomes:?}"
        );
    }
}
