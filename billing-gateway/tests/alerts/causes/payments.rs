//! Payments by a provider's sandbox, with core and gateway as they are in production.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    ApplyProviderEventRequest, CaptureHoldRequest, ChargeRequest, CheckBalanceRequest,
    PlaceHoldRequest,
};
use billing_sandbox::{Options, Sandbox};
use billing_testkit::TestDatabase;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::cause;
use crate::Caused;
use crate::promtool::Goes;
use crate::scrape::Scrape;
use crate::services::{Process, account, client, micros};

const RECEIVED: &str = "billing_payments_received_micros_total{";

pub struct System {
    pub database: TestDatabase,
    pub core: Process,
    pub gateway: Process,
    sandbox: Sandbox,
    /// What the core writes its mail and events to.
    _outbox: TempDir,
}

impl System {
    pub async fn start() -> Self {
        let database = TestDatabase::new().await;
        let outbox = tempfile::tempdir().unwrap();
        let settings = [("BILLING_OUTBOX_DIR", outbox.path().to_str().unwrap())];
        let core = Process::core(database.application_url(), &settings).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options::new("sk_test_of_the_tests".into(), "whsec_of_the_tests".into());
        let sandbox = Sandbox::start(listener, options).unwrap();
        let gateway = Process::gateway(
            &core,
            &[
                ("STRIPE_API_URL", &sandbox.url()),
                ("BILLING_RECONCILE_SECS", "1"),
                ("BILLING_RATE_SOURCE", "static:41.50"),
            ],
        )
        .await;
        let webhooks = format!("http://{}/webhooks/stripe", gateway.address);
        sandbox.set_webhook_urls(vec![webhooks]);
        Self {
            database,
            core,
            gateway,
            sandbox,
            _outbox: outbox,
        }
    }

    async fn scrape(&self) -> Scrape {
        self.core.scrape().await.with(&self.gateway.scrape().await)
    }

    /// Two rounds of everything that users do; what was exported after each.
    pub async fn does_well(&self) -> (Scrape, Scrape) {
        self.round(1).await;
        let first = self.scrape().await;
        self.round(2).await;
        let rounds = "billing_reconcile_rounds_total{outcome=\"ok\"";
        let before = first.sum(rounds);
        self.gateway
            .until("it reconciles", |scrape| scrape.sum(rounds) > before)
            .await;
        (first, self.scrape().await)
    }

    async fn round(&self, number: i64) {
        let reference = self.begin("u").await;
        self.act(&reference, "pay").await;
        let expected = 25e6 * f64::from(i32::try_from(number).unwrap());
        self.core
            .until("it is credited", |scrape| scrape.sum(RECEIVED) >= expected)
            .await;
        let mut calls = BalanceServiceClient::new(self.core.channel());
        for n in 0..5 {
            let key = format!("{number}-{n}");
            let check = CheckBalanceRequest {
                account: account("u"),
                cost: micros(1),
            };
            calls.check_balance(check).await.unwrap();
            calls.charge(charge("u", &key, 1000)).await.unwrap();
            let hold = calls
                .place_hold(hold("u", &format!("hold-{key}"), 60))
                .await
                .unwrap();
            let capture = CaptureHoldRequest {
                account: account("u"),
                hold_id: hold.into_inner().hold.unwrap().hold_id,
                cost: micros(1),
                ..CaptureHoldRequest::default()
            };
            calls.capture_hold(capture).await.unwrap();
            let path = "/api/billing/balance";
            let answer = self.gateway.request(Method::GET, path, "u").send().await;
            assert_eq!(answer.unwrap().status(), 200);
        }
    }

    /// What the provider calls a top-up of 25 USD.
    async fn begin(&self, user: &str) -> String {
        let answer: Value = begin(&self.gateway, user).await.json().await.unwrap();
        answer["paymentIntentId"].as_str().unwrap().to_owned()
    }

