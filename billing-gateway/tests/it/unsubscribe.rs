//! A reader ends mail by the link in it, without signing in.

use std::path::Path;
use std::time::{Duration, Instant};

use billing_proto::v1::ChargeRequest;
use billing_testkit::{TestCore, TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{Gateway, account, config, micros, sent, token_of};

const KEYS: &str = "a-secret-of-the-tests-of-32-bytes-or-more";
const PUBLIC: &str = "https://billing.example.com";
/// Longer than a mail takes.
const PATIENCE: Duration = Duration::from_secs(20);
const USD: i64 = 1_000_000;

/// A user with an address, who is warned of a low balance now.
async fn warned(core: &TestCore, gateway: &Gateway, user: &str) {
    let settings = gateway
        .request(Method::PUT, "/api/billing/settings")
        .bearer_auth(token(user))
        .json(&json!({"low_balance_threshold_usd": 5}));
    core.grant(&account(user), 6 * USD).await;
    assert_eq!(sent(settings).await.status(), 200);
    let charge = ChargeRequest {
        account: Some(account(user)),
        idempotency_key: "1".to_owned(),
        cost: Some(micros(2 * USD)),
        ..ChargeRequest::default()
    };
    core.balance().charge(charge).await.unwrap();
}

fn token(user: &str) -> String {
    token_of(&json!({"userId": user, "email": format!("{user}@mail.example")}))
}

async fn is_warned(gateway: &Gateway, user: &str) -> bool {
    let settings = gateway
        .get("/api/billing/settings")
        .bearer_auth(token(user));
    let settings: Value = sent(settings).await.json().await.unwrap();
    settings["settings"]["mail_low_balance"].as_bool().unwrap()
}

/// The path of the link in the mail to `user`.
async fn link(folder: &Path, user: &str) -> String {
    let to = format!("To: {user}@mail.example\r\n");
    let since = Instant::now();
    loop {
        let files = std::fs::read_dir(folder).into_iter().flatten();
        let mails = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        if let Some(mail) = mails.into_iter().find(|mail| mail.contains(&to)) {
            assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
            let link = mail.split("List-Unsubscribe: <").nth(1).unwrap();
            let link = link.split('>').next().unwrap();
            return link.strip_prefix(PUBLIC).unwrap().to_owned();
        }
        assert!(since.elapsed() < PATIENCE, "no mail to {user}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// As scanners do: nothing is changed by that.
async fn follow(gateway: &Gateway, link: &str) {
    for method in [Method::GET, Method::HEAD] {
        let shown = sent(gateway.request(method.clone(), link)).await;
        assert_eq!(shown.status(), 200);
        assert_eq!(shown.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(shown.headers()["referrer-policy"], "no-referrer");
        let policy = shown.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"), "{policy}");
        let page = shown.text().await.unwrap();
        assert_eq!(
            page.contains("<form method=\"post\">"),
            method == Method::GET
        );
    }
}

#[tokio::test]
async fn a_reader_ends_warnings_by_the_link_in_one_without_signing_in() {
    let database = TestDatabase::new().await;
    let arguments = ["--unsubscribe-keys", KEYS, "--backend-url", PUBLIC];
    let core = TestCore::start_with(&database, &arguments).await;
    let flags = ["--jwt-email-claim=email"];
    let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
    for user in ["now", "then", "other"] {
        warned(&core, &gateway, user).await;
    }
    let mut owner = database.connect_as_owner().await;
    sqlx::query(
        "update outbox_message m set created_at = now() - interval '91 days' from contact c
        where c.account_id = m.account_id and c.user_id = 'then'",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let directory = ["--outbox-dir", folder.path().to_str().unwrap()];
    let posting = TestCore::start_with(&database, &[&arguments[..], &directory].concat()).await;
    let folder = folder.path().join("mail");
    let now = link(&folder, "now").await;

    follow(&gateway, &now).await;
    assert!(is_warned(&gateway, "now").await);

    // As a mail program does for its reader, and again.
    let click = |path: &str| {
        gateway
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept-language", "uk")
            .body("List-Unsubscribe=One-Click")
    };
    for _ in 0..2 {
        let ended = sent(click(&now)).await;
        assert_eq!(ended.status(), 200);
        assert!(ended.headers().contains_key("ratelimit"));
        let page = ended.text().await.unwrap();
        assert!(page.contains("Цих листів більше не буде"));
        assert!(!is_warned(&gateway, "now").await);
    }

    let then = link(&folder, "then").await;
    assert_eq!(sent(click(&then)).await.status(), 410);
    let other = link(&folder, "other").await;
    let (cut, _) = other.split_at(other.len() - 2);
    let forged = other.replace("unsubscribe/A", "unsubscribe/B");
    assert_ne!(forged, other);
    for wrong in [
        cut,
        &forged,
        "/api/billing/unsubscribe/x",
        "/api/billing/unsubscribe/%ff",
    ] {
        assert_eq!(sent(click(wrong)).await.status(), 404, "{wrong}");
    }
    for user in ["then", "other"] {
        assert!(is_warned(&gateway, user).await, "{user}");
    }
    posting.stop().await;
}

#[tokio::test]
async fn a_reader_whose_request_fails_sees_a_page_that_lets_them_try_again() {
    let gateway = Gateway::start(config("http://127.0.0.1:1", "none", &[])).await;
    let click = gateway
        .request(Method::POST, "/api/billing/unsubscribe/AQd3")
        .header("accept-language", "uk")
        .body("List-Unsubscribe=One-Click");
    let failed = sent(click).await;
    assert_eq!(failed.status(), 503);
    assert!(failed.headers().contains_key("retry-after"));
    assert_eq!(failed.headers()["content-type"], "text/html; charset=utf-8");
    let page = failed.text().await.unwrap();
    assert!(page.contains("<form method=\"post\">") && page.contains("Спробувати ще раз"));
}
