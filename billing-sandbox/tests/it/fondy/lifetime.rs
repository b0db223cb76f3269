use http::StatusCode;
use serde_json::json;

use super::stage::{PATIENCE, Stage};

#[tokio::test]
async fn a_declined_order_can_be_paid_within_its_lifetime_and_an_expired_one_cannot() {
    let mut stage = Stage::open().await;
    stage.checkout("d").await;
    stage.control("orders/d/decline", json!({})).await;
    let declined = stage.status("d").await;
    assert_eq!(declined["order_status"], "declined");
    assert_eq!(declined["response_code"], 1000);
    stage.pay("d").await;
    assert_eq!(stage.status("d").await["order_status"], "approved");

    let mut short = stage.order("e");
    short["lifetime"] = "1".into();
    stage.call("checkout/url", short).await;
    let told = async {
        loop {
            let told = stage.received().await.params();
            if told["order_id"] == "e" {
                break told;
            }
        }
    };
    // Nobody asks meanwhile.
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(told["order_status"], "expired");
    let url = format!("{}/sandbox/orders/e/pay", stage.sandbox.url());
    let refused = stage.http.post(url).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(stage.status("e").await["order_status"], "expired");
}

#[tokio::test]
async fn a_payment_whose_outcome_comes_later_is_processing_until_then() {
    let stage = Stage::open().await;
    for (end, status) in [("complete", "approved"), ("fail", "declined")] {
        stage.checkout(end).await;
        stage
            .control(&format!("orders/{end}/delay"), json!({}))
            .await;
        assert_eq!(stage.status(end).await["order_status"], "processing");
        stage
            .control(&format!("orders/{end}/{end}"), json!({}))
            .await;
        assert_eq!(stage.status(end).await["order_status"], status);
    }
}

#[tokio::test]
async fn an_order_that_its_bank_declines_after_its_lifetime_expires_too() {
    let mut stage = Stage::open().await;
    for order_id in ["slow", "unpaid"] {
        let mut short = stage.order(order_id);
        short["lifetime"] = 1.into();
        stage.call("checkout/url", short).await;
    }
    stage.control("orders/slow/delay", json!({})).await;
    let mut next = async || {
        let told = stage.received().await.params();
        (told["order_id"].clone(), told["order_status"].clone())
    };
    assert_eq!(next().await, (json!("slow"), json!("processing")));
    // Both lifetimes are over by now.
    assert_eq!(next().await, (json!("unpaid"), json!("expired")));
    assert_eq!(stage.status("slow").await["order_status"], "processing");
    stage.control("orders/slow/fail", json!({})).await;
    let mut next = async || stage.received().await.params()["order_status"].clone();
    assert_eq!(next().await, "declined");
    assert_eq!(next().await, "expired");
}
