//! `billing-gateway doctor` beside a gateway that serves, with the sandbox as its providers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use billing_sandbox::{Sandbox, Tls};
use billing_testkit::TestDatabase;
use reqwest::Client;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::fondy::Fondy;
use crate::gateway::{JWT_SECRET, client};
use crate::payments::Stripe;
use crate::stage::{Provider, Stage};

/// What it found. Its whole output has no secret in it.
struct Visit {
    code: Option<i32>,
    said: String,
}

impl Visit {
    fn found(&self) -> Value {
        serde_json::from_str(&self.said).unwrap()
    }

    /// Whether a fault is told so.
    fn is_told(&self, subject: &str, level: &str, wrong: &str) -> bool {
        let found = self.found();
        found["findings"].as_array().unwrap().iter().any(|finding| {
            let said = finding["wrong"].as_str().unwrap_or_default();
            finding["subject"] == subject && finding["level"] == level && said.contains(wrong)
        })
    }
}

/// With the settings of the stage's gateway, and further arguments, of which the last one holds.
async fn doctor<P: Provider>(stage: &Stage<P>, core_token: &str, more: &[&str]) -> Visit {
    let backend = format!("http://{}", stage.gateway.addr);
    let flags = P::flags(&stage.sandbox, &backend);
    let output = Command::new(env!("CARGO_BIN_EXE_billing-gateway"))
        .args([
            "doctor",
            "--core-url",
            &stage.core.url(),
            "--default-tenant",
            "demo",
        ])
        .args(flags.iter().filter(|flag| {
            let name = flag.split('=').next().unwrap();
            !more.iter().any(|other| other.starts_with(name))
        }))
        .args(more)
        .env_clear()
        .env("BILLING_CORE_TOKEN", core_token)
        .env("JWT_SECRET", JWT_SECRET)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    let of_flags = flags
        .iter()
        .chain(
            more.iter()
                .map(|flag| (*flag).to_owned())
                .collect::<Vec<_>>()
                .iter(),
        )
        .filter(|flag| flag.contains("secret"))
        .map(|flag| flag.split_once('=').unwrap().1.to_owned())
        .collect::<Vec<_>>();
    for secret in of_flags
        .iter()
        .map(String::as_str)
        .chain([core_token, JWT_SECRET])
    {
        assert!(
            !said.contains(secret) && !complaint.contains(secret),
            "{said}{complaint}"
        );
    }
    assert_eq!(complaint, "");
    Visit {
        code: output.status.code(),
        said,
    }
}

async fn as_json<P: Provider>(stage: &Stage<P>, more: &[&str]) -> Visit {
    let visit = doctor(
        stage,
        &stage.core.gateway_token,
        &[&["--json"], more].concat(),
    )
    .await;
    let mend = visit.found()["mend"].as_u64().unwrap();
    assert_eq!(visit.code, Some(i32::from(mend > 0)), "{}", visit.said);
    visit
}

/// How many rows each table has.
async fn rows(database: &TestDatabase) -> Vec<(String, i64)> {
    let mut owner = database.connect_as_owner().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' order by tablename",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")));
        let count = count.fetch_one(&mut owner).await.unwrap();
        rows.push((table, count));
    }
    rows
}

#[tokio::test]
async fn webhooks_of_its_own_come_through_and_nothing_of_them_remains() {
    let stripe = Stage::<Stripe>::start().await;
    let before = rows(&stripe.database).await;
    let backend = format!("--backend-url=http://{}", stripe.gateway.addr);
    let visit = as_json(&stripe, &[&backend]).await;
    assert_eq!(visit.code, Some(0), "{}", visit.said);
    for says in [
        "1 signed, each taken as it was sent",
        "the core takes it as a gateway's",
        "administrators' routes are off",
        "the core knows all",
        "the core's clock",
        "Stripe's clock",
        "Stripe sends all that is needed",
        "reads all that is needed",
        "HS256",
    ] {
        assert!(visit.said.contains(says), "{says}: {}", visit.said);
    }
    assert_eq!(rows(&stripe.database).await, before);
    // The same for people.
    let told = doctor(&stripe, &stripe.core.gateway_token, &[&backend]).await;
    let last = told.said.lines().last().unwrap();
    assert!(
        last.ends_with("0 mend: nothing must be mended (exit code 0)"),
        "{}",
        told.said
    );
    assert!(
        told.said.starts_with("ok ") || told.said.starts_with("warn"),
        "{}",
        told.said
    );

    let fondy = Stage::<Fondy>::start().await;
    let before = rows(&fondy.database).await;
    let visit = as_json(&fondy, &[]).await;
    assert_eq!(visit.code, Some(0), "{}", visit.said);
    assert!(
        visit.said.contains("its secret are known there"),
        "{}",
        visit.said
    );
    assert!(
        visit.said.contains("1 signed, each taken as it was sent"),
        "{}",
        visit.said
    );
    assert_eq!(rows(&fondy.database).await, before);
}

/// What a proxy makes of a body.
type Change = fn(Bytes) -> Bytes;

