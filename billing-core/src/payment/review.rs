//! What operators do about payments, on the command line: look at what contradicts, say that it was
//! looked at, and forget what providers sent.

use std::fmt;

use jiff_sqlx::Timestamp as SqlTimestamp;
use serde_json::json;
use uuid::Uuid;

pub use super::queries::{findings, marked, redact, resolve};

/// An event that an operator should look at.
pub struct Finding {
    pub provider: String,
    pub event_id: String,
    pub event_type: String,
    pub outcome: String,
    pub detail: String,
    pub account_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub received_at: SqlTimestamp,
}

impl Finding {
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "provider": self.provider,
            "event_id": self.event_id,
            "event_type": self.event_type,
            "outcome": self.outcome,
            "detail": self.detail,
            "payment_id": self.payment_id(),
            "received_at": self.received_at.to_jiff().to_string(),
        })
    }

    fn payment_id(&self) -> Option<String> {
        let (account, payment) = (self.account_id?, self.payment_id?);
        Some(format!("{}-{}", account.simple(), payment.simple()))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} ({}): {}; payment {}",
            self.received_at.to_jiff(),
            self.provider,
            self.event_id,
            self.outcome,
            self.event_type,
            self.detail,
            self.payment_id().as_deref().unwrap_or("unknown"),
        )
    }
}

/// A payment that was marked for a look.
pub struct MarkedPayment {
    pub account_id: Uuid,
    pub payment_id: Uuid,
    pub state: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub currency: String,
    pub refunded_minor: i64,
    pub disputed_minor: i64,
}

impl fmt::Display for MarkedPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (account, payment) = (self.account_id.simple(), self.payment_id.simple());
        write!(
            f,
            "payment {account}-{payment}: {}, {} {} (minor units), {} received, {} refunded, {} disputed",
            self.state,
            self.amount_minor,
            self.currency,
            self.received_minor
                .map_or_else(|| "all".to_owned(), |minor| minor.to_string()),
            self.refunded_minor,
            self.disputed_minor
        )
    }
}
