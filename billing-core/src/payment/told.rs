//! What is told of a payment: events for other systems, mails to the payer.

use serde_json::{Value, json};

use super::{Booking, Payment, State};
use crate::ledger::{Balance, EntryKind};
use crate::money::Micros;
use crate::outbox::{Channel, Message};

/// What is told when the ledger has booked something of a payment: an event, and a mail to the payer.
pub fn booked(payment: &Payment, booking: &Booking, balance: Balance) -> [Message; 2] {
    let (event, mail) = if booking.kind == EntryKind::TopUp {
        ("payment.succeeded", "payment_received")
    } else if booking.amount.is_positive() {
        ("payment.reversal_undone", "payment_reversal_undone")
    } else {
        ("payment.reversed", "payment_reversed")
    };
    let mut payload = described(payment);
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

/// What is told when a payment has ended without money: an event, and a mail to a payer who tried.
pub fn ended(payment: &Payment) -> Vec<Message> {
    let mut messages = vec![Message {
        channel: Channel::Event,
        kind: "payment.ended",
        payload: described(payment),
    }];
    if payment.state == State::Failed || payment.decline_code.is_some() {
        messages.push(Message {
            channel: Channel::Mail,
            kind: "payment_failed",
            payload: described(payment),
        });
    }
    messages
}

fn described(payment: &Payment) -> Value {
    json!({
        "payment_id": payment.id.to_string(),
        "tenant_id": payment.tenant_id,
        "user_id": payment.user_id,
        "provider": &*payment.provider,
        "state": payment.state.name(),
        "amount_minor": payment.amount_minor,
        "received_minor": payment.received_minor,
        "currency": payment.currency,
        "credit_micros": Micros::get(payment.credit),
    })
}
