//! A user tops up, and sees it.

use std::net::SocketAddr;

use billing_proto::v1::{Decision, SuspendAccountRequest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stage::{Stage, good};
use crate::gateway::{Gateway, account, problem, sent, token, token_of};

#[tokio::test]
async fn a_card_payment_is_credited_and_shown_everywhere() {
    let stage = Stage::start().await;
    let body = json!({"amount_usd": 25.5, "receipt_email": "a+b@mail.example"});
    let text = sent(stage.creation("u", &body, None))
        .await
        .text()
        .await
        .unwrap();
    let created: Value = serde_json::from_str(&text).unwrap();
    assert!(text.contains(r#""amount":25.5,"#), "{text}");
    assert_eq!(created["currency"], "USD");
    assert_eq!(created["protocol"], "stripe");
    let reference = created["paymentIntentId"].as_str().unwrap();
    let payment_id = created["payment_id"].as_str().unwrap();
    let secret = created["clientSecret"].as_str().unwrap();
    assert!(
        secret.starts_with(&format!("{reference}_secret_")),
        "{secret}"
    );
    let begun = stage.status("u", payment_id).await;
    assert_eq!(
        (&begun["status"], &begun["message"]),
        (&json!("pending"), &Value::Null)
    );
    assert_eq!(stage.balance("u").await, "0");

    stage.pay(reference).await;
    stage.balance_becomes("u", "25.5").await;
    for name in [payment_id, reference] {
        let status = stage.status("u", name).await;
        assert_eq!(status["status"], "succeeded");
        assert_eq!(status["credited_usd"], json!(25.5));
        assert_eq!(status["payment_id"], payment_id);
        assert_eq!(status["reference"], reference);
        assert_eq!(status["refunds"], json!([]));
    }
    let history = stage.get("u", "/api/billing/history").await;
    let entry = &history["transactions"][0];
    assert_eq!(entry["type"], "topup");
    assert_eq!(entry["payment_provider"], "stripe");
    assert_eq!(entry["payment_id"], payment_id);
    let listed = stage.get("u", "/api/billing/payments").await;
    assert_eq!(listed["payments"][0]["payment_id"], payment_id);
    assert_eq!(
        listed["pagination"],
        json!({"limit": 50, "count": 1, "next_before": null})
    );
}

#[tokio::test]
async fn payments_are_listed_newest_first_and_page_by_page() {
    let stage = Stage::start().await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(stage.begun("u").await.payment_id);
    }
    begun.reverse();
    let mut listed = Vec::new();
    let mut before = String::new();
    loop {
        let page = stage
            .get("u", &format!("/api/billing/payments?limit=2{before}"))
            .await;
        for payment in page["payments"].as_array().unwrap() {
            listed.push(payment["payment_id"].as_str().unwrap().to_owned());
        }
        match page["pagination"]["next_before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(listed, begun);
}

#[tokio::test]
async fn a_repeated_creation_has_the_same_client_secret_and_another_content_is_refused() {
    let stage = Stage::start().await;
    let body = json!({"amount_usd": 25, "receipt_email": "a@mail.example"});
    let first = good(stage.creation("u", &body, Some("key-1"))).await;
    let again = good(stage.creation("u", &body, Some("key-1"))).await;
    assert_eq!(first, again);
    for other in [
        json!({"amount_usd": 26, "receipt_email": "a@mail.example"}),
        json!({"amount_usd": 25, "receipt_email": "b@mail.example"}),
        json!({"amount_usd": 25}),
    ] {
        let problem = problem(stage.creation("u", &other, Some("key-1"))).await;
        assert_eq!(problem["status"], 409);
        assert_eq!(problem["code"], "IDEMPOTENCY_KEY_REUSED");
    }
    let other_user = good(stage.creation("v", &body, Some("key-1"))).await;
    assert_ne!(other_user["payment_id"], first["payment_id"]);
}

#[tokio::test]
async fn a_payer_whose_token_has_an_odd_address_pays_all_the_same() {
    let stage = Stage::start_with(&["--jwt-email-claim=email"]).await;
    for email in ["a@x.example;b@y.example", "a@[127.0.0.1]", "a@@b.example"] {
        let claims = json!({"userId": "u", "email": email});
        let create = stage
            .gateway
            .request(reqwest::Method::POST, "/api/billing/payment/stripe/create")
            .bearer_auth(token_of(&claims))
            .json(&json!({"amount_usd": 25}));
        good(create).await;
    }
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_by_its_name() {
    let stage = Stage::start_with(&["--topup-max-usd=100"]).await;
    let missing = problem(stage.creation("u", &json!({}), None)).await;
    assert_eq!(
        missing["message"],
        "amount_usd must be given: this provider is paid in USD"
    );
    for (body, field) in [
        (json!({}), "amount_usd"),
        (json!({"amount_usd": null}), "amount_usd"),
        (json!({"amount_usd": "25"}), "amount_usd"),
        (json!({"amount_usd": 0.99}), "amount_usd"),
        (json!({"amount_usd": -5}), "amount_usd"),
        (json!({"amount_usd": 1.001}), "amount_usd"),
        (json!({"amount_usd": 100.01}), "amount_usd"),
        (json!({"amount_uah": 100}), "amount_usd"),
        (
            json!({"amount_usd": 5, "receipt_email": 7}),
            "receipt_email",
        ),
        (
            json!({"amount_usd": 5, "receipt_email": "nobody"}),
            "receipt_email",
        ),
        (
            json!({"amount_usd": 5, "receipt_email": "a@x.example;b@y.example"}),
            "receipt_email",
        ),
    ] {
        let problem = problem(stage.creation("u", &body, None)).await;
        assert_eq!(problem["status"], 400, "{body} {problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{body} {problem}");
    }
    let spaced = stage.creation("u", &json!({"amount_usd": 5}), Some("a b"));
    assert_eq!(
        problem(spaced).await["errors"][0]["field"],
        "Idempotency-Key"
    );
    good(stage.creation("u", &json!({"amount_usd": 1}), None)).await;
    good(stage.creation("u", &json!({"amount_usd": 100}), None)).await;
}

#[tokio::test]
async fn a_declined_card_is_told_in_one_text_and_the_payment_can_still_be_paid() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let path = format!("payments/{}/decline", begun.reference);
    stage.control(&path, json!({})).await;
    stage.delivered().await;
    let status = stage.status("u", &begun.payment_id).await;
    assert_eq!(status["status"], "pending");
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .starts_with("The payment was declined.")
    );
    assert!(!status.to_string().contains("card_declined"), "{status}");
    assert!(!status.to_string().contains("generic_decline"), "{status}");
    stage.pay(&begun.reference).await;
    stage.balance_becomes("u", "25").await;
    assert_eq!(
        stage.status("u", &begun.payment_id).await["message"],
        Value::Null
    );
}

#[tokio::test]
async fn nobody_sees_the_payment_of_another_user() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    for name in [&begun.payment_id, &begun.reference] {
        let path = format!("/api/billing/payment/stripe/{name}/status");
        let request = stage.gateway.get(&path).bearer_auth(token(&json!("v")));
        assert_eq!(problem(request).await["status"], 404, "{name}");
    }
    assert_eq!(
        stage.get("v", "/api/billing/payments").await["payments"],
        json!([])
    );
}

/// Sends a path as it stands: a client would tidy it up.
async fn status_line(addr: SocketAddr, path: &str) -> String {
    let token = token(&json!("u"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_crafted_name_of_a_payment_is_not_found() {
    let stage = Stage::start().await;
    for crafted in [
        "pi_x/../..",
        "pi_x%2F..%2Frefunds",
        "..%2F..%2Fv1%2Fcharges",
        "pi_x%3Fexpand%5B%5D=customer",
        "pi_x%23",
        "pi_%00",
        "%FF",
        "pi_unknown",
        "not-one-of-ours",
    ] {
        let path = format!("/api/billing/payment/stripe/{crafted}/status");
        let line = status_line(stage.gateway.addr, &path).await;
        assert!(line.contains("404"), "{crafted}: {line}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_not_there() {
    let gateway = Gateway::without_core(&[]).await;
    for path in [
        "/webhooks/stripe",
        "/api/v1/stripe/webhook",
        "/webhooks/other",
    ] {
        let request = gateway.request(reqwest::Method::POST, path).body("{}");
        assert_eq!(problem(request).await["status"], 404, "{path}");
    }
    let create = gateway
        .request(reqwest::Method::POST, "/api/billing/payment/stripe/create")
        .bearer_auth(token(&json!("u")))
        .json(&json!({"amount_usd": 5}));
    assert_eq!(problem(create).await["status"], 404);
}

#[tokio::test]
async fn who_creates_payments_too_fast_is_held_back() {
    let stage = Stage::start_with(&["--payment-limit-user=2"]).await;
    let create = |user| stage.creation(user, &json!({"amount_usd": 5}), None);
    good(create("u")).await;
    good(create("u")).await;
    let refused = problem(create("u")).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(429), &json!("RATE_LIMITED"))
    );
    good(create("v")).await;
    assert_eq!(stage.balance("u").await, "0");
    for flag in ["--payment-limit-ip=1", "--payment-limit-tenant=1"] {
        let stage = Stage::start_with(&[flag]).await;
        good(stage.creation("u", &json!({"amount_usd": 5}), None)).await;
        let refused = problem(stage.creation("v", &json!({"amount_usd": 5}), None)).await;
        assert_eq!(refused["status"], 429, "{flag}");
    }
}

#[tokio::test]
async fn new_payments_of_a_tenant_whose_payers_are_declined_in_masses_are_paused() {
    let stage = Stage::start().await;
    let declines = "insert into payment_decline (tenant_id, provider, event_id, declined_at)
        select 'demo', 'stripe', 'evt_' || number, clock_timestamp()
        from generate_series(1, 30) as number";
    stage.sql(declines).await;
    let create = || stage.creation("u", &json!({"amount_usd": 5}), None);
    let paused = problem(create()).await;
    assert_eq!(
        (&paused["status"], &paused["code"]),
        (&json!(503), &json!("PAYMENTS_PAUSED"))
    );
    assert_eq!(paused["message"], "payments cannot be made at present");
    assert_eq!(sent(create()).await.headers()["retry-after"], "300");
}

#[tokio::test]
async fn a_user_without_money_is_allowed_again_once_he_has_topped_up() {
    let stage = Stage::start().await;
    stage.paid("u").await;
    let no_limits = r#"{"daily_limit_usd": null, "monthly_limit_usd": null}"#;
    good(stage.gateway.put_settings_of("u", no_limits)).await;
    assert_eq!(stage.charge("u", "1", 25_000_000).await, Decision::Allowed);
    assert_eq!(
        stage.charge("u", "2", 1).await,
        Decision::InsufficientBalance
    );
    stage.paid("u").await;
    assert_eq!(stage.charge("u", "3", 1).await, Decision::Allowed);
}

#[tokio::test]
async fn a_suspended_account_is_told_before_it_pays_and_what_it_has_begun_is_credited() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let suspend = SuspendAccountRequest {
        account: Some(account("u")),
        ..Default::default()
    };
    stage
        .core
        .accounts()
        .suspend_account(suspend)
        .await
        .unwrap();
    let body = json!({"amount_usd": 25});
    let refused = problem(stage.creation("u", &body, Some("1"))).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(403), &json!("ACCOUNT_SUSPENDED"))
    );
    let balance = stage.get("u", "/api/billing/balance").await;
    assert_eq!(balance["billing"]["suspended"], true);
    stage.pay(&begun.reference).await;
    stage.balance_becomes("u", "25").await;
    let refund = good(stage.refund(&begun.payment_id, &json!({"reason": "r"}), "1")).await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(stage.balance("u").await, "0");
}
