//! What the ledger tells a person.

use serde_json::json;

use crate::money::Micros;
use crate::outbox::{Channel, Notice};

/// What is told when the settled balance has fallen below the user's threshold.
pub fn low_balance(settled: Micros, threshold: Micros) -> Notice {
    Notice {
        channel: Channel::Mail,
        kind: "low_balance",
        payload: json!({
            "settled_micros": settled.get(),
            // For a relay of a version that knows no other.
            "available_micros": settled.get(),
            "threshold_micros": threshold.get(),
        }),
    }
}
