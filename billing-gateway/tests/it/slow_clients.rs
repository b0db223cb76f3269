//! Clients that take their time, and a gateway that ends while they do.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::gateway::{Gateway, config, nobody, sent, token};

#[tokio::test]
async fn more_requests_than_may_be_answered_at_once_are_refused() {
    // A core that never answers.
    let core = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", core.local_addr().unwrap());
    let flags = ["--max-requests=1", "--core-timeout-ms=60000"];
    let mut config = config(&url, "unused", &flags);
    config.http.request_timeout = Duration::from_mins(1);
    let gateway = Gateway::start(config).await;
    let ask = || {
        let user = token(&json!("u"));
        sent(gateway.get("/api/billing/balance").bearer_auth(user))
    };
    // One has the place; the other is not kept waiting.
    let asked = async {
        tokio::select! { first = ask() => first, second = ask() => second }
    };
    let refused = timeout(Duration::from_secs(10), asked).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let (asking, probe) = (ask(), sent(gateway.get("/health")));
    let probe = tokio::select! { answer = asking => answer, answer = probe => answer };
    assert_eq!(probe.status(), 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let mut config = config(&nobody().await, "unused", &[]);
    config.http.body_timeout = Duration::from_millis(100);
    let gateway = Gateway::start(config).await;
    let mut slow = open_put(&gateway, "{").await;
    let mut answer = vec![0; 4096];
    let read = slow.read(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(text.contains("REQUEST_TIMEOUT"), "{text}");
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let mut config = config(&nobody().await, "unused", &[]);
    config.http.header_timeout = Duration::from_millis(100);
    let gateway = Gateway::start(config).await;
    let mut slow = TcpStream::connect(gateway.addr).await.unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn what_is_under_way_ends_before_the_gateway_does() {
    let gateway = Gateway::without_core(&[]).await;
    // Its handler has begun once the gateway asks for the body.
    let mut slow = put_that_expects(&gateway, 2).await;
    let (readiness, served) = (gateway.readiness.clone(), gateway.served);
    assert!(readiness.is_ready());
    drop(gateway.shutdown);
    slow.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("BILLING_UNAVAILABLE"), "{answer}");
    served.await.unwrap();
    assert!(!readiness.is_ready());
    assert!(TcpStream::connect(gateway.addr).await.is_err());
}

/// A `PUT` of settings with the beginning of its body.
async fn open_put(gateway: &Gateway, begun: &str) -> TcpStream {
    put(
        gateway,
        &format!("content-length: {}\r\n\r\n{begun}", begun.len() + 2),
    )
    .await
}

/// A `PUT` of settings whose body of `bytes` the gateway has asked for.
async fn put_that_expects(gateway: &Gateway, bytes: usize) -> TcpStream {
    let rest = format!("content-length: {bytes}\r\nexpect: 100-continue\r\n\r\n");
    let mut stream = put(gateway, &rest).await;
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

async fn put(gateway: &Gateway, rest: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
    let user = token(&json!("u"));
    let head = format!(
        "PUT /api/billing/settings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {user}\r\n\
         content-type: application/json\r\n{rest}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}
