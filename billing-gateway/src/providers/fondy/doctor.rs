//! What `doctor` asks Fondy, and a callback as Fondy would send it.

use axum::http::{HeaderMap, HeaderValue, header};
use billing_telemetry::doctor::Finding;
use jiff::Timestamp;
use secrecy::SecretString;

use super::message::Fields;
use super::{Fondy, STATUS, UNKNOWN_ORDER, signature};
use crate::causes::causes;
use crate::providers::self_test::{SELF_TEST, SelfTest, Signer};
use crate::providers::{ProviderError, WebhookRefusal};

/// How our own callback's order is called: then the second when it was made, a hyphen, and a nonce. No
/// payment of ours is called so.
const ORDER: &str = "self-test-";
/// By this one earlier gateways know it.
const FIELD: &str = "self_test";
/// As Stripe's signatures.
const AGE_SECS_MAX: u64 = 300;

/// Whether it is a callback of our own making, whatever else is in it. A signature is of values, and
/// not of what their fields are called: it is known by its value in any field.
pub(super) fn is_self_test(fields: &Fields, now: Timestamp) -> Result<bool, WebhookRefusal> {
    let made = fields.iter().find_map(|(_, value)| made_at(value));
    match made {
        Some(made) if made.abs_diff(now.as_second()) > AGE_SECS_MAX => Err(WebhookRefusal::Time),
        Some(_) => Ok(true),
        None if fields.text("order_id").starts_with(ORDER) => Err(WebhookRefusal::Time),
        None => Ok(false),
    }
}

/// None where it is no such order's name.
fn made_at(order: &str) -> Option<i64> {
    let (made, nonce) = order.strip_prefix(ORDER)?.split_once('-')?;
    let is_nonce = nonce.len() == 16 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    made.parse().ok().filter(|_| is_nonce)
}

impl Fondy {
    /// Asks for an order that is none: whoever says so has believed our signature.
    pub(super) async fn looked_at(&self) -> Finding {
        let order = Fields::from_iter([("order_id", "billing-gateway-self-test")]);
        let mode = if self.merchant.livemode {
            "live"
        } else {
            "test"
        };
        let looked_at = format!("merchant {} ({mode})", self.merchant.id);
        match self.client.ask(STATUS, order).await {
            Ok(_) => Finding::ok(self.name, looked_at),
            Err(ProviderError::Refused { code, .. }) if code == UNKNOWN_ORDER => Finding::ok(
                self.name,
                format!("{looked_at} and its secret are known there"),
            ),
            Err(error) => {
                let to_do =
                    "mend FONDY_MERCHANT_ID, FONDY_SECRET_KEY or FONDY_API_URL, whichever it names";
                Finding::mend(self.name, looked_at, causes(&error), to_do)
            }
        }
    }

    /// One by our secret, and a forged one.
    pub(super) fn own_webhooks(&self, nonce: &str, now: Timestamp) -> Vec<SelfTest> {
        let forger = SecretString::from(format!("forged_{nonce}"));
        [
            (Signer::Ours(1), &self.secret_key),
            (Signer::Forger, &forger),
        ]
        .into_iter()
        .map(|(signed_by, secret)| {
            let merchant_id = self.merchant.id.to_string();
            let order_id = format!("{ORDER}{}-{nonce}", now.as_second());
            let fields = [
                ("order_id", order_id.as_str()),
                ("merchant_id", &merchant_id),
                ("order_status", "created"),
                ("amount", "0"),
                ("currency", "UAH"),
                (FIELD, SELF_TEST),
            ];
            let signed = signature::of_fields(secret, &Fields::from_iter(fields));
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields)
                .append_pair(signature::FIELD, &signed);
            let mut headers = HeaderMap::new();
            let of_form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, of_form);
            SelfTest {
                headers,
                body: form.finish().into_bytes(),
                signed_by,
            }
        })
        .collect()
    }
}
