//! Proxies between gateway and core, and connections that end under calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::post;
use billing_testkit::{Nginx, TestCore, TestDatabase};
use http::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::gateway::{Gateway, config, sent, token};

const UNLIMITED: &[&str] = &["--rate-limit-user", "1000000", "--rate-limit-ip", "1000000"];

/// nginx ends each connection after 1,000 requests, under those that are on their way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_where_nginx_recycles_the_connection_to_the_core() {
    const CALLS: usize = 20_000;
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let Some(nginx) = Nginx::before(core.address).await else {
        return;
    };
    let gateway = Gateway::start(config(&nginx.url(), &core.gateway_token, UNLIMITED)).await;
    let (gateway, made) = (Arc::new(gateway), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let (gateway, made) = (Arc::clone(&gateway), Arc::clone(&made));
        callers.spawn(async move {
            let mut statuses = BTreeMap::new();
            let token = token(&json!("u"));
            while made.fetch_add(1, Ordering::Relaxed) < CALLS {
                let balance = gateway.get("/api/billing/balance").bearer_auth(&token);
                *statuses
                    .entry(sent(balance).await.status().as_u16())
                    .or_insert(0) += 1;
            }
            statuses
        });
    }
    let mut statuses = BTreeMap::new();
    while let Some(counted) = callers.join_next().await {
        for (status, count) in counted.unwrap() {
            *statuses.entry(status).or_insert(0) += count;
        }
    }
    assert_eq!(statuses, BTreeMap::from([(200, CALLS)]));
}

#[tokio::test]
async fn a_call_whose_connection_breaks_is_made_again_on_another_one() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", between.local_addr().unwrap());
    let address = core.address;
    tokio::spawn(async move {
        // As a core that is killed once it has read the call.
        let (mut first, _) = between.accept().await.unwrap();
        let (mut bytes, mut read) = ([0; 1024], 0);
        // More than a connection begins with.
        while read < 200 {
            read += first.read(&mut bytes).await.unwrap();
        }
        drop(first);
        while let Ok((mut client, _)) = between.accept().await {
            let mut core = TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut core).await });
        }
    });
    let gateway = Gateway::start(config(&url, &core.gateway_token, &[])).await;
    let balance = gateway
        .get("/api/billing/balance")
        .bearer_auth(token(&json!("u")));
    assert_eq!(sent(balance).await.status(), 200);
}

#[tokio::test]
async fn a_proxys_own_answer_is_asked_for_again_unless_it_refuses_the_call() {
    for (status, page, calls) in [
        // The answer broke off: no trailers.
        (StatusCode::OK, "", 4),
        (StatusCode::BAD_GATEWAY, "", 4),
        (StatusCode::GATEWAY_TIMEOUT, "", 4),
        (StatusCode::PAYLOAD_TOO_LARGE, "", 1),
        // As nginx's and HAProxy's own pages are.
        (StatusCode::BAD_GATEWAY, "<html>nginx</html>", 4),
        (StatusCode::SERVICE_UNAVAILABLE, "<html>no server</html>", 4),
        (StatusCode::PAYLOAD_TOO_LARGE, "<html>nginx</html>", 1),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { (status, [("content-type", "text/html")], page) }
        };
        let path = "/billing.v1.BalanceService/GetBalance";
        let proxy = Routes::from(axum::Router::new().route(path, post(answer)));
        let incoming = TcpIncoming::from(listener);
        tokio::spawn(
            Server::builder()
                .add_routes(proxy)
                .serve_with_incoming(incoming),
        );
        let gateway = Gateway::start(config(&url, "unused", &[])).await;
        let balance = gateway
            .get("/api/billing/balance")
            .bearer_auth(token(&json!("u")));
        assert!(sent(balance).await.status().is_server_error());
        assert_eq!(asked.load(Ordering::SeqCst), calls, "{status} {page}");
    }
}

#[tokio::test]
async fn a_gateway_that_leaves_answers_what_still_comes_and_each_connection_ends_with_its_answer() {
    let gateway = Gateway::without_core(&[]).await;
    let health = sent(gateway.get("/health")).await;
    assert!(!health.headers().contains_key("connection"));
    gateway.readiness.leave();
    assert!(!gateway.readiness.is_ready());
    // On the connection that is there, and on one that begins now.
    for _ in 0..2 {
        let health = sent(gateway.get("/health")).await;
        assert_eq!(health.status(), 200);
        assert_eq!(health.headers()["connection"], "close");
    }
}