/// Passes requests on to `gateway` as proxies do, whatever else it does to them.
async fn proxy(gateway: SocketAddr, changed: Change) -> String {
    async fn pass(
        State((client, gateway, changed)): State<(Client, SocketAddr, Change)>,
        method: Method,
        uri: Uri,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        headers.remove("content-length");
        headers.insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
        let request = client.request(method, format!("http://{gateway}{uri}"));
        let answer = request
            .headers(headers)
            .body(changed(body))
            .send()
            .await
            .unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap()).into_response()
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .fallback(pass)
        .with_state((client(), gateway, changed));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn a_proxy_that_writes_bodies_anew_or_is_not_counted_is_found() {
    let stage = Stage::<Stripe>::start().await;
    let anew = |body: Bytes| match serde_json::from_slice::<Value>(&body) {
        Ok(json) => Bytes::from(json.to_string()),
        Err(_) => body,
    };
    let url = format!("--url={}", proxy(stage.gateway.addr, anew).await);
    let visit = as_json(&stage, &[&url]).await;
    assert!(
        visit.is_told("webhooks", "mend", "the signature by secret 1 does not fit"),
        "{}",
        visit.said
    );

    let url = proxy(stage.gateway.addr, |body| body).await;
    let visit = as_json(&stage, &[&format!("--url={url}")]).await;
    assert!(
        visit.said.contains("through the proxies was not tried"),
        "{}",
        visit.said
    );
    assert!(
        !visit.said.contains("set TRUSTED_PROXIES"),
        "{}",
        visit.said
    );
    let visit = as_json(&stage, &[&format!("--backend-url={url}")]).await;
    assert!(
        visit.said.contains("1 signed, each taken as it was sent"),
        "{}",
        visit.said
    );
    assert!(
        visit.is_told("proxies", "mend", "many users count as one address"),
        "{}",
        visit.said
    );
}

#[tokio::test]
async fn each_fault_is_told_by_its_name() {
    let stage = Stage::<Stripe>::start().await;
    let backend = format!("--backend-url=http://{}", stage.gateway.addr);
    for (more, subject, wrong) in [
        (
            vec!["--stripe-secret-key=sk_test_another_one"],
            "stripe",
            "Stripe does not know it",
        ),
        (
            vec!["--stripe-webhook-secret=whsec_another_one_that_nobody_knows"],
            "webhooks",
            "does not fit",
        ),
        (vec!["--backend-url=http://127.0.0.1:1"], "outside", ""),
        (
            vec!["--backend-url=http://127.0.0.1:1"],
            "stripe",
            "no webhook endpoint for it",
        ),
        (
            vec!["--stripe-publishable-key=pk_live_1"],
            "settings",
            "another mode",
        ),
        (
            vec!["--cors-origins=https://app.example.com"],
            "cors",
            "do not let these pages call",
        ),
    ] {
        let with_backend = more.iter().any(|flag| flag.starts_with("--backend-url"));
        let more = [
            more,
            if with_backend {
                vec![]
            } else {
                vec![&*backend]
            },
        ]
        .concat();
        let visit = as_json(&stage, &more).await;
        assert!(
            visit.is_told(subject, "mend", wrong),
            "{wrong}: {}",
            visit.said
        );
    }
}

#[tokio::test]
async fn a_token_or_a_merchant_that_is_another_s_is_told() {
    let stage = Stage::<Stripe>::start().await;
    for (token, level, wrong) in [
        ("no-token-of-anybody", "mend", ""),
        (&*stage.core.tools_token, "mend", ""),
        (
            &*stage.core.other_gateways_token,
            "mend",
            "not for the tenant `demo`",
        ),
        (&*stage.core.admin_token, "warn", "an administrator's"),
    ] {
        let visit = doctor(&stage, token, &["--json"]).await;
        assert!(
            visit.is_told("token", level, wrong),
            "{wrong}: {}",
            visit.said
        );
    }
    let fondy = Stage::<Fondy>::start().await;
    let visit = as_json(&fondy, &["--fondy-secret-key=secret_of_another_merchant"]).await;
    assert!(visit.is_told("fondy", "mend", "failure"), "{}", visit.said);
    assert!(
        visit.is_told("webhooks", "mend", "does not fit"),
        "{}",
        visit.said
    );
}

#[tokio::test]
async fn a_core_that_is_away_is_told_beside_all_that_is_not() {
    let stage = Stage::<Stripe>::start().await;
    let visit = as_json(&stage, &["--core-timeout-ms=500"]).await;
    assert!(visit.said.contains("serves"), "{}", visit.said);
    stage.core.begin_stop();
    let away = crate::gateway::nobody().await;
    let output = Command::new(env!("CARGO_BIN_EXE_billing-gateway"))
        .args([
            "doctor",
            "--json",
            "--core-url",
            &away,
            "--default-tenant",
            "demo",
        ])
        .env_clear()
        .env("BILLING_CORE_TOKEN", "a-token-of-nobody")
        .env("JWT_SECRET", JWT_SECRET)
        .output()
        .await
        .unwrap();
    let visit = Visit {
        code: output.status.code(),
        said: String::from_utf8(output.stdout).unwrap(),
    };
    assert_eq!(visit.code, Some(1));
    assert!(visit.is_told("core", "mend", ""), "{}", visit.said);
    assert!(visit.said.contains("HS256"), "{}", visit.said);
}

/// Answers every request without end; with how much it got rid of.
async fn endless() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = caller.read(&mut request).await;
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
                let _ = caller.write_all(head.as_bytes()).await;
                while let Ok(bytes) = caller.write(&[b' '; 8192]).await {
                    count.fetch_add(bytes, Ordering::Relaxed);
                }
            });
        }
    });
    (url, sent)
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_what_a_gateway_answers() {
    let stage = Stage::<Stripe>::start().await;
    let (url, sent) = endless().await;
    let visit = as_json(&stage, &[&format!("--backend-url={url}")]).await;
    for subject in ["outside", "webhooks"] {
        let told = visit.is_told(subject, "mend", "it answers more than a gateway does");
        assert!(told, "{subject}: {}", visit.said);
    }
    // Of two answers, with what stands in buffers of the system.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 32 * 1024 * 1024, "{sent}");
}

