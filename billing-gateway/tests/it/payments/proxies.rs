//! nginx and `HAProxy` before the gateway, and between it and the core, with the files of `deploy/`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billing_testkit::{Proxy, Upstream};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::stage::{Stage, WEBHOOK_SECRET, signature};
use crate::gateway::{Gateway, problem, sent, token};

const MIB: usize = 1024 * 1024;

/// Each proxy that is here, before a gateway of its own that reaches the core through it.
async fn proxies(stage: &Stage, flags: &[&str]) -> Vec<(Proxy, Gateway)> {
    let core = [upstream(stage.core.address)];
    let mut all = Vec::new();
    for is_nginx in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = [upstream(listener.local_addr().unwrap())];
        let proxy = if is_nginx {
            Proxy::nginx(&core, &gateway).await
        } else {
            Proxy::haproxy(&core, &gateway).await
        };
        let Some(proxy) = proxy else { continue };
        let mut config = stage.config(&[&["--trusted-proxies=1"], flags].concat());
        config.core.url = format!("http://{}", proxy.grpc);
        all.push((proxy, Gateway::start_on(listener, config)));
    }
    all
}

fn upstream(address: SocketAddr) -> Upstream {
    Upstream {
        address,
        admin: None,
    }
}

/// Where a proxy speaks HTTPS: itself, and the gate server before it.
fn doors(proxy: &Proxy) -> impl Iterator<Item = String> {
    let doors = std::iter::once(proxy.https).chain(proxy.gate);
    doors.map(|address| format!("https://{address}"))
}

/// Trusts the tests' authority only, follows nobody, and comes from this address of loopback.
fn client_at(address: [u8; 4]) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/tls/ca.pem");
    let authority = Certificate::from_pem(&std::fs::read(file).unwrap()).unwrap();
    Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .redirect(Policy::none())
        .local_address(IpAddr::from(address))
        .build()
        .unwrap()
}

fn client() -> Client {
    client_at([127, 0, 0, 1])
}

