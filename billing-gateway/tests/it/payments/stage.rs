//! Core, gateway and sandbox, wired as in production.

use std::time::{Duration, Instant};

use billing_gateway::config::Config;
use billing_proto::v1::{ChargeRequest, Decision};
use billing_sandbox::{Options, Sandbox};
use billing_testkit::{TestCore, TestDatabase};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::AssertSqlSafe;
use tokio::net::TcpListener;

use crate::gateway::{Gateway, account, client, config, micros, sent, token, token_of};

const SECRET_KEY: &str = "sk_test_of_the_tests";
const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    pub(super) database: TestDatabase,
    pub(super) core: TestCore,
    pub(super) gateway: Gateway,
    pub(super) sandbox: Sandbox,
    client: Client,
}

impl Stage {
    pub(super) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further flags of the gateway.
    pub(super) async fn start_with(flags: &[&str]) -> Self {
        let client = client();
        let database = TestDatabase::new().await;
        let core = TestCore::start(&database).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options::new(SECRET_KEY.into(), WEBHOOK_SECRET.into());
        let sandbox = Sandbox::start(listener, options).unwrap();
        let gateway = Gateway::start(gateway_config(&core, &sandbox, flags)).await;
        sandbox.set_webhook_urls(vec![format!("http://{}/webhooks/stripe", gateway.addr)]);
        Self {
            database,
            core,
            gateway,
            sandbox,
            client,
        }
    }

    pub(super) fn config(&self, flags: &[&str]) -> Config {
        gateway_config(&self.core, &self.sandbox, flags)
    }

