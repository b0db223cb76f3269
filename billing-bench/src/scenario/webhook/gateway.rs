//! A gateway that knows Stripe, and what Stripe would send it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use billing_stage::beside;
use billing_stage::hex::hex;
use billing_stage::postgres::scratch::{Purpose, Scratch};
use billing_stage::service::Service;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::delivery::Report;
use super::payments::Made;
use crate::room;

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
    pub fn report(&self, payment: &Made) -> Report {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let body = event(payment, now).to_string();
        let signature = format!("t={now},v1={}", sign(&format!("{now}.{body}")));
        let head = format!(
            "POST /webhooks/stripe HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n\
             Stripe-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Report((head + &body).into_bytes())
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

/// As large as Stripe's own is.
fn event(payment: &Made, now: u64) -> Value {
    json!({
        "id": format!("evt_{}", payment.reference),
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": now,
        "data": {"object": payment_intent(payment, now)},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": "req_of_the_benchmark", "idempotency_key": payment.payment_id},
        "type": "payment_intent.succeeded"
    })
}

fn payment_intent(payment: &Made, now: u64) -> Value {
    let mut object = json!({
        "id": payment.reference,
        "object": "payment_intent",
        "amount": payment.amount_minor,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": payment.amount_minor,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": true},
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic_async",
        "client_secret": format!("{}_secret_of_the_benchmark", payment.reference),
        "confirmation_method": "automatic",
        "created": now,
        "currency": "usd",
        "customer": "cus_of_the_benchmark",
        "description": null,
        "last_payment_error": null,
        "latest_charge": format!("ch_{}", payment.reference),
        "livemode": false,
        "metadata": {"payment_id": payment.payment_id}
    });
    let rest = json!({
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": "pm_of_the_benchmark",
        "payment_method_options": {"card": {
            "installments": null, "mandate_options": null, "network": null,
            "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "link"],
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "succeeded",
        "transfer_data": null,
        "transfer_group": null
    });
    if let (Value::Object(members), Value::Object(rest)) = (&mut object, rest) {
        members.extend(rest);
    }
    object
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}
