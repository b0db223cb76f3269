//! Clients of one address that are too many, and others who must not notice.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::gateway::{Gateway, client_from, config, nobody, token};

const STRIPE: [&str; 3] = [
    "--stripe-secret-key=sk_test_1",
    "--stripe-webhook-secret=whsec_1",
    "--reconcile-secs=0",
];
const FONDY: [&str; 3] = [
    "--fondy-merchant-id=7",
    "--fondy-secret-key=a_secret",
    "--backend-url=http://127.0.0.1",
];

/// What an honest client waits for an answer. The others hold on for longer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whence crowds come.
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

#[tokio::test]
async fn who_begins_a_thousand_bodies_and_ends_none_keeps_nobody_out() {
    many_files();
    let mut config = config(&nobody().await, "unused", &[STRIPE, FONDY].concat());
    config.http.body_timeout = Duration::from_mins(1);
    config.http.request_timeout = Duration::from_mins(1);
    let gateway = Gateway::start(config).await;
    let _crowd = begun_bodies(&gateway, 1_100).await;
    others_are_answered(&gateway, ELSEWHERE).await;
}

#[tokio::test]
async fn where_bodies_have_no_more_room_who_ends_one_is_answered_also_from_the_same_address() {
    let mut config = config(&nobody().await, "unused", &[STRIPE, FONDY].concat());
    config.http.body_timeout = Duration::from_mins(1);
    config.http.request_timeout = Duration::from_mins(1);
    config.http.bodies_bytes = 100 * 1024;
    let gateway = Gateway::start(config).await;
    let _crowd = begun_bodies(&gateway, 50).await;
    others_are_answered(&gateway, ELSEWHERE).await;
    others_are_answered(&gateway, LOCALHOST).await;
}

#[tokio::test]
async fn who_opens_every_connection_and_says_nothing_keeps_nobody_out() {
    let flags = [&STRIPE[..], &FONDY, &["--max-connections=50"]].concat();
    let mut config = config(&nobody().await, "unused", &flags);
    config.http.header_timeout = Duration::from_mins(1);
    let gateway = Gateway::start(config).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(gateway.addr).await.unwrap());
    }
    others_are_answered(&gateway, ELSEWHERE).await;
}

#[tokio::test]
async fn who_fills_every_connection_with_begun_bodies_keeps_nobody_out() {
    let flags = [&STRIPE[..], &FONDY, &["--max-connections=60"]].concat();
    let gateway = Gateway::start(config(&nobody().await, "unused", &flags)).await;
    // One that was there before, and says nothing for a while, is not put out for them either.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((ELSEWHERE, 0).into()).unwrap();
    let mut early = socket.connect(gateway.addr).await.unwrap();
    let health = format!("http://{}/health", gateway.addr);
    let mut crowd = Vec::new();
    for _ in 0..5 {
        for _ in 0..60 {
            crowd.push(slow_body(&gateway).await);
        }
        let probe = client_from(ELSEWHERE).get(&health).send();
        let answer = timeout(Duration::from_secs(1), probe).await;
        assert!(answer.is_ok(), "a probe was not answered");
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
    let request = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    early.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    early.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn no_more_than_half_of_the_connections_read_a_body() {
    let flags = [&STRIPE[..], &["--max-connections=20"]].concat();
    let gateway = Gateway::start(config(&nobody().await, "unused", &flags)).await;
    let mut put_off = JoinSet::new();
    for _ in 0..20 {
        let mut stream = slow_body(&gateway).await;
        put_off.spawn(async move {
            let mut answer = vec![0; 1000];
            let read = timeout(Duration::from_secs(1), stream.read(&mut answer)).await;
            let read = read.map_or(0, |read| read.unwrap());
            let answer = String::from_utf8_lossy(&answer[..read]);
            (read > 0).then(|| {
                assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
                assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            })
        });
    }
    let put_off = put_off.join_all().await;
    assert_eq!(put_off.into_iter().flatten().count(), 10);
}

/// Users, each provider and probes: none is put off.
async fn others_are_answered(gateway: &Gateway, from: IpAddr) {
    let others = client_from(from);
    let url = |path: &str| format!("http://{}{path}", gateway.addr);
    let requests = [
        ("a probe", others.get(url("/health")), 200),
        // Refused for its query, by the last that is asked before the core.
        (
            "a user",
            others
                .get(url("/api/billing/history?limit=0"))
                .bearer_auth(token(&json!("u"))),
            400,
        ),
        (
            "a user's settings",
            others
                .put(url("/api/billing/settings"))
                .bearer_auth(token(&json!("u")))
                .header("content-type", "application/json")
                .body("[]"),
            400,
        ),
        (
            "another provider",
            others.post(url("/webhooks/fondy")).body("{}"),
            400,
        ),
        (
            "the same provider",
            others.post(url("/webhooks/stripe")).body("{}"),
            400,
        ),
    ];
    for (who, request, status) in requests {
        let answer = timeout(PATIENCE, request.send()).await;
        assert!(answer.is_ok(), "{who} was not answered");
        assert_eq!(answer.unwrap().unwrap().status(), status, "{who}");
    }
}

/// As many webhooks whose bodies the gateway has asked for, and got one byte of.
async fn begun_bodies(gateway: &Gateway, number: usize) -> Vec<TcpStream> {
    let mut crowd = JoinSet::new();
    for _ in 0..number {
        crowd.spawn(begun_body(gateway.addr));
    }
    crowd.join_all().await
}

/// A webhook of which the head and one byte have come.
async fn slow_body(gateway: &Gateway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
    let begun = "POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
    stream.write_all(begun.as_bytes()).await.unwrap();
    stream
}

async fn begun_body(gateway: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let head = "POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\
                expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The beginning of an answer: to go on, or a refusal.
    stream.read_exact(&mut [0; 12]).await.unwrap();
    stream.write_all(b"{").await.unwrap();
    stream
}

/// Both ends of the crowd's connections are this process's.
fn many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
