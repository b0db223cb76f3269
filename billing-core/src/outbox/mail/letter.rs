//! What a mail tells: read from a notice of the outbox.

use jiff::Timestamp;
use serde_json::Value;

use super::contribution::{Gift, Turn};
use super::words::Amount;
use crate::outbox::queries::Contact;
use crate::unsubscribe::Subscription;

/// The currency of accounts.
const ACCOUNTS_CURRENCY: &str = "USD";
const MICROS_PER_CENT: i64 = 10_000;

/// A mail, without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    Received(Booked),
    Failed {
        paid: Amount,
    },
    Refunded(Booked),
    Disputed(Booked),
    /// What a refund or a dispute had taken is back.
    Restored(Booked),
    Contribution(Turn, Box<Gift>),
    ContributionFailed {
        wanted: Amount,
        number: String,
    },
    /// A month's payment of a subscription could not be taken.
    PastDue(Support),
    /// A subscription has ended.
    Ended(Support),
    LowBalance {
        balance: Amount,
        threshold: Amount,
    },
    EndpointDisabled(Box<DisabledEndpoint>),
    Test,
}

/// An endpoint that gets no more events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledEndpoint {
    pub id: String,
    /// Host and path.
    pub place: String,
    /// It said itself that it is no more.
    pub is_gone: bool,
    /// The first failure since the last success.
    pub since: Timestamp,
    pub error: String,
}

/// Monthly support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// Each month's.
    pub amount: Amount,
    /// As its giver may name it to whoever helps them.
    pub number: String,
    /// The newest payment had not come before, which need not be why it has ended: its giver may have asked for that.
    pub has_failed: bool,
}

/// What a payment moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// What has arrived.
    pub paid: Amount,
    /// What was to arrive.
    pub ordered: Amount,
    /// Without its sign.
    pub amount: Amount,
    pub balance: Amount,
}

/// The notice is none of those that are mailed, or does not say what its kind must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail cannot be made of a {kind:?}: {missing}")]
pub struct Unreadable {
    kind: String,
    missing: &'static str,
}

impl Letter {
    pub fn read(kind: &str, payload: &Value) -> Result<Self, Unreadable> {
        let letter = match kind {
            "payment_received" => Booked::read(payload).map(Self::Received),
            "payment_failed" => paid(payload).map(|paid| Self::Failed { paid }),
            "payment_reversed" => Booked::read(payload).map(|booked| {
                if payload.get("entry_kind").and_then(Value::as_str) == Some("dispute") {
                    Self::Disputed(booked)
                } else {
                    Self::Refunded(booked)
                }
            }),
            "payment_reversal_undone" => Booked::read(payload).map(Self::Restored),
            "contribution_received" => contribution(Turn::Received, payload),
            "contribution_refunded" => contribution(Turn::Refunded, payload),
            "contribution_disputed" => contribution(Turn::Disputed, payload),
            "contribution_restored" => contribution(Turn::Restored, payload),
            "contribution_failed" => contribution_failed(payload),
            "subscription_past_due" => Support::read(payload).map(Self::PastDue),
            "subscription_ended" => Support::read(payload).map(Self::Ended),
            "low_balance" => low_balance(payload),
            "endpoint_disabled" => DisabledEndpoint::read(payload)
                .map(|endpoint| Self::EndpointDisabled(Box::new(endpoint))),
            "test" => Ok(Self::Test),
            _ => Err("unknown kind"),
        };
        letter.map_err(|missing| Unreadable {
            kind: kind.to_owned(),
            missing,
        })
    }

    /// The name of its templates, and of what is counted.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received(_) => "payment_received",
            Self::Failed { .. } => "payment_failed",
            Self::Refunded(_) => "payment_refunded",
            Self::Disputed(_) => "payment_disputed",
            Self::Restored(_) => "payment_restored",
            Self::Contribution(turn, _) => turn.name(),
            Self::ContributionFailed { .. } => "contribution_failed",
            Self::PastDue(_) => "subscription_past_due",
            Self::Ended(_) => "subscription_ended",
            Self::LowBalance { .. } => "low_balance",
            Self::EndpointDisabled(_) => "endpoint_disabled",
            Self::Test => "test",
        }
    }

    pub const fn is_wanted_by(&self, contact: &Contact) -> bool {
        match self {
            Self::Received(_)
            | Self::Refunded(_)
            | Self::Disputed(_)
            | Self::Restored(_)
            | Self::Contribution(..)
            | Self::Ended(_) => contact.mail_payments,
            Self::Failed { .. } | Self::ContributionFailed { .. } | Self::PastDue(_) => {
                contact.mail_payment_failures
            }
            Self::LowBalance { .. } => contact.mail_low_balance,
            // Its owner is reached by nothing else; the other was asked for a moment ago.
            Self::EndpointDisabled(_) | Self::Test => true,
        }
    }

    /// What a reader may end; a receipt, or the answer to a request, is nothing that one subscribes to.
    pub const fn subscription(&self) -> Option<Subscription> {
        match self {
            Self::LowBalance { .. } => Some(Subscription::LowBalance),
            Self::Received(_)
            | Self::Failed { .. }
            | Self::Refunded(_)
            | Self::Disputed(_)
            | Self::Restored(_)
            | Self::Contribution(..)
            | Self::ContributionFailed { .. }
            | Self::PastDue(_)
            | Self::Ended(_)
            | Self::EndpointDisabled(_)
            | Self::Test => None,
        }
    }
}