/// A webhook as Stripe signs it.
fn webhook(door: &str, body: Vec<u8>) -> RequestBuilder {
    let signature = signature(WEBHOOK_SECRET, Timestamp::now().as_second(), &body);
    client()
        .post(format!("{door}/webhooks/stripe"))
        .header("stripe-signature", signature)
        .body(body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_webhook_passes_shipped_proxies_byte_by_byte_up_to_the_largest() {
    let stage = Stage::start().await;
    let mut wanted = BTreeSet::new();
    for (proxy, _gateway) in proxies(&stage, &[]).await {
        for (number, door) in doors(&proxy).enumerate() {
            let id = format!("evt_{}_{number}", proxy.name);
            let event = json!({
                "id": id, "object": "event", "type": "payout.paid", "livemode": false,
                "created": Timestamp::now().as_second(), "note": "\u{0}\u{7f} \u{416}\u{1f600} +%2B&=;",
                "data": {"object": {"id": "po_1", "object": "payout"}},
            });
            let mut body = format!(" \t\r\n{event}\r\n\r\n").into_bytes();
            body.resize(MIB, b' ');
            let answer = sent(webhook(&door, body)).await;
            assert_eq!(answer.status(), 200, "{door}");
            wanted.insert(id);
            // Not even text, and authentic: kept to be looked at.
            let bytes = (0..=255).cycle().skip(number).take(3_000).collect();
            let answer = sent(webhook(&door, bytes)).await;
            assert_eq!(answer.status(), 200, "{door}");
        }
    }
    let stored: BTreeSet<_> = stage.events().await.into_iter().map(|(id, _)| id).collect();
    assert!(wanted.is_subset(&stored), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_too_much_through_a_shipped_proxy_is_told_so_in_json() {
    let stage = Stage::start().await;
    for (proxy, _gateway) in proxies(&stage, &[]).await {
        for door in doors(&proxy) {
            // By the gateway itself.
            for length in [MIB + 1, 3 * MIB] {
                let told = problem(webhook(&door, vec![b'x'; length])).await;
                assert_eq!(told["code"], "BODY_TOO_LARGE", "{door}: {length}");
            }
        }
        if proxy.name == "nginx" {
            let door = format!("https://{}", proxy.https);
            let answer = sent(webhook(&door, vec![b'x'; 5 * MIB])).await;
            assert_eq!(answer.status(), 413);
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            let told: Value = answer.json().await.unwrap();
            assert_eq!(told["code"], "BODY_TOO_LARGE");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_shipped_proxy_the_client_is_who_came_to_it_whatever_he_writes() {
    let stage = Stage::start().await;
    let flags = ["--rate-limit-ip=3", "--rate-limit-user=1000"];
    for (proxy, _gateway) in proxies(&stage, &flags).await {
        for (number, door) in doors(&proxy).enumerate() {
            let number = u8::try_from(number).unwrap();
            let (crowd, other) = ([127, 0, 1, number], [127, 0, 2, number]);
            let balance = |client: &Client, forged: u8| {
                client
                    .get(format!("{door}/api/billing/balance"))
                    .bearer_auth(token(&json!("u")))
                    .header("x-forwarded-for", format!("192.0.2.{forged}, 198.51.100.1"))
                    .header("x-forwarded-for", format!("203.0.113.{forged}"))
                    .header("x-real-ip", format!("192.0.2.{forged}"))
                    .header("forwarded", format!("for=192.0.2.{forged}"))
            };
            let client = client_at(crowd);
            let mut statuses = Vec::new();
            for forged in 1..=5 {
                let answer = sent(balance(&client, forged)).await;
                statuses.push(answer.status().as_u16());
            }
            assert_eq!(statuses, [200, 200, 200, 429, 429], "{door}");
            // He has written the other's address, which has its own allowance.
            let answer = sent(balance(&client_at(other), 1)).await;
            assert_eq!(answer.status(), 200, "{door}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shipped_proxy_leads_to_https_keeps_the_acme_path_and_shows_no_admin_port() {
    let stage = Stage::start().await;
    let client = client();
    for (proxy, _gateway) in proxies(&stage, &[]).await {
        let plain = format!("http://localhost:{}", proxy.http.port());
        let answer = sent(client.post(format!("{plain}/webhooks/stripe?a=b"))).await;
        assert_eq!(answer.status(), 308, "{}", proxy.name);
        let location = answer.headers()["location"].to_str().unwrap();
        // nginx: of the name that was configured. HAProxy: of the one that was asked for.
        assert!(location.starts_with("https://localhost"), "{location}");
        assert!(location.ends_with("/webhooks/stripe?a=b"), "{location}");

        let challenge = proxy.acme().join(".well-known/acme-challenge");
        std::fs::create_dir_all(&challenge).unwrap();
        std::fs::write(challenge.join("token"), "proof").unwrap();
        let asked = format!("{plain}/.well-known/acme-challenge/token");
        let answer = sent(client.get(asked)).await;
        if proxy.name == "nginx" {
            assert_eq!(answer.text().await.unwrap(), "proof");
        } else {
            // It asks whoever renews the certificate, and nobody does here.
            assert_eq!(answer.status(), 503);
        }

        for door in doors(&proxy) {
            let answer = sent(client.get(format!("{door}/health"))).await;
            assert_eq!(answer.status(), 200);
            let held: Vec<_> = answer
                .headers()
                .get_all("strict-transport-security")
                .iter()
                .collect();
            assert_eq!(held, ["max-age=31536000"], "{door}");
            for path in ["/metrics", "/readyz", "/livez"] {
                let answer = sent(client.get(format!("{door}{path}"))).await;
                assert_eq!(answer.status(), 404, "{door}{path}");
            }
        }
    }
}

/// A gateway that is killed once it has read a request; counts these.
async fn dying(counted: &Arc<AtomicUsize>) -> Upstream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Arc::clone(counted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let (mut bytes, mut read) = ([0; 1024], Vec::new());
                while !read.ends_with(b"the body") {
                    match stream.read(&mut bytes).await {
                        Ok(more) if more > 0 => read.extend_from_slice(&bytes[..more]),
                        _ => return,
                    }
                }
                counted.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    upstream(address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_under_which_a_gateway_dies_is_sent_to_no_other_by_a_shipped_proxy() {
    let counted = Arc::new(AtomicUsize::new(0));
    let gateways = [dying(&counted).await, dying(&counted).await];
    let core = [upstream(SocketAddr::from(([127, 0, 0, 1], 9)))];
    for proxy in Proxy::each(&core, &gateways).await {
        for door in doors(&proxy) {
            counted.store(0, Ordering::SeqCst);
            let answer = sent(client().post(door.clone()).body("the body")).await;
            assert!([502, 503].contains(&answer.status().as_u16()), "{door}");
            assert_eq!(answer.headers()["retry-after"], "2");
            let told: Value = answer.json().await.unwrap();
            assert_eq!(told["code"], "BILLING_UNAVAILABLE", "{door}");
            assert_eq!(counted.load(Ordering::SeqCst), 1, "{door}");
        }
    }
}
