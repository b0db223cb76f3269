//! The program itself: how it starts, refuses to start, and ends.

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::gateway::client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_billing-gateway");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn ended(arguments: &[&str]) -> Output {
    program(arguments).output().await.unwrap()
}

/// Starts it on free ports and waits until it says that it serves, and where.
async fn started() -> (Child, Value) {
    let mut child = program(&[
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--admin-addr",
        "127.0.0.1:0",
    ])
    .env("JWT_SECRET", "0123456789abcdef0123456789abcdef")
    .env("BILLING_CORE_TOKEN", "the-core-token")
    .env("BILLING_DEFAULT_TENANT", "demo")
    .env("BILLING_LOG_FORMAT", "json")
    .env("BILLING_RECONCILE_SECS", "0")
    .env("STRIPE_SECRET_KEY", "sk_test_1")
    .env("STRIPE_WEBHOOK_SECRET", "whsec_1")
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    // Whoever writes later must find a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, serde_json::from_str(&line).unwrap())
}

#[tokio::test]
async fn it_serves_until_sigterm_or_sigint_and_ends_well() {
    let client = client();
    for signal in ["-TERM", "-INT"] {
        let (mut child, serving) = started().await;
        let at = |member: &str, path: &str| {
            format!("http://{}{path}", serving[member].as_str().unwrap())
        };
        let get = async |url: String| client.get(url).send().await.unwrap();
        assert_eq!(get(at("addr", "/health")).await.status(), 200);
        assert_eq!(get(at("admin_addr", "/livez")).await.status(), 200);
        assert_eq!(get(at("admin_addr", "/readyz")).await.status(), 200);
        let webhook = client.post(at("addr", "/webhooks/stripe")).send().await;
        assert_eq!(webhook.unwrap().status(), 400);
        let metrics = get(at("admin_addr", "/metrics"))
            .await
            .text()
            .await
            .unwrap();
        let counted = r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/health",http_response_status_code="200"} 1"#;
        let refused = r#"billing_webhooks_refused_total{provider="stripe",reason="missing"} 1"#;
        let took =
            r#"billing_webhook_duration_seconds_count{provider="stripe",outcome="refused"} 1"#;
        for series in [counted, refused, took] {
            assert!(metrics.contains(series), "{series} in {metrics}");
        }
        let id = child.id().unwrap().to_string();
        let kill = Command::new("kill")
            .args([signal, &id])
            .status()
            .await
            .unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().await.unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn it_does_not_start_without_what_it_needs_and_names_it() {
    let token = "--core-token=the-core-token";
    let secret = "--jwt-secret=0123456789abcdef0123456789abcdef";
    let tenant = "--default-tenant=demo";
    for (arguments, named) in [
        (vec![secret, tenant], "BILLING_CORE_TOKEN"),
        (vec![token, tenant], "JWT_SECRET"),
        (vec![token, tenant, "--jwt-secret=short"], "JWT_SECRET"),
        (vec![token, secret], "BILLING_DEFAULT_TENANT"),
        (
            vec![token, secret, tenant, "--core-url=ftp://x"],
            "BILLING_CORE_URL",
        ),
        (
            vec![token, secret, tenant, "--stripe-secret-key="],
            "STRIPE_SECRET_KEY",
        ),
        (
            vec![
                token,
                secret,
                tenant,
                "--stripe-secret-key=sk_test_0123456789abcdef",
            ],
            "STRIPE_WEBHOOK_SECRET",
        ),
    ] {
        let output = ended(&arguments).await;
        assert_eq!(output.status.code(), Some(1), "{named}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(named), "{said}");
        assert!(!said.contains("0123456789abcdef"), "{said}");
    }
}

#[tokio::test]
async fn it_prints_the_committed_document_without_any_setting() {
    let output = ended(&["openapi"]).await;
    assert!(output.status.success());
    let committed = include_str!("../../openapi.json");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), committed);
}

#[tokio::test]
async fn its_help_shows_settings_and_no_secret() {
    let output = program(&["--help"])
        .env("JWT_SECRET", "of-nobodys-business")
        .output()
        .await;
    let help = String::from_utf8(output.unwrap().stdout).unwrap();
    for setting in [
        "BILLING_CORE_URL",
        "JWT_JWKS_URL",
        "TRUSTED_PROXIES",
        "STRIPE_SECRET_KEY",
        "BILLING_TOPUP_MAX_USD",
        "BILLING_LOG",
    ] {
        assert!(help.contains(setting), "{setting}");
    }
    assert!(!help.contains("of-nobodys-business"));
}
