//! What is told of a top-up: an event for other systems, a mail to the payer.

use serde_json::Value;

use super::Booking;
use crate::ledger::{Balance, EntryKind};
use crate::outbox::{Channel, Message};

/// What is told when the ledger has booked something of a payment that is described so.
pub fn booked(described: &Value, booking: &Booking, balance: Balance) -> [Message; 2] {
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
        Message {
            channel: Channel::Event,
            kind: event,
            payload: payload.clone(),
        },
        Message {
            channel: Channel::Mail,
            kind: mail,
            payload,
        },
    ]
}