#[tokio::test]
async fn who_signs_in_stands_in_no_address_that_others_see() {
    let stage = Stage::<Stripe>::start().await;
    for setting in ["backend-url", "frontend-url"] {
        let url = format!("--{setting}=https://olga:hunter22@pay.example.com");
        let visit = as_json(&stage, &[&url]).await;
        let told = visit.is_told("settings", "mend", "must hold no user and no password");
        assert!(told, "{}", visit.said);
        assert!(!visit.said.contains("olga"), "{}", visit.said);
    }
    let url = format!("--url=http://olga:hunter22@{}", stage.gateway.addr);
    let visit = as_json(&stage, &[&url]).await;
    assert!(
        visit.said.contains("1 signed, each taken as it was sent"),
        "{}",
        visit.said
    );
    assert!(!visit.said.contains("hunter22"), "{}", visit.said);
}

#[tokio::test]
async fn whoever_answers_in_the_place_of_stripe_is_not_taken_for_it() {
    let stage = Stage::<Stripe>::start().await;
    for answer in ["<html>Welcome</html>", "[]", r#"{"object": "list"}"#] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("--stripe-api-url=http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(async move || answer);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let visit = as_json(&stage, &[&url]).await;
        let told = visit.is_told(
            "stripe",
            "mend",
            "what answers at STRIPE_API_URL is not Stripe",
        );
        assert!(told, "{}", visit.said);
        let found = visit.found();
        let of_it = found["findings"].as_array().unwrap().iter();
        let of_it = of_it.filter(|finding| finding["subject"] == "stripe");
        assert_eq!(of_it.count(), 1, "{}", visit.said);
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_today_is_told_as_that() {
    let stage = Stage::<Stripe>::start().await;
    let file = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/tls");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    for (certificates, wrong) in [
        ("ended.pem", "it has ended"),
        ("early.pem", "it does not hold yet"),
    ] {
        let mut options = <Stripe as Provider>::sandbox();
        options.tls = Some(Tls {
            certificates: file(certificates),
            key: file("ended-and-early.key").into(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = Sandbox::start(listener, options).unwrap();
        let port = sandbox.addr().port();
        let visit = as_json(
            &stage,
            &[&format!("--backend-url=https://localhost:{port}")],
        )
        .await;
        assert!(visit.is_told("tls", "mend", wrong), "{}", visit.said);
        for subject in ["outside", "webhooks"] {
            let told = visit.is_told(subject, "mend", "certificate");
            assert!(told, "{subject}: {}", visit.said);
        }
        assert!(!visit.said.contains("see DNS"), "{}", visit.said);
        assert!(visit.said.contains("show a certificate"), "{}", visit.said);
    }
}

#[tokio::test]
async fn the_token_of_administrators_is_told_from_one_of_another_role_or_tenant() {
    let stage = Stage::<Stripe>::start().await;
    let core = &stage.core;
    let look = async |token: &str, more: &[&str]| {
        let token = format!("--core-admin-token={token}");
        as_json(&stage, &[&[token.as_str()], more].concat()).await
    };
    let claim = ["--jwt-admin-claim=role", "--jwt-admin-value=admin"];
    let good = look(&core.admin_token, &claim).await;
    let of_all = "as an administrator's, of every tenant";
    assert!(good.said.contains(of_all), "{}", good.said);
    let nobody = look(&core.admin_token, &[]).await;
    let told = nobody.is_told("token", "warn", "nobody is an administrator");
    assert!(told, "{}", nobody.said);
    for (token, wrong) in [
        (&core.gateway_token, "the role gateway may not call this"),
        (&core.other_tenants_admin_token, "not for the tenant `demo`"),
    ] {
        let visit = look(token, &claim).await;
        assert!(visit.is_told("token", "mend", wrong), "{}", visit.said);
        assert!(!visit.said.contains(token.as_str()), "{}", visit.said);
    }
}
