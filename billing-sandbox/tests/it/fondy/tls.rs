use std::time::Duration;

use billing_sandbox::{Options, Sandbox, StartError, Tls};
use reqwest::{Certificate, Client};
use tokio::net::{TcpListener, TcpStream};

use super::stage::{Stage, signed};

/// For 127.0.0.1, signed by itself, until 2126; made by
/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
/// -subj /CN=billing-sandbox -addext subjectAltName=IP:127.0.0.1
/// -addext basicConstraints=critical,CA:FALSE`.
const CERTIFICATE: &str = include_str!("../../fixtures/tls/certificate.pem");
const KEY: &str = include_str!("../../fixtures/tls/key.pem");

fn tls() -> Tls {
    Tls {
        certificates: CERTIFICATE.to_owned(),
        key: KEY.into(),
    }
}

#[tokio::test]
async fn both_apis_and_the_page_are_served_under_tls_to_who_trusts_the_certificate() {
    let mut stage = Stage::open_with(|options| options.tls = Some(tls())).await;
    assert!(stage.sandbox.url().starts_with("https://"));
    let answer = stage.http.get(stage.sandbox.url()).send().await;
    assert!(
        answer.is_err(),
        "a certificate that nobody trusts is no certificate"
    );
    stage.http = Client::builder()
        .tls_certs_only([Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap()])
        .build()
        .unwrap();
    // One that says nothing keeps nobody waiting.
    let silent = TcpStream::connect(stage.sandbox.addr()).await.unwrap();
    let url = stage.checkout("tls").await;
    assert!(url.starts_with("https://"));
    stage.pay("tls").await;
    assert_eq!(stage.received().await.params()["order_status"], "approved");
    let reversed = signed(serde_json::json!({
        "order_id": "tls", "amount": 12_550, "currency": "UAH",
    }));
    assert_eq!(stage.send("reverse/order_id", reversed).await.status(), 200);
    assert_eq!(stage.http.get(url).send().await.unwrap().status(), 200);
    drop(stage.http);
    let ended = tokio::time::timeout(Duration::from_secs(4), stage.sandbox.stop());
    assert!(
        ended.await.is_ok(),
        "a silent caller keeps the sandbox from ending"
    );
    drop(silent);
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused_at_the_start_without_its_key_in_the_error() {
    for (certificates, key) in [("", KEY), (CERTIFICATE, "not a key"), (KEY, KEY)] {
        let mut options = Options::new("sk_test_x".into(), "whsec_x".into());
        options.tls = Some(Tls {
            certificates: certificates.to_owned(),
            key: key.into(),
        });
        assert!(!format!("{options:?}").contains("PRIVATE"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = Sandbox::start(listener, options).unwrap_err();
        assert!(matches!(refused, StartError::Tls(_)), "{refused}");
        assert!(!format!("{refused:?}").contains("not a key"));
    }
}
