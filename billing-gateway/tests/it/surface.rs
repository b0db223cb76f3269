//! What the public surface refuses, and how, before any core is asked.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{Gateway, problem, sent, token};

#[tokio::test]
async fn every_refusal_is_a_problem_body() {
    let gateway = Gateway::without_core(&[]).await;
    let user = token(&json!("u"));
    let balance = || gateway.get("/api/billing/balance");
    let form = gateway
        .request(Method::PUT, "/api/billing/settings")
        .bearer_auth(&user)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("daily_limit_usd=5");
    let other_charset = gateway
        .request(Method::PUT, "/api/billing/settings")
        .bearer_auth(&user)
        .header("content-type", "application/json; charset=utf-16")
        .body("{}");
    let refusals = [
        (gateway.get("/nowhere"), 404, "NOT_FOUND"),
        (
            gateway.request(Method::POST, "/api/billing/balance"),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            gateway.request(Method::DELETE, "/health"),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (balance(), 401, "UNAUTHENTICATED"),
        (balance().bearer_auth("x.y.z"), 401, "UNAUTHENTICATED"),
        (balance().basic_auth("u", Some("p")), 401, "UNAUTHENTICATED"),
        (
            balance().bearer_auth(&user).header("x-tenant-id", "other"),
            403,
            "TENANT_MISMATCH",
        ),
        (gateway.put_settings(""), 400, "INVALID_REQUEST"),
        (gateway.put_settings("[]"), 400, "INVALID_REQUEST"),
        (
            gateway.put_settings(r#"{"a": 1, "a": 2}"#),
            400,
            "INVALID_REQUEST",
        ),
        (form, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (other_charset, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            gateway.put_settings(&format!("\"{}\"", "x".repeat(1024 * 1024))),
            413,
            "BODY_TOO_LARGE",
        ),
    ];
    for (request, status, code) in refusals {
        let problem = problem(request).await;
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(status), &json!(code))
        );
    }
}

#[tokio::test]
async fn a_method_that_is_not_answered_is_refused_with_those_that_are() {
    let gateway = Gateway::without_core(&[]).await;
    let refused = sent(gateway.request(Method::POST, "/api/billing/settings")).await;
    let allowed: BTreeSet<&str> = refused.headers()["allow"]
        .to_str()
        .unwrap()
        .split(',')
        .collect();
    assert_eq!(allowed, BTreeSet::from(["GET", "HEAD", "PUT"]));
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    let gateway = Gateway::without_core(&[]).await;
    let user = token(&json!("u"));
    let get = |path: &str| gateway.get(path).bearer_auth(&user);
    let refusals = [
        (
            gateway.put_settings(r#"{"daily_limit_usd": "5"}"#),
            "daily_limit_usd",
        ),
        (
            gateway.put_settings(r#"{"daily_limit_usd": 1e2}"#),
            "daily_limit_usd",
        ),
        (
            gateway.put_settings(r#"{"monthly_limit_usd": 0.0000001}"#),
            "monthly_limit_usd",
        ),
        (
            gateway.put_settings(r#"{"monthly_limit_usd": -1}"#),
            "monthly_limit_usd",
        ),
        (
            gateway.put_settings(r#"{"low_balance_threshold_usd": {}}"#),
            "low_balance_threshold_usd",
        ),
        (gateway.put_settings(r#"{"time_zone": null}"#), "time_zone"),
        (gateway.put_settings(r#"{"locale": 7}"#), "locale"),
        (
            gateway.put_settings(r#"{"mail_payments": "yes"}"#),
            "mail_payments",
        ),
        (
            gateway.put_settings(r#"{"mail_low_balance": null}"#),
            "mail_low_balance",
        ),
        (get("/api/billing/history?limit=0"), "limit"),
        (get("/api/billing/history?limit=501"), "limit"),
        (get("/api/billing/history?limit=abc"), "limit"),
        (get("/api/billing/history?limit=1&limit=2"), "limit"),
        (get("/api/billing/history?offset=-1"), "offset"),
        (get("/api/billing/usage?from=yesterday"), "from"),
        (get("/api/billing/usage?to=2026-02-30"), "to"),
    ];
    for (request, field) in refusals {
        let problem = problem(request).await;
        assert_eq!(problem["code"], "INVALID_REQUEST", "{problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert!(
            problem["message"].as_str().unwrap().starts_with(field),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn health_is_answered_without_a_core_and_without_a_token() {
    let gateway = Gateway::without_core(&[]).await;
    for path in ["/health", "/api/v1/health"] {
        let answer: Value = sent(gateway.get(path)).await.json().await.unwrap();
        assert_eq!(answer["status"], "ok");
        let timestamp = answer["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served() {
    let gateway = Gateway::without_core(&[]).await;
    let document: Value = sent(gateway.get("/openapi.json"))
        .await
        .json()
        .await
        .unwrap();
    let committed: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    assert_eq!(document, committed);
    let page = sent(gateway.get("/docs")).await;
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("style-src")
    );
    let html = page.text().await.unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(html.contains(path.as_str()), "{path}");
    }
    assert!(!html.contains("<script"));
}

#[tokio::test]
async fn an_answer_names_the_trace_that_the_request_came_with() {
    let gateway = Gateway::without_core(&[]).await;
    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    let traceparent = format!("00-{trace_id}-b7ad6b7169203331-01");
    let answer = sent(gateway.get("/health").header("traceparent", traceparent)).await;
    assert_eq!(answer.headers()["x-request-id"], trace_id);
}

/// The ones that a page may send; the last by configuration.
const ALLOWED_HEADERS: [&str; 10] = [
    "authorization",
    "content-type",
    "if-none-match",
    "idempotency-key",
    "x-tenant-id",
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "x-b3-traceid",
];

#[tokio::test]
async fn only_configured_origins_may_call_from_a_browser() {
    let flags = [
        "--cors-origins=https://app.example.com",
        "--cors-headers=X-B3-TraceId",
    ];
    let gateway = Gateway::without_core(&flags).await;
    let preflight = |origin: &'static str| {
        gateway
            .request(Method::OPTIONS, "/api/billing/settings")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
    };
    let good = sent(preflight("https://app.example.com")).await;
    assert!(good.status().is_success());
    assert_eq!(
        good.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    let allowed = good.headers()["access-control-allow-headers"]
        .to_str()
        .unwrap();
    let allowed: Vec<&str> = allowed.split(',').collect();
    for header in ALLOWED_HEADERS {
        assert!(allowed.contains(&header), "{header}: {allowed:?}");
    }
    assert!(
        !allowed.contains(&"cookie") && !allowed.contains(&"*"),
        "{allowed:?}"
    );
    for origin in [
        "https://app.example.com.evil.org",
        "http://app.example.com",
        "null",
    ] {
        let refused = sent(preflight(origin)).await;
        assert!(
            !refused
                .headers()
                .contains_key("access-control-allow-origin"),
            "{origin}"
        );
    }
    // Also a refusal can be read by the page.
    let get = gateway
        .get("/api/billing/balance")
        .header("origin", "https://app.example.com");
    let refused = sent(get).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let gateway = Gateway::without_core(&["--rate-limit-user", "2"]).await;
    // A body that is refused reaches no core and still counts.
    let ask = |user: &str| {
        gateway
            .get("/api/billing/history?limit=0")
            .bearer_auth(token(&json!(user)))
    };
    let first = sent(ask("a")).await;
    let policies: Vec<_> = first.headers().get_all("ratelimit-policy").iter().collect();
    assert_eq!(policies, ["\"user\";q=2;w=60", "\"address\";q=1200;w=60"]);
    assert!(
        first.headers()["ratelimit"]
            .to_str()
            .unwrap()
            .starts_with("\"user\";r=1;t=")
    );
    assert_eq!(sent(ask("a")).await.status(), 400);
    let refused = sent(ask("a")).await;
    assert_eq!(refused.status(), 429);
    let retry_after: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((25..=30).contains(&retry_after), "{retry_after}");
    assert_eq!(problem(ask("a")).await["code"], "RATE_LIMITED");
    assert_eq!(sent(ask("b")).await.status(), 400);
}

#[tokio::test]
async fn addresses_are_limited_too_but_probes_are_not() {
    let flags = ["--rate-limit-ip", "2", "--trusted-proxies", "1"];
    let gateway = Gateway::without_core(&flags).await;
    let from = |address: &str| {
        gateway
            .get("/api/billing/balance")
            .header("x-forwarded-for", address)
    };
    for _ in 0..2 {
        assert_eq!(sent(from("192.0.2.1")).await.status(), 401);
    }
    assert_eq!(problem(from("192.0.2.1")).await["code"], "RATE_LIMITED");
    // The client's own words before the proxy's do not make him another.
    assert_eq!(sent(from("203.0.113.7, 192.0.2.1")).await.status(), 429);
    assert_eq!(sent(from("192.0.2.2")).await.status(), 401);
    for _ in 0..10 {
        let probe = gateway
            .get("/health")
            .header("x-forwarded-for", "192.0.2.1");
        assert_eq!(sent(probe).await.status(), 200);
    }
}
