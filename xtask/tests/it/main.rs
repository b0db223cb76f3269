//! `cargo xtask up` as a person meets it: the program itself, started, killed, stopped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A build may come first.
const PATIENCE: Duration = Duration::from_mins(10);

fn command(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["up", "--json", "--free-ports", "--state"])
        .arg(state);
    command
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn start(state: &Path) -> (Child, Value) {
    let mut up = command(state).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(up.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    (up, serde_json::from_str(&line.unwrap()).unwrap())
}

fn text<'a>(announced: &'a Value, name: &str) -> &'a str {
    announced.get(name).and_then(Value::as_str).unwrap()
}

fn authority<'a>(announced: &'a Value, name: &str) -> &'a str {
    text(announced, name).strip_prefix("http://").unwrap()
}

/// The user's balance over REST, as it is on the wire.
async fn balance(announced: &Value) -> String {
    let gateway = authority(announced, "gateway");
    let jwt = text(announced, "jwt");
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let request = format!(
        "GET /api/billing/balance HTTP/1.1\r\nHost: {gateway}\r\n\
         Authorization: Bearer {jwt}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    let (_, balance) = body.split_once("\"balance_usd\":").unwrap();
    balance.split_once(',').unwrap().0.to_owned()
}

/// As root the PostgreSQL in it runs as somebody else, who must pass.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("billing-test-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in("/tmp")
        .unwrap()
}

async fn until_gone(what: &str, gone: impl AsyncFn() -> bool) {
    let waited = timeout(Duration::from_secs(20), async {
        while !gone().await {
            sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what} is left");
}

#[tokio::test]
async fn it_leaves_nothing_behind_when_it_is_killed_and_starts_again_with_its_data() {
    let folder = folder();
    let state = folder.path().join("state");
    let (mut up, first) = start(&state).await;
    assert_eq!(balance(&first).await, "6");
    up.kill().await.unwrap();
    for service in ["grpc", "gateway", "core_admin", "gateway_admin"] {
        let address = authority(&first, service);
        until_gone(service, async || TcpStream::connect(address).await.is_err()).await;
    }
    let postmaster = state.join("postgres/data/postmaster.pid");
    until_gone("PostgreSQL", async || !postmaster.exists()).await;

    let (mut up, second) = start(&state).await;
    // Neither granted twice nor lost; and what a script has learned is still good.
    assert_eq!(balance(&second).await, "6");
    for secret in ["jwt_secret", "tools_token", "gateway_token", "admin_token"] {
        assert_eq!(text(&second, secret), text(&first, secret));
    }

    let Output {
        status,
        stdout,
        stderr,
    } = command(&state).output().await.unwrap();
    assert!(!status.success() && stdout.is_empty());
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(
        stderr.contains(&format!("already running on {}", state.display())),
        "{stderr}"
    );

    let pid = rustix::process::Pid::from_raw(up.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(up.wait().await.unwrap().code(), Some(0));
    assert!(!postmaster.exists());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_way_out() {
    // Taken by this test, or already by somebody else: it is the same to the command.
    let _taken = std::net::TcpListener::bind("127.0.0.1:9080");
    let folder = folder();
    let state = folder.path().join("state");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command
        .args(["up", "--state"])
        .env_remove("DATABASE_URL")
        .arg(&state)
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("cannot be used") && stderr.contains("--free-ports"),
        "{stderr}"
    );
}
