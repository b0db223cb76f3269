//! A gateway that knows Stripe, and what Stripe would send it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use billing_stage::hex::hex;
use billing_stage::postgres::scratch::{Purpose, Scratch};
use billing_stage::service::Service;
use billing_stage::{beside, free_address};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::delivery::Report;
use super::payments::Made;
use crate::room;

const EVENT: &str = include_str!("event.json");
const SECRET: &str = "whsec_of_the_benchmark";

/// Fields are dropped in this order: the process before its log.
pub struct Gateway {
    pub address: SocketAddr,
    service: Service,
    _folder: Scratch,
}

impl Gateway {
    pub async fn start(core: SocketAddr, token: &str) -> Result<Self> {
        let (address, admin) = (free_address()?, free_address()?);
        let folder = Scratch::new(Path::new(room::FOLDER), Purpose::Bench)?;
        let environment = [
            ("BILLING_GATEWAY_ADDR", address.to_string()),
            ("BILLING_GATEWAY_ADMIN_ADDR", admin.to_string()),
            ("BILLING_CORE_URL", format!("http://{core}")),
            ("BILLING_CORE_TOKEN", token.to_owned()),
            ("BILLING_DEFAULT_TENANT", crate::load::TENANT.to_owned()),
            ("JWT_SECRET", "nobody signs in to the benchmark".to_owned()),
            ("STRIPE_SECRET_KEY", "sk_test_of_the_benchmark".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", SECRET.to_owned()),
            // Nobody is there, and nobody is asked.
            ("STRIPE_API_URL", "http://127.0.0.1:9".to_owned()),
            ("BILLING_RECONCILE_SECS", "0".to_owned()),
        ];
        let log = folder.path().join("gateway.log");
        let program = beside("billing-gateway")?;
        let mut service = Service::start("billing-gateway", &program, &environment, log)?;
        service.await_readiness(admin).await?;
        Ok(Self {
            address,
            service,
            _folder: folder,
        })
    }

    pub async fn stop(self) -> Result<()> {
        self.service.stop().await
    }

    /// The webhook that says that a payment is paid, signed now.
    #[expect(clippy::unused_self, reason = "the secret is the gateway's")]
    pub fn report(&self, payment: &Made) -> Result<Report> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let body = event(payment, now)?;
        let signature = format!("t={now},v1={}", sign(&format!("{now}.{body}")));
        let head = format!(
            "POST /webhooks/stripe HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n\
             Stripe-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Ok(Report((head + &body).into_bytes()))
    }
}

fn sign(text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    hex(&bytes)
}

/// As large as Stripe's own is: all members that its API reference has for the two objects. The
/// compact text, with what differs from payment to payment put in.
fn event(payment: &Made, now: u64) -> Result<String> {
    let mut event: Value = serde_json::from_str(EVENT)?;
    for created in ["/created", "/data/object/created"] {
        put(&mut event, created, now);
    }
    for amount in ["/data/object/amount", "/data/object/amount_received"] {
        put(&mut event, amount, payment.amount_minor);
    }
    let text = event.to_string();
    let text = text.replace("REFERENCE", &payment.reference);
    Ok(text.replace("PAYMENT_ID", &payment.payment_id))
}

fn put(event: &mut Value, place: &str, number: impl Into<Value>) {
    if let Some(member) = event.pointer_mut(place) {
        *member = number.into();
    }
}