    async fn act(&self, reference: &str, action: &str) {
        let url = format!(
            "{}/sandbox/payments/{reference}/{action}",
            self.sandbox.url()
        );
        let answer = client().post(url).json(&json!({})).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    pub async fn sql(&self, statement: &str) {
        sql(&self.database, statement).await;
    }

    pub async fn webhooks_are_refused(&self, caused: &mut Caused) {
        let send = async |signature: &str| {
            let url = format!("http://{}/webhooks/stripe", self.gateway.address);
            let request = client().post(url).header("stripe-signature", signature);
            let answer = request.body("{}").send().await.unwrap();
            assert_eq!(answer.status(), 400);
        };
        let now = Timestamp::now().as_second();
        for (alert, goes, secret, time) in [
            ("BillingWebhooksRefused", Goes::On, "whsec_of_another", now),
            (
                "BillingClockSkew",
                Goes::Once,
                "whsec_of_the_tests",
                now - 3600,
            ),
        ] {
            cause(caused, &self.gateway, &[(alert, goes)], async || {
                for _ in 0..6 {
                    send(&signature(secret, time, "{}")).await;
                }
                self.gateway.scrape().await
            })
            .await;
        }
    }

    pub async fn webhooks_do_not_come(&self, caused: &mut Caused) {
        self.sandbox.set_webhook_urls(Vec::new());
        let alerts = [("BillingWebhooksMissing", Goes::Once)];
        cause(caused, &self.gateway, &alerts, async || {
            for user in ["v", "w", "x", "y"] {
                let reference = self.begin(user).await;
                self.act(&reference, "pay").await;
            }
            self.sql("update payment set next_check_at = now() where next_check_at is not null")
                .await;
            let applied =
                "billing_reconcile_payments_total{provider=\"stripe\",outcome=\"applied\"";
            self.gateway
                .until("they are found", |scrape| scrape.sum(applied) >= 4.0)
                .await
        })
        .await;
    }

    pub async fn an_event_cannot_be_read(&self, caused: &mut Caused) {
        let alerts = [("BillingEventsToReview", Goes::Once)];
        cause(caused, &self.core, &alerts, async || {
            let unreadable = Report::Unreadable("of no form".to_owned());
            apply(&self.core, "stripe", "evt_1", "", unreadable).await;
            self.core.scrape().await
        })
        .await;
    }
}

pub async fn begin(gateway: &Process, user: &str) -> reqwest::Response {
    let path = "/api/billing/payment/stripe/create";
    let request = gateway.request(Method::POST, path, user);
    let body = json!({"amount_usd": 25});
    request.json(&body).send().await.unwrap()
}

pub async fn apply(core: &Process, provider: &str, event: &str, payment: &str, report: Report) {
    let event = ApplyProviderEventRequest {
        provider: provider.to_owned(),
        event_id: event.to_owned(),
        event_type: "a.report".to_owned(),
        occurred_at: Some(seconds_ago(0)),
        raw: b"{}".to_vec(),
        payment_id: payment.to_owned(),
        report: Some(report),
        ..ApplyProviderEventRequest::default()
    };
    let mut core = PaymentServiceClient::new(core.channel());
    core.apply_provider_event(event).await.unwrap();
}

pub fn seconds_ago(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: Timestamp::now().as_second() - seconds,
        nanos: 0,
    }
}

pub async fn sql(database: &TestDatabase, statements: &str) {
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&mut owner)
        .await
        .unwrap();
}

pub fn charge(user: &str, key: &str, amount: i64) -> ChargeRequest {
    ChargeRequest {
        account: account(user),
        idempotency_key: key.to_owned(),
        cost: micros(amount),
        ..ChargeRequest::default()
    }
}

pub fn hold(user: &str, key: &str, seconds: i64) -> PlaceHoldRequest {
    PlaceHoldRequest {
        account: account(user),
        idempotency_key: key.to_owned(),
        cost: micros(1),
        ttl: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..PlaceHoldRequest::default()
    }
}

fn signature(secret: &str, time: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={}", digits.concat())
}
