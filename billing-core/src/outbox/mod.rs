//! What leaves the core: mail and events. They are rows of the transaction that caused them, and the
//! relay delivers them afterwards; nothing is sent while a transaction is open.
//!
//! Within a channel, the messages of one account are delivered in order; one that cannot be delivered
//! holds back its own account only. A message may be delivered twice (a core died before it could
//! note the delivery): its name is the same both times. What is refused for good, or for too long,
//! is given up: it stays, for `billing-core outbox`, and no longer holds back what follows.

pub mod command;
mod files;
pub mod mail;
mod queries;
pub mod relay;

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::id::AccountId;
use crate::ledger::{Balance, EntryKind};
use crate::money::Micros;
use crate::payment::{Booking, Payment, State};

/// How a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// To the person.
    Mail,
    /// To other systems.
    Event,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Event];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Event => "event",
        }
    }
}

/// Not the name of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be mail or event")]
pub struct NoChannel;

impl FromStr for Channel {
    type Err = NoChannel;

    fn from_str(name: &str) -> Result<Self, NoChannel> {
        let mut all = Self::ALL.into_iter();
        all.find(|channel| channel.name() == name).ok_or(NoChannel)
    }
}

/// What came of a message's delivery.
enum Fate {
    /// Delivered, or nobody wants it.
    Done,
    /// Not now: it is tried again.
    Later(String),
    /// It will never be taken.
    Never(String),
    /// Nothing can be delivered now: not the message's fault.
    Away(String),
}

/// Something to be told.
#[derive(Clone, Debug)]
pub struct Message {
    pub channel: Channel,
    pub kind: &'static str,
    pub payload: Value,
}

/// Writes messages, each account's in order. Joins the caller's transaction; the accounts' counters
/// stay locked until it ends, so that nobody comes between.
pub async fn enqueue(
    conn: &mut PgConnection,
    messages: &[(AccountId, Message)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    queries::insert_messages(conn, messages, now).await
}

/// What is told when the ledger has booked something of a payment: an event, and a mail to the payer.
pub fn payment_booked(payment: &Payment, booking: &Booking, balance: Balance) -> [Message; 2] {
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
pub fn payment_ended(payment: &Payment) -> Vec<Message> {
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

/// What is told when the settled balance has fallen below the user's threshold.
pub fn low_balance(settled: Micros, threshold: Micros) -> Message {
    Message {
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

/// What is told when somebody wants to see that mail arrives.
pub fn test_mail() -> Message {
    Message {
        channel: Channel::Mail,
        kind: "test",
        payload: json!({}),
    }
}