impl DisabledEndpoint {
    fn read(payload: &Value) -> Result<Self, &'static str> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str);
        let since = text("since").and_then(|at| at.parse().ok());
        Ok(Self {
            id: text("endpoint_id").ok_or("no endpoint_id")?.to_owned(),
            place: text("place").ok_or("no place")?.to_owned(),
            is_gone: text("why") == Some("gone"),
            since: since.ok_or("no since")?,
            error: text("error").ok_or("no error")?.to_owned(),
        })
    }
}

impl Booked {
    fn read(payload: &Value) -> Result<Self, &'static str> {
        let booked = number(payload, "booked_micros").ok_or("no booked_micros")?;
        let balance = number(payload, "balance_micros").ok_or("no balance_micros")?;
        let ordered = paid(payload)?;
        let paid = match number(payload, "received_minor") {
            Some(minor) => of_minor(minor, ordered.currency.clone())?,
            // Of a version that did not know it, or of a payment before that.
            None => ordered.clone(),
        };
        Ok(Self {
            paid,
            ordered,
            amount: of_account(booked.checked_abs().ok_or("booked_micros out of range")?),
            balance: of_account(balance),
        })
    }
}

impl Support {
    fn read(payload: &Value) -> Result<Self, &'static str> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str);
        Ok(Self {
            amount: paid(payload)?,
            number: text("subscription_id")
                .ok_or("no subscription_id")?
                .to_owned(),
            has_failed: text("status_before") == Some("past_due"),
        })
    }
}

fn contribution(turn: Turn, payload: &Value) -> Result<Letter, &'static str> {
    Gift::read(payload).map(|gift| Letter::Contribution(turn, Box::new(gift)))
}

fn contribution_failed(payload: &Value) -> Result<Letter, &'static str> {
    let number = payload.get("ulid").and_then(Value::as_str);
    Ok(Letter::ContributionFailed {
        wanted: paid(payload)?,
        number: number.ok_or("no ulid")?.to_owned(),
    })
}

fn low_balance(payload: &Value) -> Result<Letter, &'static str> {
    let settled = number(payload, "settled_micros");
    // Of a version that told what was available.
    let balance = settled
        .or_else(|| number(payload, "available_micros"))
        .ok_or("no settled_micros")?;
    let threshold = number(payload, "threshold_micros").ok_or("no threshold_micros")?;
    Ok(Letter::LowBalance {
        balance: of_account(balance),
        threshold: of_account(threshold),
    })
}

fn paid(payload: &Value) -> Result<Amount, &'static str> {
    let minor = number(payload, "amount_minor").ok_or("no amount_minor")?;
    let currency = payload.get("currency").and_then(Value::as_str);
    of_minor(minor, currency.ok_or("no currency")?.to_owned())
}

pub(super) fn of_minor(minor: i64, currency: String) -> Result<Amount, &'static str> {
    let micros = minor
        .checked_mul(MICROS_PER_CENT)
        .ok_or("an amount out of range")?;
    Ok(Amount { micros, currency })
}

pub(super) fn number(payload: &Value, name: &str) -> Option<i64> {
    payload.get(name).and_then(Value::as_i64)
}

fn of_account(micros: i64) -> Amount {
    Amount {
        micros,
        currency: ACCOUNTS_CURRENCY.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_that_does_not_say_what_its_kind_must_is_no_mail() {
        for (kind, payload) in [
            ("payment_started", json!({})),
            ("payment_failed", json!({})),
            ("payment_failed", json!({"amount_minor": 1})),
            (
                "payment_failed",
                json!({"amount_minor": i64::MAX, "currency": "USD"}),
            ),
            (
                "payment_received",
                json!({"amount_minor": 1, "currency": "USD"}),
            ),
            ("contribution_received", json!({"currency": "USD"})),
            (
                "contribution_failed",
                json!({"amount_minor": 1, "currency": "USD"}),
            ),
            ("low_balance", json!({"available_micros": 1.5})),
        ] {
            assert!(Letter::read(kind, &payload).is_err(), "{kind} {payload}");
        }
    }

    #[test]
    fn a_dispute_is_told_otherwise_than_a_refund() {
        for (entry_kind, name) in [
            ("payment_reversal", "payment_refunded"),
            ("dispute", "payment_disputed"),
        ] {
            let payload = json!({
                "amount_minor": 1000, "currency": "USD", "entry_kind": entry_kind,
                "booked_micros": -5_000_000, "balance_micros": 0,
            });
            let letter = Letter::read("payment_reversed", &payload).unwrap();
            assert_eq!(letter.name(), name);
        }
    }
}
