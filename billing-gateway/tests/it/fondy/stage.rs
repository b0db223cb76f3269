//! Core, gateway and sandbox, wired as in production.

use std::time::{Duration, Instant};

use billing_gateway::Tally;
use billing_gateway::config::Config;
use billing_proto::v1::operator_service_client::OperatorServiceClient;
use billing_proto::v1::{RecordRateRequest, SetSwitchRequest};
use billing_sandbox::{FONDY_TEST_MERCHANT, Options, Sandbox};
use billing_testkit::{TestCore, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::gateway::{Gateway, client, config, sent, token, token_of};

pub(super) const SECRET: &str = "fondy_of_the_tests";

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    pub(super) database: TestDatabase,
    pub(super) core: TestCore,
    pub(super) gateway: Gateway,
    sandbox: Sandbox,
    client: Client,
}

/// A payment that was begun.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) page: String,
}

impl Stage {
    /// Where a dollar costs 40 hryvnias.
    pub(super) async fn start() -> Self {
        let stage = Self::without_rate(&[]).await;
        stage.rate("40", SignedDuration::ZERO).await;
        stage
    }

    /// With further flags of the gateway.
    pub(super) async fn without_rate(flags: &[&str]) -> Self {
        let client = client();
        let database = TestDatabase::new().await;
        let core = TestCore::start(&database).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut options = Options::new("sk_test_1".into(), "whsec_1".into());
        options.fondy_secret = SECRET.into();
        let sandbox = Sandbox::start(listener, options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = format!("http://{}", listener.local_addr().unwrap());
        let config = gateway_config(&core, &sandbox, &backend, flags);
        Self {
            gateway: Gateway::start_on(listener, config),
            database,
            core,
            sandbox,
            client,
        }
    }

    /// For another gateway, or an operator's command.
    pub(super) fn config(&self, flags: &[&str]) -> Config {
        let backend = format!("http://{}", self.gateway.addr);
        gateway_config(&self.core, &self.sandbox, &backend, flags)
    }

    pub(super) async fn rate(&self, rate: &str, age: SignedDuration) {
        let fetched_at = Timestamp::now() - age;
        let request = RecordRateRequest {
            currency: "UAH".to_owned(),
            rate: rate.to_owned(),
            source: "test".to_owned(),
            fetched_at: Some(prost_types::Timestamp {
                seconds: fetched_at.as_second(),
                nanos: fetched_at.subsec_nanosecond(),
            }),
        };
        self.core.payments().record_rate(request).await.unwrap();
    }

    pub(super) async fn switch(&self, name: &str, on: bool, reason: &str) {
        let caller = TestCore::caller(&self.core.admin_token);
        let mut operator = OperatorServiceClient::with_interceptor(self.core.channel(), caller);
        let request = SetSwitchRequest {
            name: name.to_owned(),
            on,
            reason: reason.to_owned(),
            actor: "root".to_owned(),
        };
        operator.set_switch(request).await.unwrap();
    }

    /// What Fondy, payers and banks do: a request to the sandbox's controls.
    pub(super) async fn control(&self, path: &str, fields: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let response = sent(self.client.post(url).json(&fields)).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub(super) async fn order(&self, id: &str, action: &str) {
        let path = format!("orders/{id}/{action}");
        self.control(&path, json!({})).await;
    }

    pub(super) fn creation(&self, user: &str, body: &Value, key: Option<&str>) -> RequestBuilder {
        let request = self
            .gateway
            .request(Method::POST, "/api/billing/payment/fondy/create")
            .bearer_auth(token(&json!(user)))
            .json(body);
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    /// A top-up of 1000 UAH that is begun: 25 USD.
    pub(super) async fn begun(&self, user: &str) -> Begun {
        let answer = good(self.creation(user, &json!({"amount_uah": 1000}), None)).await;
        Begun {
            id: answer["payment_id"].as_str().unwrap().to_owned(),
            page: answer["paymentUrl"].as_str().unwrap().to_owned(),
        }
    }

    /// A top-up of 1000 UAH that is paid and credited.
    pub(super) async fn paid(&self, user: &str) -> Begun {
        let begun = self.begun(user).await;
        self.order(&begun.id, "pay").await;
        self.balance_becomes(user, "25").await;
        self.delivered().await;
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

    async fn deliveries(&self) -> Vec<Value> {
        let url = format!("{}/sandbox/deliveries", self.sandbox.url());
        let answer: Value = sent(self.client.get(url)).await.json().await.unwrap();
        answer["deliveries"].as_array().unwrap().clone()
    }

    /// Every callback that the sandbox has to deliver was answered with 200.
    pub(super) async fn delivered(&self) {
        self.deliveries_become(|one| one["state"] == "delivered")
            .await;
    }

    /// Every callback is as it is said here.
    pub(super) async fn deliveries_become(&self, is_so: impl Fn(&Value) -> bool) {
        let since = Instant::now();
        loop {
            let deliveries = self.deliveries().await;
            if deliveries.iter().all(&is_so) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{deliveries:?}");
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
        let path = format!("/api/billing/payment/fondy/{id}/status");
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

    pub(super) fn callback(&self, body: &Value) -> RequestBuilder {
        self.gateway
            .request(Method::POST, "/webhooks/fondy")
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Asks about every payment of the last hour.
    pub(super) async fn reconcile(&self) -> Tally {
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        billing_gateway::reconcile(&self.config(&[]), since)
            .await
            .unwrap()
    }

    /// Outcomes of the events that are stored, oldest first.
    pub(super) async fn outcomes(&self) -> Vec<String> {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query_scalar("select outcome from provider_event order by received_at, event_id")
            .fetch_all(&mut owner)
            .await
            .unwrap()
    }

    pub(super) async fn needs_review(&self, id: &str) -> bool {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query_scalar(
            "select needs_review from payment
             where replace(payment_id::text, '-', '') = split_part($1, '-', 2)",
        )
        .bind(id)
        .fetch_one(&mut owner)
        .await
        .unwrap()
    }
}

fn gateway_config(core: &TestCore, sandbox: &Sandbox, backend: &str, flags: &[&str]) -> Config {
    let url = sandbox.fondy_url();
    let merchant = FONDY_TEST_MERCHANT.to_string();
    let ours = [
        "--fondy-merchant-id",
        &merchant,
        "--fondy-secret-key",
        SECRET,
        "--fondy-api-url",
        &url,
        "--backend-url",
        backend,
        "--frontend-url=https://app.example.com/billing",
        "--payment-limit-user=1000",
        "--payment-limit-ip=1000",
        "--payment-limit-tenant=1000",
        "--rate-limit-user=100000",
        "--rate-limit-ip=100000",
        "--jwt-admin-claim=role",
        "--jwt-admin-value=admin",
    ];
    let mut all = ours.to_vec();
    // Tests say themselves when payments are asked about.
    if !flags
        .iter()
        .any(|flag| flag.starts_with("--reconcile-secs"))
    {
        all.push("--reconcile-secs=0");
    }
    all.extend_from_slice(flags);
    config(&core.url(), &core.gateway_token, &all)
}

/// The body of a successful answer.
pub(super) async fn good(request: RequestBuilder) -> Value {
    let response = sent(request).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}