    /// What Stripe, payers and banks do: a request to the sandbox's controls.
    pub(super) async fn control(&self, path: &str, fields: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let response = sent(self.client.post(url).json(&fields)).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub(super) async fn pay(&self, reference: &str) {
        let path = format!("payments/{reference}/pay");
        self.control(&path, json!({})).await;
    }

    pub(super) fn creation(&self, user: &str, body: &Value, key: Option<&str>) -> RequestBuilder {
        let request = self
            .gateway
            .request(Method::POST, "/api/billing/payment/stripe/create")
            .bearer_auth(token(&json!(user)))
            .json(body);
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    /// A top-up of 25 USD that is begun; with the answer.
    pub(super) async fn begun(&self, user: &str) -> Begun {
        let answer = good(self.creation(user, &json!({"amount_usd": 25}), None)).await;
        Begun {
            payment_id: answer["payment_id"].as_str().unwrap().to_owned(),
            reference: answer["paymentIntentId"].as_str().unwrap().to_owned(),
        }
    }

    /// A top-up of 25 USD that is paid and credited.
    pub(super) async fn paid(&self, user: &str) -> Begun {
        let begun = self.begun(user).await;
        self.pay(&begun.reference).await;
        self.balance_becomes(user, "25").await;
        begun
    }

    pub(super) async fn get(&self, user: &str, path: &str) -> Value {
        good(self.gateway.get(path).bearer_auth(token(&json!(user)))).await
    }

    pub(super) async fn balance(&self, user: &str) -> String {
        let answer = self.get(user, "/api/billing/balance").await;
        answer["billing"]["balance_usd"].to_string()
    }

    pub(super) async fn balance_becomes(&self, user: &str, expected: &str) {
        let since = Instant::now();
        loop {
            let balance = self.balance(user).await;
            if balance == expected {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{balance}, not {expected}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Every webhook that the sandbox has to deliver was answered well.
    pub(super) async fn delivered(&self) {
        let since = Instant::now();
        loop {
            let url = format!("{}/sandbox/deliveries", self.sandbox.url());
            let answer: Value = sent(self.client.get(url)).await.json().await.unwrap();
            let deliveries = answer["deliveries"].as_array().unwrap();
            if deliveries.iter().all(|one| one["state"] == "delivered") {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{answer}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn history(&self, user: &str) -> Vec<(String, String)> {
        let answer = self.get(user, "/api/billing/history").await;
        let transactions = answer["transactions"].as_array().unwrap();
        transactions
            .iter()
            .map(|one| {
                let kind = one["type"].as_str().unwrap().to_owned();
                (kind, one["amount_usd"].to_string())
            })
            .collect()
    }

    pub(super) async fn status(&self, user: &str, id: &str) -> Value {
        let path = format!("/api/billing/payment/stripe/{id}/status");
        self.get(user, &path).await
    }

    pub(super) fn refund(&self, id: &str, body: &Value, key: &str) -> RequestBuilder {
        let path = format!("/api/billing/payments/{id}/refund");
        self.gateway
            .request(Method::POST, &path)
            .bearer_auth(token_of(&json!({"userId": "root", "role": "admin"})))
            .header("idempotency-key", key)
            .json(body)
    }

    /// What Stripe calls a refund of ours.
    pub(super) async fn refund_reference(&self, refund: &Value) -> String {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query_scalar("select reference from payment_refund where refund_id::text = $1")
            .bind(refund["refund_id"].as_str().unwrap())
            .fetch_one(&mut owner)
            .await
            .unwrap()
    }

    /// A webhook of Stripe's with this body, signed now.
    pub(super) fn webhook(&self, body: &str) -> RequestBuilder {
        let now = Timestamp::now().as_second();
        self.signed(body, &signature(WEBHOOK_SECRET, now, body))
    }

    pub(super) fn signed(&self, body: &str, signature: &str) -> RequestBuilder {
        self.gateway
            .request(Method::POST, "/webhooks/stripe")
            .header("stripe-signature", signature)
            .body(body.to_owned())
    }

    /// Events that are stored, with what became of them.
    pub(super) async fn events(&self) -> Vec<(String, String)> {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query_as("select event_id, outcome from provider_event order by received_at")
            .fetch_all(&mut owner)
            .await
            .unwrap()
    }

    /// A statement of the core waits for a lock.
    pub(super) async fn database_waits(&self) {
        let mut watcher = self.database.connect_as_owner().await;
        let since = Instant::now();
        loop {
            let waits = "select exists (select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock')";
            if sqlx::query_scalar(waits)
                .fetch_one(&mut watcher)
                .await
                .unwrap()
            {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "nothing waits for a lock");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn sql(&self, statement: &str) {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut owner)
            .await
            .unwrap();
    }

    pub(super) async fn charge(&self, user: &str, key: &str, amount: i64) -> Decision {
        let request = ChargeRequest {
            account: Some(account(user)),
            idempotency_key: key.to_owned(),
            cost: Some(micros(amount)),
            ..ChargeRequest::default()
        };
        let answer = self.core.balance().charge(request).await.unwrap();
        answer.into_inner().decision()
    }
}

/// A payment that was begun, by both its names.
pub(super) struct Begun {
    pub(super) payment_id: String,
    pub(super) reference: String,
}

fn gateway_config(core: &TestCore, sandbox: &Sandbox, flags: &[&str]) -> Config {
    let url = sandbox.url();
    let ours = [
        "--stripe-secret-key",
        SECRET_KEY,
        "--stripe-webhook-secret",
        WEBHOOK_SECRET,
        "--stripe-api-url",
        &url,
        "--payment-limit-user=1000",
        "--payment-limit-ip=1000",
        "--payment-limit-tenant=1000",
        "--rate-limit-user=100000",
        "--rate-limit-ip=100000",
        "--jwt-admin-claim=role",
        "--jwt-admin-value=admin",
    ];
    // Tests say themselves when payments are asked about.
    let mut all = ours.to_vec();
    if !flags
        .iter()
        .any(|flag| flag.starts_with("--reconcile-secs"))
    {
        all.push("--reconcile-secs=0");
    }
    let overridden = |flag: &&str| {
        let name = flag.split('=').next().unwrap_or_default();
        name.starts_with("--payment-limit") && flags.iter().any(|given| given.starts_with(name))
    };
    all.retain(|flag| !overridden(flag));
    all.extend_from_slice(flags);
    config(&core.url(), &core.gateway_token, &all)
}

pub(super) fn signature(secret: &str, time: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let digits: Vec<String> = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={time},v1={}", digits.concat())
}

/// The body of a successful answer.
pub(super) async fn good(request: RequestBuilder) -> Value {
    let response = sent(request).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}
