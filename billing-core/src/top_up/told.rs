//! The notices of a top-up: to other systems, and as mail to the payer.

use serde_json::Value;

use super::Booking;
use crate::ledger::{Balance, EntryKind};
use crate::outbox::{Channel, Notice};

/// The notices of something that the ledger has booked of a payment that is described so.
pub fn booked(described: &Value, booking: &Booking, balance: Balance) -> [Notice; 2] {
    let (event, mail) = if booking.kind == EntryKind::TopUp {
        ("payment.succeeded", "payment_received")
    } else if booking.amount.is_positive() {
        ("payment.reversal_undone", "payment_reversal_undone")
    } else {
        ("payment.reversed", "payment_reversed")
    };
    let mut payload = described.clone();
    if let Value::Object(members) = &mut payload {
        members.insert("entry_kind".to_owned(), booking.kind.name().into());
        members.insert("booked_micros".to_owned(), booking.amount.get().into());
        members.insert("balance_micros".to_owned(), balance.settled.get().into());
    }
    [
        Notice {
            channel: Channel::Event,
            kind: event,
            payload: payload.clone(),
        },
        Notice {
            channel: Channel::Mail,
            kind: mail,
            payload,
        },
    ]
}

/// Of a payment that is described so and has ended without money.
pub fn failed(described: Value) -> Notice {
    Notice {
        channel: Channel::Mail,
        kind: "payment_failed",
        payload: described,
    }
}
