//! A user tops up in hryvnia, and sees it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::gateway::{client, problem, sent, token_of};

#[tokio::test]
async fn hryvnias_are_credited_at_the_rate_of_the_beginning_although_it_moved() {
    let stage = Stage::without_rate(&[]).await;
    stage.rate("41.50", SignedDuration::ZERO).await;
    let body = json!({"amount_uah": 500.5, "receipt_email": "a+b@mail.example"});
    let created = good(stage.creation("u", &body, None)).await;
    assert_eq!(created["amount"].to_string(), "500.5");
    assert_eq!(created["currency"], "UAH");
    assert_eq!(created["protocol"], "fondy");
    let id = created["payment_id"].as_str().unwrap();
    assert_eq!(created["orderId"], id);
    assert!(created["paymentUrl"].as_str().unwrap().starts_with("http"));
    assert_eq!(stage.status("u", id).await["status"], "pending");

    stage.rate("50", SignedDuration::ZERO).await;
    stage.order(id, "pay").await;
    // 500.50 / 41.50, rounded down to the micro.
    stage.balance_becomes("u", "12.06024").await;
    let balance = stage.get("u", "/api/billing/balance").await;
    assert_eq!(balance["billing"]["balance_uah"].to_string(), "603.01");
    let rate = &balance["billing"]["uah_rate"];
    assert_eq!(rate["source"], "test");
    assert_eq!(rate["rate"].to_string(), "50");
    assert!(rate["fetched_at"].is_string());
    let history = stage.get("u", "/api/billing/history").await;
    let entry = &history["transactions"][0];
    assert_eq!(entry["type"], "topup");
    assert_eq!(entry["amount_uah"].to_string(), "500.5");
    assert_eq!(entry["payment_provider"], "fondy");
    assert_eq!(entry["payment_id"], id);
    let status = stage.status("u", id).await;
    assert_eq!(status["status"], "succeeded");
    assert_eq!(status["amount"].to_string(), "500.5");
    assert_eq!(status["credited_usd"].to_string(), "12.06024");
}

#[tokio::test]
async fn who_is_told_of_a_payment_is_who_the_token_says_and_not_the_body() {
    let flags = ["--jwt-email-claim=email", "--jwt-name-claim=name"];
    let stage = Stage::without_rate(&flags).await;
    stage.rate("40", SignedDuration::ZERO).await;
    let claims = json!({"userId": "u", "email": "u@mail.example", "name": "Оля"});
    let create = stage
        .gateway
        .request(reqwest::Method::POST, "/api/billing/payment/fondy/create")
        .bearer_auth(token_of(&claims))
        .json(&json!({"amount_uah": 100, "receipt_email": "other@mail.example"}));
    good(create).await;
    let mut owner = stage.database.connect_as_owner().await;
    let known: Vec<(String, String)> = sqlx::query_as("select email, name from contact")
        .fetch_all(&mut owner)
        .await
        .unwrap();
    assert_eq!(known, [("u@mail.example".to_owned(), "Оля".to_owned())]);
}

#[tokio::test]
async fn the_browsers_return_credits_nothing() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let begun = stage.begun("u").await;
    // The payer's way: the page, its form, and back to where FRONTEND_URL points.
    let page = sent(client().get(&begun.page)).await;
    assert_eq!(page.status(), 200);
    stage.order(&begun.id, "pay").await;
    for path in ["/", "/billing", "/api/billing/payment/fondy/return"] {
        let returned = stage
            .gateway
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("order_id={}&order_status=approved", begun.id));
        assert!(sent(returned).await.status().is_client_error(), "{path}");
    }
    assert_eq!(stage.balance("u").await, "0");
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn a_browser_that_the_page_brings_back_by_a_form_is_led_on_to_the_dashboard() {
    let stage = Stage::without_rate(&["--web-url=https://billing.example.com"]).await;
    stage.rate("40", SignedDuration::ZERO).await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "pay").await;
    let page = sent(client().get(&begun.page)).await.text().await.unwrap();
    let path = format!("/api/billing/payment/fondy/return?payment={}", begun.id);
    let target = format!("action=\"http://{}{path}\"", stage.gateway.addr);
    assert!(page.contains(&target), "{page}");
    let without_redirects = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let returned = async |path: &str| {
        let url = format!("http://{}{path}", stage.gateway.addr);
        let form = "order_id=1&order_status=approved";
        let request = without_redirects
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        sent(request.body(form)).await
    };
    let led = returned(&path).await;
    assert_eq!(led.status(), 303);
    let to = format!(
        "https://billing.example.com/app/top-up/return?payment={}",
        begun.id
    );
    assert_eq!(led.headers()["location"], to.as_str());
    for nobodys in [
        "/api/billing/payment/fondy/return",
        "/api/billing/payment/fondy/return?payment=//evil.example",
        "/api/billing/payment/other/return?payment=1",
    ] {
        assert_eq!(returned(nobodys).await.status(), 404, "{nobodys}");
    }
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_by_its_name() {
    let stage = Stage::without_rate(&["--topup-max-uah=5000"]).await;
    stage.rate("40", SignedDuration::ZERO).await;
    for body in [
        json!({}),
        json!({"amount_uah": "100"}),
        json!({"amount_uah": 9.99}),
        json!({"amount_uah": 10.001}),
        json!({"amount_uah": 5000.01}),
        json!({"amount_usd": 100}),
    ] {
        let refused = problem(stage.creation("u", &body, None)).await;
        assert_eq!(refused["status"], 400, "{body} {refused}");
        assert_eq!(refused["errors"][0]["field"], "amount_uah", "{body}");
    }
    good(stage.creation("u", &json!({"amount_uah": 10}), None)).await;
    good(stage.creation("u", &json!({"amount_uah": 5000}), None)).await;
}

