//! What the ledger tells: a person, as mail, and other systems.

use serde_json::{Value, json};

use super::state::{Event, Level, LimitReached, LowBalance};
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

/// What other systems are told. Somebody's money is nobody else's business: none of it is public.
pub fn event(event: Event) -> Notice {
    let (kind, mut payload) = described(event);
    if let Value::Object(members) = &mut payload {
        members.retain(|_, value| !value.is_null());
    }
    Notice {
        channel: Channel::Event,
        kind,
        payload,
    }
}

fn described(event: Event) -> (&'static str, Value) {
    match event {
        Event::Credited {
            entry,
            kind,
            amount,
            balance_after,
        } => (
            "balance.credited",
            json!({
                "entry_seq": entry.get(),
                "entry_kind": kind.name(),
                "amount_micros": amount.get(),
                "balance_micros": balance_after.get(),
            }),
        ),
        Event::Low(LowBalance {
            settled, threshold, ..
        }) => (
            "balance.low",
            json!({
                "level": Level::of(settled, Some(threshold)).name(),
                "balance_micros": settled.get(),
                "threshold_micros": threshold.get(),
            }),
        ),
        Event::LimitReached(LimitReached {
            of,
            limit,
            used,
            ends_at,
            denied,
        }) => (
            "limit.reached",
            json!({
                "period": of.name(),
                "limit_micros": limit.get(),
                "used_micros": used.get(),
                "ends_at": ends_at.to_string(),
                "denied": denied,
            }),
        ),
        Event::HoldExpired {
            hold,
            tool,
            request_id,
            amount,
            expired_at,
        } => (
            "hold.expired",
            json!({
                "hold_id": hold.uuid().to_string(),
                "amount_micros": amount.get(),
                "expired_at": expired_at.to_string(),
                "tool": tool,
                "request_id": request_id,
            }),
        ),
    }
}
