//! The core away, late, or not speaking its language: fail closed, with one body.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::gateway::{Gateway, config, problem, sent, token};

#[tokio::test]
async fn a_core_that_is_away_is_503_with_retry_after() {
    let gateway = Gateway::without_core(&[]).await;
    let user = token(&json!("u"));
    let requests = || {
        [
            gateway.get("/api/billing/balance").bearer_auth(&user),
            gateway.get("/api/billing/history").bearer_auth(&user),
            gateway
                .get("/api/billing/usage?from=2026-11-01")
                .bearer_auth(&user),
            gateway.put_settings("{}"),
            gateway.get("/ready"),
        ]
    };
    for request in requests() {
        let problem = problem(request).await;
        assert_eq!(problem["status"], 503);
        assert_eq!(problem["code"], "BILLING_UNAVAILABLE");
    }
    for request in requests() {
        assert_eq!(sent(request).await.headers()["retry-after"], "2");
    }
}

#[tokio::test]
async fn a_core_that_does_not_answer_is_503_within_the_deadline() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let gateway = Gateway::start(config(&url, "unused", &["--core-timeout-ms", "300"])).await;
    let started = Instant::now();
    let balance = gateway
        .get("/api/billing/balance")
        .bearer_auth(token(&json!("u")));
    assert_eq!(problem(balance).await["code"], "BILLING_UNAVAILABLE");
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
}

#[tokio::test]
async fn whatever_else_answers_in_place_of_the_core_is_503() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let gateway = Gateway::start(config(&url, "unused", &[])).await;
    let balance = gateway
        .get("/api/billing/balance")
        .bearer_auth(token(&json!("u")));
    assert_eq!(problem(balance).await["code"], "BILLING_UNAVAILABLE");
}
