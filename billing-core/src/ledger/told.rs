//! What the ledger tells a person.

use serde_json::json;

use crate::money::Micros;
use crate::outbox::{Channel, Message};

/// What is told when what is available has fallen below the user's threshold.
pub fn low_balance(available: Micros, threshold: Micros) -> Message {
    Message {
        channel: Channel::Mail,
        kind: "low_balance",
        payload: json!({
            "available_micros": available.get(),
            "threshold_micros": threshold.get(),
        }),
    }
}