#[tokio::test]
async fn without_a_rate_that_is_new_enough_no_payment_begins_and_figures_say_how_old_it_is() {
    let stage = Stage::without_rate(&[]).await;
    let create = || stage.creation("u", &json!({"amount_uah": 100}), None);
    let refused = problem(create()).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(503), &json!("RATE_UNAVAILABLE"))
    );
    stage.rate("40", SignedDuration::from_hours(49)).await;
    assert_eq!(problem(create()).await["code"], "RATE_UNAVAILABLE");
    let balance = stage.get("u", "/api/billing/balance").await;
    let fetched_at = balance["billing"]["uah_rate"]["fetched_at"].as_str();
    let age = jiff::Timestamp::now().duration_since(fetched_at.unwrap().parse().unwrap());
    assert!(age >= SignedDuration::from_hours(49), "{balance}");
    stage.rate("40", SignedDuration::from_hours(47)).await;
    good(create()).await;
}

#[tokio::test]
async fn while_payments_are_off_payers_are_told_the_operators_reason() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.switch("payments", false, "Back at 12:00").await;
    let create = || stage.creation("u", &json!({"amount_uah": 100}), None);
    let since = std::time::Instant::now();
    let refused = loop {
        // Cores follow within a second.
        let response = sent(create()).await;
        if !response.status().is_success() {
            break response;
        }
        assert!(since.elapsed() < std::time::Duration::from_secs(10));
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["code"], "PAYMENTS_OFF");
    assert_eq!(refused["message"], "Back at 12:00");
    // What has begun goes on.
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn a_declined_card_is_told_in_one_text_and_the_order_can_still_be_paid() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "decline").await;
    stage.delivered().await;
    let status = stage.status("u", &begun.id).await;
    assert_eq!(status["status"], "pending");
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("The payment was declined."),
        "{message}"
    );
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn an_order_that_nobody_pays_expires() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "expire").await;
    stage.delivered().await;
    assert_eq!(stage.status("u", &begun.id).await["status"], "expired");
    assert_eq!(stage.balance("u").await, "0");
}

#[tokio::test]
async fn where_an_order_is_paid_is_told_again_until_it_is() {
    let stage = Stage::start().await;
    let body = json!({"amount_uah": 100});
    let create = || stage.creation("u", &body, Some("key-1"));
    let first = good(create()).await;
    assert_eq!(first["status"], "pending");
    assert_eq!(good(create()).await, first);
    let other = problem(stage.creation("u", &json!({"amount_uah": 101}), Some("key-1"))).await;
    assert_eq!(other["code"], "IDEMPOTENCY_KEY_REUSED");
    let next = good(stage.creation("u", &body, Some("key-2"))).await;
    assert_ne!(next["payment_id"], first["payment_id"]);
    stage
        .order(first["payment_id"].as_str().unwrap(), "pay")
        .await;
    stage.balance_becomes("u", "2.5").await;
    let paid = good(create()).await;
    assert_eq!(
        (&paid["status"], &paid["orderId"], &paid["paymentUrl"]),
        (&json!("succeeded"), &first["orderId"], &Value::Null)
    );
}
