//! The stage with Stripe, and what only its tests do.

use billing_sandbox::{Options, Sandbox};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::stage::Provider;
pub(super) use crate::stage::good;

pub(crate) const SECRET_KEY: &str = "sk_test_of_the_tests";
pub(super) const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

pub(crate) type Stage = crate::stage::Stage<Stripe>;

pub(crate) struct Stripe;

impl Provider for Stripe {
    const NAME: &'static str = "stripe";

    fn sandbox() -> Options {
        Options::new(SECRET_KEY.into(), WEBHOOK_SECRET.into())
    }

    fn flags(sandbox: &Sandbox, _backend: &str) -> Vec<String> {
        vec![
            format!("--stripe-secret-key={SECRET_KEY}"),
            format!("--stripe-webhook-secret={WEBHOOK_SECRET}"),
            format!("--stripe-api-url={}", sandbox.url()),
        ]
    }
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further flags of the gateway.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let stage = Self::set(flags).await;
        let webhooks = format!("http://{}/webhooks/stripe", stage.gateway.addr);
        stage.sandbox.set_webhook_urls(vec![webhooks]);
        stage
    }

    pub(super) async fn pay(&self, reference: &str) {
        let path = format!("payments/{reference}/pay");
        self.control(&path, json!({})).await;
    }

    /// A top-up of 25 USD that is begun; with the answer.
    pub(crate) async fn begun(&self, user: &str) -> Begun {
        let answer = good(self.creation(user, &json!({"amount_usd": 25}), None)).await;
        Begun {
            payment_id: answer["payment_id"].as_str().unwrap().to_owned(),
            reference: answer["paymentIntentId"].as_str().unwrap().to_owned(),
        }
    }

    /// A top-up of 25 USD that is paid and credited.
    pub(crate) async fn paid(&self, user: &str) -> Begun {
        let begun = self.begun(user).await;
        self.pay(&begun.reference).await;
        self.balance_becomes(user, "25").await;
        begun
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
    pub(crate) async fn events(&self) -> Vec<(String, String)> {
        let mut owner = self.database.connect_as_owner().await;
        sqlx::query_as("select event_id, outcome from provider_event order by received_at")
            .fetch_all(&mut owner)
            .await
            .unwrap()
    }
}

/// A payment that was begun, by both its names.
pub(crate) struct Begun {
    pub(crate) payment_id: String,
    pub(crate) reference: String,
}

pub(super) fn signature(secret: &str, time: i64, body: impl AsRef<[u8]>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(body.as_ref());
    let digits: Vec<String> = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={time},v1={}", digits.concat())
}
