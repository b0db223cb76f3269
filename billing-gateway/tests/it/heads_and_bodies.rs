//! Requests that are not as HTTP wants them, or larger than they may be, and what usual clients read of
//! the answers.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::gateway::Gateway;

const STRIPE: [&str; 3] = [
    "--stripe-secret-key=sk_test_1",
    "--stripe-webhook-secret=whsec_1",
    "--reconcile-secs=0",
];

/// Less than a body or a head is waited for.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_length_above_the_limit_is_refused_before_anything_is_read() {
    let gateway = Gateway::without_core(&STRIPE).await;
    let head = "POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n";
    for head in [
        format!("{head}\r\n"),
        format!("{head}expect: 100-continue\r\n\r\n"),
    ] {
        let answer = first_answer(&gateway, &head).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn usual_clients_read_why_a_body_was_refused() {
    let gateway = Gateway::without_core(&STRIPE).await;
    let clients = [
        ("python3", "urllib", URLLIB),
        ("python3", "requests", REQUESTS),
        ("node", "fetch", FETCH),
    ];
    // A body that is larger than it may be, and one of a caller who may not send any.
    let refusals = [
        ("POST", "/webhooks/stripe", "413"),
        ("PUT", "/api/billing/settings", "401"),
    ];
    let mut asked = JoinSet::new();
    for (program, client, script) in clients {
        for (method, path, status) in refusals {
            for kind in ["whole", "growing"] {
                let url = format!("http://{}{path}", gateway.addr);
                asked.spawn(async move {
                    let Some(said) = said(program, script, &[method, &url, kind]).await else {
                        eprintln!("SKIPPED: {program} with {client} is not there");
                        return;
                    };
                    assert_eq!(said, status, "{client}, {kind}, {path}");
                });
            }
        }
    }
    asked.join_all().await;
}

#[tokio::test]
async fn who_asks_whether_to_go_on_and_does_not_wait_reads_why_the_body_was_refused() {
    let gateway = Gateway::without_core(&STRIPE).await;
    for (path, status) in [
        ("/webhooks/stripe", 413),
        ("/webhooks/nobody", 404),
        ("/api/billing/payment/stripe/create", 401),
    ] {
        let body = vec![b'x'; 8 * 1024 * 1024];
        let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The answer is there before the body is.
        stream.readable().await.unwrap();
        let sent = timeout(AT_ONCE, stream.write_all(&body)).await.unwrap();
        assert!(sent.is_ok(), "{path}: {sent:?}");
        let mut answer = String::new();
        let read = timeout(AT_ONCE, stream.read_to_string(&mut answer)).await;
        assert!(read.is_ok(), "{path}: not closed after {answer}");
        assert!(read.unwrap().is_ok(), "{path}: lost after {answer:?}");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let gateway = Gateway::without_core(&[]).await;
    let get = |version: &str, hosts: &str| format!("GET /health HTTP/{version}\r\n{hosts}\r\n");
    for (request, status) in [
        (get("1.1", "host: x\r\n"), "200"),
        (get("1.1", "host:\r\n"), "200"),
        (get("1.0", ""), "200"),
        (get("1.1", ""), "400"),
        (get("1.1", "host: x\r\nhost: x\r\n"), "400"),
        (get("1.0", "host: x\r\nhost: y\r\n"), "400"),
        (get("1.1", "host: x y\r\n"), "400"),
    ] {
        let answer = first_answer(&gateway, &request).await;
        let expected = [format!("HTTP/1.1 {status} "), format!("HTTP/1.0 {status} ")];
        assert!(
            expected.iter().any(|start| answer.starts_with(start)),
            "{request}{answer}"
        );
    }
}

#[tokio::test]
async fn a_line_of_a_head_ends_with_carriage_return_and_line_feed() {
    let gateway = Gateway::without_core(&[]).await;
    for request in [
        "GET /health HTTP/1.1\nhost: x\n\n",
        "GET /health HTTP/1.1\r\nhost: x\n\r\n",
        "GET /health HTTP/1.1\r\nhost: x\r\nx-y: 1\nx-z: 2\r\n\r\n",
        "GET /health HTTP/1.1\r\nhost: x\r\n\n",
        "\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = first_answer(&gateway, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn every_head_of_a_connection_is_looked_at_and_no_body() {
    let gateway = Gateway::without_core(&[]).await;
    let post = "POST /health HTTP/1.1\r\nhost: x\r\n";
    let body = "\n\nGET / HTTP/1.1\n\n";
    let with_length = format!("{post}content-length: {}\r\n\r\n{body}", body.len());
    let in_chunks = format!(
        "{post}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let good = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let bad = "GET /health HTTP/1.1\nhost: x\n\n";
    let last = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for (requests, statuses) in [
        (
            [&with_length, good, good, bad, last].concat(),
            "405 200 200 400",
        ),
        ([&in_chunks, good, bad, last].concat(), "405 200 400"),
        ([&in_chunks, &with_length, last].concat(), "405 405 200"),
    ] {
        // As one piece, and byte by byte.
        for piece in [requests.len(), 1] {
            let answers = answers(&gateway, &requests, piece).await;
            assert_eq!(answers, statuses, "{requests:?} in pieces of {piece}");
        }
    }
}

/// What is answered first, within [`AT_ONCE`].
async fn first_answer(gateway: &Gateway, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = timeout(AT_ONCE, stream.read(&mut answer)).await;
    assert!(read.is_ok(), "no answer to {request:?}");
    let read = read.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// The statuses of all that is answered on one connection until it is closed.
async fn answers(gateway: &Gateway, requests: &str, piece: usize) -> String {
    let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in requests.as_bytes().chunks(piece) {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answered = Vec::new();
    let _ = timeout(AT_ONCE, stream.read_to_end(&mut answered)).await;
    // The first follows the last answer's body on its line.
    String::from_utf8_lossy(&answered)
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|answer| answer.get(..3))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last line that a script says; none where its program or its library is not there.
async fn said(program: &str, script: &str, arguments: &[&str]) -> Option<String> {
    let flag = if program == "node" { "-e" } else { "-c" };
    let output = Command::new(program)
        .args([flag, script])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("ModuleNotFoundError") || error.contains("fetch is not defined") {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Some(format!("{}{error}", said.trim()))
}

const URLLIB: &str = r#"
import sys, urllib.request, urllib.error
method, url, kind = sys.argv[1:]
chunks = [b"x" * 65536] * 128
body = b"".join(chunks) if kind == "whole" else iter(chunks)
request = urllib.request.Request(url, data=body, method=method)
request.add_header("content-type", "application/json")
try:
    print(urllib.request.urlopen(request, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"#;

const REQUESTS: &str = r#"
import sys, requests
method, url, kind = sys.argv[1:]
chunks = [b"x" * 65536] * 128
body = b"".join(chunks) if kind == "whole" else iter(chunks)
print(requests.request(method, url, data=body, timeout=20).status_code)
"#;

const FETCH: &str = r#"
const [method, url, kind] = process.argv.slice(1);
const chunks = Array(128).fill(new Uint8Array(65536));
const body = kind === "whole" ? Buffer.concat(chunks) : ReadableStream.from(chunks);
fetch(url, {method, body, duplex: "half"}).then((answer) => console.log(answer.status));
"#;
