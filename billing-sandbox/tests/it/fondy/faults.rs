use http::StatusCode;
use serde_json::{Value, json};

use super::stage::{Stage, signed};

#[tokio::test]
async fn a_fault_of_a_request_says_the_truth_about_its_effect() {
    for (fault, status, then) in [
        ("fail_after_commit", StatusCode::INTERNAL_SERVER_ERROR, 1013),
        ("bad_gateway_after_commit", StatusCode::BAD_GATEWAY, 1013),
        ("bad_gateway", StatusCode::BAD_GATEWAY, 0),
        ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, 0),
        ("failure_body", StatusCode::OK, 0),
    ] {
        let stage = Stage::open().await;
        let planned = json!({ "fault": fault, "request": "fondy_checkout" });
        stage.control("faults", planned).await;
        // A request of another kind is not struck.
        assert_eq!(stage.status("f").await["error_code"], 1018);
        let struck = stage.send("checkout/url", signed(stage.order("f"))).await;
        assert_eq!(struck.status(), status, "{fault}");
        if fault == "failure_body" {
            let answer: Value = struck.json().await.unwrap();
            assert_eq!(answer["response"]["response_status"], "failure");
            assert_eq!(answer["response"]["error_code"], 1002);
        }
        let again = stage.call("checkout/url", stage.order("f")).await;
        let code = again["error_code"].as_u64().unwrap_or_default();
        assert_eq!(code, then, "{fault}: {again}");
    }
}

#[tokio::test]
async fn a_reversal_that_timed_out_is_found_by_its_key() {
    let stage = Stage::open().await;
    stage.checkout("t").await;
    stage.pay("t").await;
    let planned = json!({ "fault": "time_out", "request": "fondy_reverse" });
    stage.control("faults", planned).await;
    let asked = json!({
        "order_id": "t", "amount": 2_000, "currency": "UAH", "reverse_id": "k",
    });
    let lost = stage
        .http
        .post(format!("{}/reverse/order_id/", stage.sandbox.fondy_url()))
        .json(&json!({ "request": signed(asked.clone()) }))
        .timeout(std::time::Duration::from_millis(200))
        .send()
        .await;
    assert!(lost.unwrap_err().is_timeout());
    let again = stage.call("reverse/order_id", asked).await;
    assert_eq!(again["reverse_status"], "approved");
    assert_eq!(stage.status("t").await["reversal_amount"], "2000");
}

#[tokio::test]
async fn a_callback_that_is_told_oddly_changes_nothing_in_what_happened() {
    for (oddity, name, told, is_signed) in [
        ("other_amount", "amount", json!("12650"), true),
        ("other_currency", "currency", json!("USD"), true),
        ("other_merchant", "merchant_id", json!(1_396_425), true),
        ("md5_signature", "amount", json!("12550"), false),
        ("wrong_signature", "amount", json!("12550"), false),
        ("no_signature", "amount", json!("12550"), false),
    ] {
        let mut stage = Stage::open().await;
        let planned = json!({ "fault": oddity, "event": "fondy.approved" });
        stage.control("faults", planned).await;
        stage.checkout("o").await;
        stage.pay("o").await;
        let callback = stage.received().await;
        assert_eq!(callback.is_signed(), is_signed, "{oddity}");
        let params = callback.params();
        assert_eq!(params[name], told, "{oddity}");
        let length = params
            .get("signature")
            .map(|text| text.as_str().unwrap().len());
        match oddity {
            "md5_signature" => assert_eq!(length, Some(32)),
            "no_signature" => assert_eq!(length, None),
            _ => assert_eq!(length, Some(40)),
        }
        let asked = stage.status("o").await;
        assert_eq!(asked["amount"], "12550");
        assert_eq!(asked["order_status"], "approved");
    }
}

#[tokio::test]
async fn an_approval_can_be_told_that_the_status_does_not_confirm() {
    let mut stage = Stage::open().await;
    let planned = json!({ "fault": "unconfirmed", "event": "fondy.approved" });
    stage.control("faults", planned).await;
    stage.checkout("u").await;
    stage.pay("u").await;
    let told = stage.received().await;
    assert!(told.is_signed());
    assert_eq!(told.params()["order_status"], "approved");
    assert_eq!(stage.status("u").await["order_status"], "processing");
    stage.control("orders/u/complete", json!({})).await;
    assert_eq!(stage.received().await.params()["order_status"], "approved");
    assert_eq!(stage.status("u").await["order_status"], "approved");
}

#[tokio::test]
async fn a_reversal_can_be_told_that_nobody_made() {
    let mut stage = Stage::open().await;
    stage.checkout("u").await;
    stage.pay("u").await;
    stage.received().await;
    let planned = json!({ "fault": "unconfirmed", "event": "fondy.reversed" });
    stage.control("faults", planned).await;
    stage
        .control("orders/u/reverse", json!({ "amount": 50 }))
        .await;
    assert_eq!(stage.received().await.params()["reversal_amount"], "50");
    let asked = stage.status("u").await;
    assert_eq!(asked["reversal_amount"], "0");
    assert_eq!(asked["order_status"], "approved");
}

#[tokio::test]
async fn a_fault_that_does_not_fit_its_provider_is_refused() {
    let stage = Stage::open().await;
    let url = format!("{}/sandbox/faults", stage.sandbox.url());
    for wrong in [
        json!({ "fault": "failure_body", "request": "refund" }),
        json!({ "fault": "failure_body" }),
        json!({ "fault": "thin", "event": "fondy.approved" }),
        json!({ "fault": "md5_signature" }),
        json!({ "fault": "unconfirmed", "event": "fondy.declined" }),
        json!({ "fault": "other_amount", "event": "fondy.gremlin" }),
    ] {
        let answer = stage.http.post(&url).json(&wrong).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
}
