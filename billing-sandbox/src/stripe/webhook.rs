//! Webhooks of Stripe's: each attempt is signed anew, at its own time.

use std::time::Duration;

use http::HeaderName;
use http::header::USER_AGENT;
use secrecy::SecretString;

use super::signature;
use crate::webhook::Origin;

#[derive(Debug)]
pub struct StripeWebhooks {
    pub secret: SecretString,
    pub retry_pauses: Vec<Duration>,
}

impl Origin for StripeWebhooks {
    fn retry_pauses(&self) -> &[Duration] {
        &self.retry_pauses
    }

    fn is_satisfied_by(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }

    fn headers(&self, at: i64, body: &str) -> Vec<(HeaderName, String)> {
        let agent = "Stripe/1.0 (+https://stripe.com/docs/webhooks)";
        vec![
            (USER_AGENT, agent.to_owned()),
            (
                HeaderName::from_static("stripe-signature"),
                signature::header(&self.secret, at, body),
            ),
        ]
    }
}
