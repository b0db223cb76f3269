//! Core, gateway and sandbox, wired as in production, whatever the provider whose payments are tested.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use billing_gateway::Tally;
use billing_gateway::config::Config;
use billing_proto::v1::{ChargeRequest, Decision};
use billing_sandbox::{Options, Sandbox};
use billing_testkit::{TestCore, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio::net::TcpListener;

use crate::gateway::{Gateway, account, client, config, micros, sent, token, token_of};

/// Longer than anything takes that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A provider as its tests' stage needs it.
pub(crate) trait Provider {
    /// As the gateway's routes have it.
    const NAME: &'static str;

    /// A sandbox that knows our secrets.
    fn sandbox() -> Options;

    /// What makes a gateway at `backend` use the sandbox, each as `--name=value`.
    fn flags(sandbox: &Sandbox, backend: &str) -> Vec<String>;
}

/// A provider's payments from end to end. What only its tests do is in an `impl` beside them.
pub(crate) struct Stage<P> {
    pub(crate) database: TestDatabase,
    pub(crate) core: TestCore,
    pub(crate) gateway: Gateway,
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    provider: PhantomData<P>,
}

impl<P: Provider> Stage<P> {
    /// With further flags of the gateway.
    pub(crate) async fn set(flags: &[&str]) -> Self {
        let client = client();
        let database = TestDatabase::new().await;
        let core = TestCore::start(&database).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = Sandbox::start(listener, P::sandbox()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = format!("http://{}", listener.local_addr().unwrap());
        let config = gateway_config(&core, &P::flags(&sandbox, &backend), flags);
        Self {
            gateway: Gateway::start_on(listener, config),
            database,
            core,
            sandbox,
            client,
            provider: PhantomData,
        }
    }

    /// For another gateway, or an operator's command.
    pub(crate) fn config(&self, flags: &[&str]) -> Config {
        let backend = format!("http://{}", self.gateway.addr);
        gateway_config(&self.core, &P::flags(&self.sandbox, &backend), flags)
    }

    /// What providers, payers and banks do: a request to the sandbox's controls.
    pub(crate) async fn control(&self, path: &str, fields: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let response = sent(self.client.post(url).json(&fields)).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub(crate) fn creation(&self, user: &str, body: &Value, key: Option<&str>) -> RequestBuilder {
        let path = format!("/api/billing/payment/{}/create", P::NAME);
        let request = self
            .gateway
            .request(Method::POST, &path)
            .bearer_auth(token(&json!(user)))
            .json(body);
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    pub(crate) async fn status(&self, user: &str, id: &str) -> Value {
        let path = format!("/api/billing/payment/{}/{id}/status", P::NAME);
        self.get(user, &path).await
    }

    pub(crate) fn refund(&self, id: &str, body: &Value, key: &str) -> RequestBuilder {
        let path = format!("/api/billing/payments/{id}/refund");
        self.gateway
            .request(Method::POST, &path)
            .bearer_auth(token_of(&json!({"userId": "root", "role": "admin"})))
            .header("idempotency-key", key)
            .json(body)
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Value {
        good(self.gateway.get(path).bearer_auth(token(&json!(user)))).await
    }

    /// Of a user who has no other.
    pub(crate) async fn only_payment(&self, user: &str) -> Value {
        let listed = self.get(user, "/api/billing/payments").await;
        assert_eq!(listed["payments"].as_array().unwrap().len(), 1, "{listed}");
        listed["payments"][0].clone()
    }

    pub(crate) async fn balance(&self, user: &str) -> String {
        let answer = self.get(user, "/api/billing/balance").await;
        answer["billing"]["balance_usd"].to_string()
    }

    pub(crate) async fn balance_becomes(&self, user: &str, expected: &str) {
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

    pub(crate) async fn history(&self, user: &str) -> Vec<(String, String)> {
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

    pub(crate) async fn charge(&self, user: &str, key: &str, amount: i64) -> Decision {
        let request = ChargeRequest {
            account: Some(account(user)),
            idempotency_key: key.to_owned(),
            cost: Some(micros(amount)),
            ..ChargeRequest::default()
        };
        let answer = self.core.balance().charge(request).await.unwrap();
        answer.into_inner().decision()
    }

    pub(crate) async fn deliveries(&self) -> Vec<Value> {
        let url = format!("{}/sandbox/deliveries", self.sandbox.url());
        let answer: Value = sent(self.client.get(url)).await.json().await.unwrap();
        answer["deliveries"].as_array().unwrap().clone()
    }

    /// Every webhook that the sandbox has to deliver was answered well.
    pub(crate) async fn delivered(&self) {
        self.deliveries_become(|one| one["state"] == "delivered")
            .await;
    }

    /// Every webhook is as it is said here.
    pub(crate) async fn deliveries_become(&self, is_so: impl Fn(&Value) -> bool) {
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

    /// Asks about every payment of the last hour.
    pub(crate) async fn reconcile(&self) -> Tally {
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        billing_gateway::reconcile(&self.config(&[]), since)
            .await
            .unwrap()
    }

    /// A statement of the core waits for a lock.
    pub(crate) async fn database_waits(&self) {
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

    pub(crate) async fn sql(&self, statement: &str) {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut owner)
            .await
            .unwrap();
    }
}

/// The later of two flags of one name holds.
fn gateway_config(core: &TestCore, provider: &[String], flags: &[&str]) -> Config {
    let usual = [
        "--payment-limit-user=1000",
        "--payment-limit-ip=1000",
        "--payment-limit-tenant=1000",
        "--rate-limit-user=100000",
        "--rate-limit-ip=100000",
        "--jwt-admin-claim=role",
        "--jwt-admin-value=admin",
        // Tests say themselves when payments are asked about.
        "--reconcile-secs=0",
    ];
    let administrators = format!("--core-admin-token={}", core.admin_token);
    let provider = provider.iter().map(String::as_str);
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let overridden = |flag: &&str| flags.iter().any(|given| name(given) == name(flag));
    let mut all: Vec<&str> = usual.into_iter().chain(provider).collect();
    all.push(&administrators);
    all.retain(|flag| !overridden(flag));
    all.extend_from_slice(flags);
    config(&core.url(), &core.gateway_token, &all)
}

/// The body of a successful answer.
pub(crate) async fn good(request: RequestBuilder) -> Value {
    let response = sent(request).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}
