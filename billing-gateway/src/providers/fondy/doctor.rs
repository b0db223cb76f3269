//! What `doctor` asks Fondy, and a callback as Fondy would send it.

use axum::http::{HeaderMap, HeaderValue, header};
use billing_telemetry::doctor::Finding;
use secrecy::SecretString;

use super::message::Fields;
use super::{Fondy, STATUS, UNKNOWN_ORDER, signature};
use crate::causes::causes;
use crate::providers::ProviderError;
use crate::providers::self_test::{SELF_TEST, SelfTest, Signer};

/// The field by which our own callback is known; it is signed as all are.
pub(super) const FIELD: &str = "self_test";

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
    pub(super) fn own_webhooks(&self, nonce: &str) -> Vec<SelfTest> {
        let forger = SecretString::from(format!("forged_{nonce}"));
        [
            (Signer::Ours(1), &self.secret_key),
            (Signer::Forger, &forger),
        ]
        .into_iter()
        .map(|(signed_by, secret)| {
            let merchant_id = self.merchant.id.to_string();
            let order_id = format!("self-test-{nonce}");
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
