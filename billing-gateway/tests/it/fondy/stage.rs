//! The stage with Fondy, and what only its tests do.

use billing_proto::v1::operator_service_client::OperatorServiceClient;
use billing_proto::v1::{RecordRateRequest, SetSwitchRequest};
use billing_sandbox::{FONDY_TEST_MERCHANT, Options, Sandbox};
use billing_testkit::TestCore;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::stage::Provider;
pub(super) use crate::stage::good;

pub(super) const SECRET: &str = "fondy_of_the_tests";

pub(super) type Stage = crate::stage::Stage<Fondy>;

pub(crate) struct Fondy;

impl Provider for Fondy {
    const NAME: &'static str = "fondy";

    fn sandbox() -> Options {
        let mut options = Options::new("sk_test_1".into(), "whsec_1".into());
        options.fondy_secret = SECRET.into();
        options
    }

    fn flags(sandbox: &Sandbox, backend: &str) -> Vec<String> {
        vec![
            format!("--fondy-merchant-id={FONDY_TEST_MERCHANT}"),
            format!("--fondy-secret-key={SECRET}"),
            format!("--fondy-api-url={}", sandbox.fondy_url()),
            format!("--backend-url={backend}"),
            "--frontend-url=https://app.example.com/billing".to_owned(),
        ]
    }
}

/// A payment that was begun.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) page: String,
}

impl Stage {
    /// Where a dollar costs 40 hryvnias.
    pub(crate) async fn start() -> Self {
        let stage = Self::without_rate(&[]).await;
        stage.rate("40", SignedDuration::ZERO).await;
        stage
    }

    /// With further flags of the gateway.
    pub(super) async fn without_rate(flags: &[&str]) -> Self {
        Self::set(flags).await
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

    pub(super) async fn order(&self, id: &str, action: &str) {
        let path = format!("orders/{id}/{action}");
        self.control(&path, json!({})).await;
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

    pub(super) fn callback(&self, body: &Value) -> RequestBuilder {
        self.gateway
            .request(Method::POST, "/webhooks/fondy")
            .header("content-type", "application/json")
            .body(body.to_string())
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
