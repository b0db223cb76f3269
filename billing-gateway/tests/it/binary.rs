//! The program itself: how it starts, refuses to start, and ends.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::gateway::{client, client_from};

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
    let serving = serving(&mut lines).await;
    // Whoever writes later must find a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, serving)
}

/// The line of its log that says where it serves.
async fn serving(lines: &mut Lines<BufReader<ChildStderr>>) -> Value {
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        if said["message"] == "serving" {
            return said;
        }
    }
}

/// What it warns of when it starts with these settings as well.
async fn warned(settings: &[(&str, &str)]) -> Vec<String> {
    let said = said(settings).await.into_iter();
    let warnings = said.filter(|(level, _)| level == "WARN");
    warnings.map(|(_, message)| message).collect()
}

/// What it says before it serves with these settings as well, each with its level.
async fn said(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut child = program(&["--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"])
        .env("JWT_SECRET", "0123456789abcdef0123456789abcdef")
        .env("BILLING_CORE_TOKEN", "the-core-token")
        .env("BILLING_DEFAULT_TENANT", "demo")
        .env("BILLING_LOG_FORMAT", "json")
        .env("BILLING_RECONCILE_SECS", "0")
        .envs(settings.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let said: Value = serde_json::from_str(&line).unwrap();
        for (name, value) in settings {
            let secret = name.contains("SECRET");
            assert!(!secret || !line.contains(&format!("\"{value}")), "{line}");
            assert!(
                !secret || value.len() < 6 || !line.contains(value),
                "{line}"
            );
        }
        let text = |member: &str| said[member].as_str().unwrap().to_owned();
        if said["message"] == "serving" {
            break;
        }
        told.push((text("level"), text("message")));
    }
    child.kill().await.unwrap();
    told
}

#[tokio::test]
async fn with_few_files_it_answers_probes_and_others_however_many_connect_from_one_address() {
    // Both limits, of which it raises one.
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", PROGRAM])
        .args(["--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"])
        .env_clear()
        .env("JWT_SECRET", "0123456789abcdef0123456789abcdef")
        .env("BILLING_CORE_TOKEN", "the-core-token")
        .env("BILLING_DEFAULT_TENANT", "demo")
        .env("BILLING_LOG_FORMAT", "json")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let serving = serving(&mut lines).await;
    let logged = tokio::spawn(async move {
        let mut logged = String::new();
        while let Ok(Some(line)) = lines.next_line().await {
            logged.push_str(&line);
        }
        logged
    });
    let mut crowd = Vec::new();
    for _ in 0..400 {
        let connected = TcpStream::connect(serving["addr"].as_str().unwrap()).await;
        crowd.push(connected.unwrap());
    }
    let elsewhere = client_from([127, 0, 0, 2].into());
    let get = async |member: &str, path: &str| {
        let url = format!("http://{}{path}", serving[member].as_str().unwrap());
        let answer = timeout(Duration::from_secs(4), elsewhere.get(&url).send()).await;
        let answer = answer.unwrap_or_else(|_late| panic!("{url} did not answer"));
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        answer.text().await.unwrap()
    };
    get("addr", "/health").await;
    get("admin_addr", "/livez").await;
    get("admin_addr", "/readyz").await;
    let metrics = get("admin_addr", "/metrics").await;
    let turned_away = "http_server_turned_away_total{what=\"connection\"} ";
    assert!(metrics.contains(turned_away), "{metrics}");
    child.kill().await.unwrap();
    let logged = logged.await.unwrap();
    assert!(!logged.contains("can be accepted"), "{logged}");
}

const LIVE: [(&str, &str); 2] = [
    ("STRIPE_SECRET_KEY", "sk_live_of_nobody"),
    (
        "STRIPE_WEBHOOK_SECRET",
        "whsec_0123456789abcdef0123456789abcdef",
    ),
];
const FONDY: [(&str, &str); 3] = [
    ("FONDY_MERCHANT_ID", "7"),
    ("FONDY_SECRET_KEY", "a-secret-of-fondy"),
    ("BACKEND_URL", "https://pay.example.com"),
];

#[tokio::test]
async fn it_warns_once_of_each_setting_that_is_hardly_meant() {
    for (base, changed, warns) in [
        (
            &LIVE[..],
            ("STRIPE_API_URL", "https://stripe.example.com"),
            false,
        ),
        (&LIVE[..], ("STRIPE_API_URL", "http://127.0.0.1:9"), true),
        (&LIVE[..], ("BACKEND_URL", "http://pay.example.com"), true),
        (&LIVE[..], ("FRONTEND_URL", "http://pay.example.com"), true),
        (&LIVE[..], ("STRIPE_SECRET_KEY", "sk_test_of_nobody"), false),
        (&LIVE[..], ("STRIPE_WEBHOOK_SECRET", "whsec_short"), true),
        (
            &FONDY[..],
            ("FRONTEND_URL", "https://pay.example.com"),
            false,
        ),
        (&FONDY[..], ("FRONTEND_URL", "http://127.0.0.1:9"), true),
        (&FONDY[..], ("FONDY_API_URL", "http://127.0.0.1:9"), true),
        (&FONDY[..], ("FONDY_MERCHANT_ID", "1396424"), true),
        (&FONDY[..], ("FONDY_SECRET_KEY", "test"), true),
    ] {
        let settings = [base, &[changed]].concat();
        let warned = warned(&settings).await;
        assert_eq!(warned.len(), usize::from(warns), "{changed:?}: {warned:?}");
        let named = warned.iter().all(|warning| warning.contains(changed.0));
        assert!(named, "{changed:?}: {warned:?}");
    }
    // The sandbox is where the public test merchant belongs.
    let sandbox = [
        ("FONDY_MERCHANT_ID", "1396424"),
        ("FONDY_SECRET_KEY", "test"),
        ("BACKEND_URL", "http://127.0.0.1:8080"),
        ("FONDY_API_URL", "http://127.0.0.1:4242/api"),
    ];
    assert_eq!(warned(&sandbox).await, [""; 0]);
}

#[tokio::test]
async fn it_says_in_one_line_why_nobody_administers() {
    let of = async |settings: &[(&str, &str)]| {
        let said = said(settings).await.into_iter();
        let about = said.filter(|(_, message)| message.contains("administrator"));
        about.map(|(_, message)| message).collect::<Vec<_>>()
    };
    let off = "BILLING_CORE_ADMIN_TOKEN is not set: administrators' routes are off";
    assert_eq!(of(&[]).await, [off]);
    let token = ("BILLING_CORE_ADMIN_TOKEN", "of-an-administrators-gateway");
    let nobody = of(&[token]).await;
    assert!(
        nobody[0].ends_with("nobody is an administrator"),
        "{nobody:?}"
    );
    let claim = ("JWT_ADMIN_CLAIM", "role");
    assert_eq!(
        of(&[token, claim, ("JWT_ADMIN_VALUE", "admin")]).await,
        [""; 0]
    );
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
        (
            vec![token, secret, tenant, "--core-admin-token= "],
            "BILLING_CORE_ADMIN_TOKEN",
        ),
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
