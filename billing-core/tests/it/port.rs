//! The port for gRPC under connections that say nothing, or nothing that is admitted.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use billing_proto::v1;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_testkit::{TestCore, TestDatabase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;
use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;

use crate::support::{account, core, eventually, with_token};

/// What an HTTP/2 connection begins with: preface and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A connection of its own.
fn channel(core: &TestCore) -> Channel {
    Endpoint::from_shared(core.url()).unwrap().connect_lazy()
}

async fn read_balance(channel: &Channel, token: &str) -> Result<(), tonic::Status> {
    let request = v1::GetBalanceRequest {
        account: Some(account("alice")),
    };
    BalanceServiceClient::new(channel.clone())
        .get_balance(with_token(request, token))
        .await
        .map(drop)
}

#[tokio::test]
async fn silent_connections_keep_nobody_out_and_end_within_the_time_of_the_first_call() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--first-call-secs", "2"]).await;
    let known = channel(&core);
    read_balance(&known, &core.tools_token).await.unwrap();
    let mut silent = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(core.address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(PREFACE).await.unwrap();
        }
        silent.push(stream);
        if number % 50 == 0 {
            read_balance(&channel(&core), &core.tools_token)
                .await
                .unwrap();
        }
    }
    let ended = async {
        for stream in &mut silent {
            // Whatever came before the end.
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        }
    };
    timeout(Duration::from_secs(10), ended).await.unwrap();
    // It has been silent for longer.
    read_balance(&known, &core.tools_token).await.unwrap();
    core.stop().await;
}

#[tokio::test]
async fn a_connection_that_calls_on_without_a_token_is_ended_and_one_that_had_one_is_not() {
    let (_database, core) = core().await;
    let known = channel(&core);
    read_balance(&known, &core.tools_token).await.unwrap();
    let stranger = channel(&core);
    for channel in [&known, &stranger] {
        for _ in 0..100 {
            let refused = read_balance(channel, "wrong").await.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated);
        }
    }
    let broken = async {
        loop {
            let refused = read_balance(&stranger, "wrong").await.unwrap_err();
            if refused.code() != Code::Unauthenticated {
                return;
            }
        }
    };
    timeout(Duration::from_secs(5), broken).await.unwrap();
    for _ in 0..200 {
        let refused = read_balance(&known, "wrong").await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
    read_balance(&known, &core.tools_token).await.unwrap();
}

/// The head of a call, and the end of its stream at once.
fn opened_and_reset(stream: u32) -> Vec<u8> {
    let path = b"/billing.v1.BalanceService/GetBalance";
    let content_type = b"application/grpc";
    // POST, http; path, authority and content type are spelt out.
    let mut head = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    head.extend_from_slice(path);
    head.extend_from_slice(b"\x01\x04core\x0f\x10");
    head.push(u8::try_from(content_type.len()).unwrap());
    head.extend_from_slice(content_type);
    let mut frames = vec![0, 0, u8::try_from(head.len()).unwrap(), 1, 4];
    frames.extend_from_slice(&stream.to_be_bytes());
    frames.extend_from_slice(&head);
    frames.extend_from_slice(&[0, 0, 4, 3, 0]);
    frames.extend_from_slice(&stream.to_be_bytes());
    frames.extend_from_slice(&8_u32.to_be_bytes());
    frames
}

#[tokio::test]
async fn a_connection_that_opens_and_resets_streams_without_a_token_is_ended() {
    let (_database, core) = core().await;
    let mut stream = TcpStream::connect(core.address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    let flood: Vec<u8> = (0..300).flat_map(|n| opened_and_reset(2 * n + 1)).collect();
    stream.write_all(&flood).await.unwrap();
    let ended = async {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    };
    timeout(Duration::from_secs(5), ended).await.unwrap();
}

#[tokio::test]
async fn who_comes_beyond_the_most_connections_of_an_address_is_refused_until_one_has_gone() {
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--connections-per-address", "4"]).await;
    let mut known = Vec::new();
    for _ in 0..4 {
        let channel = channel(&core);
        read_balance(&channel, &core.tools_token).await.unwrap();
        known.push(channel);
    }
    let fifth = read_balance(&channel(&core), &core.tools_token).await;
    assert!(fifth.is_err());
    known.pop();
    eventually("a place is free", async || {
        read_balance(&channel(&core), &core.tools_token)
            .await
            .is_ok()
    })
    .await;
    for channel in &known {
        read_balance(channel, &core.tools_token).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_of_another_content_type_is_refused_as_http_says_it() {
    let (_database, core) = core().await;
    for (content_type, status) in [
        ("application/grpc", 200),
        ("application/grpc+proto", 200),
        ("application/grpc-web", 415),
        ("application/json", 415),
        ("text/plain", 415),
    ] {
        let request = http::Request::post(format!("{}/grpc.health.v1.Health/Check", core.url()))
            .header("content-type", content_type)
            .body(Body::new("\0\0\0\0\0".to_owned()))
            .unwrap();
        let response = channel(&core).oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{content_type}");
        if status == 415 {
            assert!(!response.headers().contains_key("grpc-status"));
        }
    }
}

/// An address that was free a moment ago.
pub(crate) async fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// Whether the administrator's port says within a second that the core is ready.
async fn is_ready(admin: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(admin).await?;
        let request = b"GET /readyz HTTP/1.1\r\nhost: core\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    matches!(timeout(Duration::from_secs(1), asked).await, Ok(Ok(true)))
}

#[tokio::test]
async fn a_core_with_few_descriptors_says_that_it_is_ready_under_a_flood_of_connections() {
    let database = TestDatabase::new().await;
    let (address, admin) = (free().await, free().await);
    let mut core = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_billing-core"))
        .args(["--database-url", database.application_url()])
        .args(["--grpc-addr", &address.to_string()])
        .args(["--admin-addr", &admin.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    eventually("the core is ready", async || is_ready(admin).await).await;
    let mut flood = Vec::new();
    for _ in 0..20 {
        for _ in 0..50 {
            flood.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(is_ready(admin).await, "{} connections", flood.len());
    }
    let caller = Endpoint::from_shared(format!("http://{address}")).unwrap();
    read_balance(&caller.connect_lazy(), "none").await.unwrap();
    core.kill().await.unwrap();
}
