//! What users say of their mail, and where it goes.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::gateway::{Gateway, System, config, problem, sent, token_of};

const FLAGS: [&str; 2] = ["--jwt-email-claim=email", "--jwt-name-claim=name"];

/// A system whose tokens say where their users are reached.
async fn started() -> System {
    let mut system = System::start().await;
    let core = &system.core;
    let config = config(&core.url(), &core.gateway_token, &FLAGS);
    system.gateway = Gateway::start(config).await;
    system
}

fn request(gateway: &Gateway, method: Method, path: &str, claims: &Value) -> RequestBuilder {
    gateway
        .request(method, &format!("/api/billing/{path}"))
        .bearer_auth(token_of(claims))
}

async fn good(request: RequestBuilder) -> Value {
    let response = sent(request).await;
    let status = response.status();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn language_and_mail_are_settings_like_the_others() {
    let system = started().await;
    let claims = json!({"userId": "u"});
    let get = || request(&system.gateway, Method::GET, "settings", &claims);
    let put = |body: Value| request(&system.gateway, Method::PUT, "settings", &claims).json(&body);
    let new = good(get()).await;
    let expected = json!({
        "success": true,
        "settings": {
            "daily_limit_usd": 10,
            "monthly_limit_usd": 100,
            "low_balance_threshold_usd": null,
            "time_zone": "UTC",
            "locale": "en",
            "mail_payments": true,
            "mail_low_balance": true,
            "mail_payment_failures": true,
            "has_email": false,
        },
    });
    assert_eq!(new, expected);
    let changed = put(json!({"locale": "uk", "mail_low_balance": false}));
    let changed = good(changed).await;
    assert_eq!(changed["settings"]["locale"], "uk");
    assert_eq!(changed["settings"]["mail_low_balance"], false);
    assert_eq!(changed["settings"]["mail_payments"], true);
    assert_eq!(good(get()).await["settings"], changed["settings"]);
    let refused = problem(put(json!({"locale": "de"}))).await;
    assert_eq!(refused["errors"][0]["field"], "locale", "{refused}");
}

#[tokio::test]
async fn an_address_comes_from_the_token_and_never_from_a_body() {
    let system = started().await;
    let put = |claims: &Value| {
        request(&system.gateway, Method::PUT, "settings", claims)
            .json(&json!({"locale": "en", "email": "other@mail.example", "contact": {"email": "o@mail.example"}}))
    };
    let without = good(put(&json!({"userId": "u", "email": "no address"}))).await;
    assert_eq!(without["settings"]["has_email"], false);
    let with = good(put(&json!({"userId": "u", "email": "u@mail.example"}))).await;
    assert_eq!(with["settings"]["has_email"], true);
}

#[tokio::test]
async fn a_token_without_a_usable_address_is_good_and_gets_no_mail() {
    let system = started().await;
    for email in [
        "a@x.example;b@y.example",
        r#""a b"@x.example"#,
        "a@[127.0.0.1]",
        "a@@b.example",
        "olena@\u{202e}x.example",
        "олена@x.example",
    ] {
        let claims = json!({"userId": "u", "email": email, "name": "é".repeat(128)});
        let put = request(&system.gateway, Method::PUT, "settings", &claims)
            .json(&json!({"locale": "uk"}));
        let settings = good(put).await;
        assert_eq!(settings["settings"]["has_email"], false, "{email}");
        let test = request(&system.gateway, Method::POST, "test-email", &claims);
        assert_eq!(problem(test).await["code"], "NO_EMAIL", "{email}");
    }
}

#[tokio::test]
async fn an_address_is_forgotten_when_the_token_stops_giving_one() {
    let system = started().await;
    let known = json!({"userId": "u", "email": "u@mail.example", "name": "U"});
    let has_email = async |path: &str, claims: &Value| {
        let method = if path == "settings" {
            Method::PUT
        } else {
            Method::POST
        };
        sent(request(&system.gateway, method, path, claims).json(&json!({}))).await;
        let shown = good(request(&system.gateway, Method::GET, "settings", claims)).await;
        shown["settings"]["has_email"].clone()
    };
    for (path, stopped) in [
        ("settings", json!({"userId": "u"})),
        ("settings", json!({"userId": "u", "name": "U"})),
        ("settings", json!({"userId": "u", "email": "a@@b.example"})),
        (
            "settings",
            json!({"userId": "u", "email": "u@mail.example", "email_verified": false}),
        ),
        ("test-email", json!({"userId": "u"})),
    ] {
        assert_eq!(has_email("settings", &known).await, true);
        assert_eq!(has_email(path, &stopped).await, false, "{path} {stopped}");
    }
}

#[tokio::test]
async fn a_test_mail_goes_to_the_tokens_address_and_once_a_minute() {
    let system = started().await;
    let send = |claims: Value| request(&system.gateway, Method::POST, "test-email", &claims);
    for claims in [
        json!({"userId": "u"}),
        json!({"userId": "u", "name": "U"}),
        json!({"userId": "u", "email": 7}),
    ] {
        let refused = problem(send(claims).json(&json!({"email": "u@mail.example"}))).await;
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(409), &json!("NO_EMAIL"))
        );
    }
    let claims = |user: &str| json!({"userId": user, "email": "u@mail.example"});
    let answer = good(send(claims("u"))).await;
    assert_eq!(answer["success"], true);
    let again = sent(send(claims("u"))).await;
    assert_eq!(again.status(), 429);
    assert_eq!(again.headers()["retry-after"], "60");
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["code"], "TEST_MAIL_TOO_SOON");
    good(send(claims("v"))).await;
}
