use http::StatusCode;
use serde_json::{Value, json};

use super::stage::{MERCHANT, Received, Stage};

fn status(received: &Received) -> Value {
    received.params()["order_status"].clone()
}

#[tokio::test]
async fn a_callback_tells_what_the_status_tells_in_either_encoding() {
    let mut stage = Stage::open().await;
    for (form, content_type) in [
        (false, "application/json"),
        (true, "application/x-www-form-urlencoded"),
    ] {
        stage.control("mode", json!({ "form": form })).await;
        let order_id = format!("order-{form}");
        stage.checkout(&order_id).await;
        stage.pay(&order_id).await;
        let told = stage.received().await;
        assert_eq!(told.content_type, content_type);
        assert!(told.is_signed(), "{}", told.body);
        let told = told.params();
        let asked = stage.status(&order_id).await;
        for name in [
            "order_id",
            "order_status",
            "amount",
            "actual_amount",
            "masked_card",
        ] {
            assert_eq!(told[name], asked[name], "{name}");
        }
        assert_eq!(told["merchant_data"], "{\"payment\":\"п1\"}");
        assert!(told.contains_key("response_signature_string"));
        let merchant = if form {
            json!(MERCHANT.to_string())
        } else {
            json!(MERCHANT)
        };
        assert_eq!(told["merchant_id"], merchant);
    }
}

#[tokio::test]
async fn every_reversal_is_told_with_the_sum_so_far() {
    let mut stage = Stage::open().await;
    stage.checkout("r").await;
    stage.pay("r").await;
    stage.received().await;
    for (amount, sum, then) in [(5_000, "5000", "approved"), (7_550, "12550", "reversed")] {
        let fields = json!({ "amount": amount });
        stage.control("orders/r/reverse", fields).await;
        let told = stage.received().await;
        assert!(told.is_signed());
        let told = told.params();
        assert_eq!(told["reversal_amount"], sum);
        assert_eq!(told["order_status"], then);
        assert_eq!(told["tran_type"], "reverse");
        assert_eq!(told["actual_amount"], "12550");
    }
}

#[tokio::test]
async fn only_200_ends_the_repeating_which_repeats_the_same_bytes() {
    let mut stage = Stage::open().await;
    stage.listener_answers(&[
        StatusCode::NO_CONTENT,
        StatusCode::FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::CREATED,
    ]);
    stage.checkout("again").await;
    stage.pay("again").await;
    let first = stage.received().await;
    for _ in 0..4 {
        assert_eq!(stage.received().await.body, first.body);
    }
    let delivery = loop {
        let url = format!("{}/sandbox/deliveries", stage.sandbox.url());
        let all: Value = stage
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let delivery = all["deliveries"][0].clone();
        if delivery["state"] == "delivered" {
            break delivery;
        }
    };
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 5);
    assert!(stage.nothing_is_received());
}

#[tokio::test]
async fn it_is_given_up_after_six_repetitions() {
    let mut stage = Stage::open().await;
    stage.listener_answers(&[StatusCode::INTERNAL_SERVER_ERROR; 10]);
    stage.checkout("never").await;
    stage.pay("never").await;
    for _ in 0..7 {
        stage.received().await;
    }
    loop {
        let url = format!("{}/sandbox/deliveries", stage.sandbox.url());
        let all: Value = stage
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        if all["deliveries"][0]["state"] == "given_up" {
            break;
        }
    }
    assert!(stage.nothing_is_received());
}

#[tokio::test]
async fn callbacks_are_withheld_reversed_copied_and_sent_again_as_asked() {
    let mut stage = Stage::open().await;
    let mode = json!({ "withhold": true, "reverse": true });
    stage.control("mode", mode).await;
    stage.checkout("m").await;
    stage.control("orders/m/decline", json!({})).await;
    stage.pay("m").await;
    assert!(stage.nothing_is_received());
    assert_eq!(stage.control("release", json!({})).await["released"], 2);
    assert_eq!(status(&stage.received().await), "approved");
    assert_eq!(status(&stage.received().await), "declined");

    stage.control("mode", json!({ "copies": 3 })).await;
    stage.control("orders/m/reverse", json!({})).await;
    for _ in 0..3 {
        assert_eq!(status(&stage.received().await), "reversed");
    }
    stage.control("deliveries/0/redeliver", json!({})).await;
    assert_eq!(status(&stage.received().await), "declined");
    assert!(stage.nothing_is_received());
}

#[tokio::test]
async fn an_order_without_a_callback_is_told_to_nobody() {
    let mut stage = Stage::open().await;
    let mut order = stage.order("silent");
    order.as_object_mut().unwrap().remove("server_callback_url");
    stage.call("checkout/url", order).await;
    stage.pay("silent").await;
    stage.checkout("told").await;
    stage.pay("told").await;
    assert_eq!(stage.received().await.params()["order_id"], "told");
    assert!(stage.nothing_is_received());
}
