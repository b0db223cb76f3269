//! What a provider reported, in our own words, and what became of it.

use jiff::Timestamp;

use super::super::books::{DisputeReport, RefundReport};
use super::super::{Payment, State};
use crate::id::PaymentId;
use crate::ledger::Balance;
use crate::money::Micros;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its effect is booked, or it had none that was not booked already.
    Applied,
    Ignored,
    /// It is about a payment that is not known here.
    Unmatched,
    Unreadable,
    /// It contradicts the payment's record: nothing was credited.
    Contradiction,
    /// It came while the switch `webhooks` was off.
    Recorded,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Ignored => "ignored",
            Self::Unmatched => "unmatched",
            Self::Unreadable => "unreadable",
            Self::Contradiction => "contradiction",
            Self::Recorded => "recorded",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Applied,
            Self::Ignored,
            Self::Unmatched,
            Self::Unreadable,
            Self::Contradiction,
            Self::Recorded,
        ]
        .into_iter()
        .find(|outcome| outcome.name() == name)
    }

    /// Whether the event may be applied again: nothing has come of it so far.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Unmatched | Self::Unreadable | Self::Recorded)
    }
}

/// An authentic event, in our own words.
#[derive(Clone, Debug)]
pub struct ProviderEvent {
    pub provider: String,
    pub event_id: String,
    pub event_type: String,
    pub livemode: bool,
    /// The connected account that it is about; empty: our own.
    pub provider_account: String,
    pub occurred_at: Timestamp,
    pub raw: Vec<u8>,
    /// What the provider calls the payment.
    pub reference: Option<String>,
    pub payment: Option<PaymentId>,
    pub report: Report,
}

#[derive(Clone, Debug)]
pub enum Report {
    /// Nothing that billing does anything about.
    None,
    Unreadable(String),
    /// The provider, asked about it, says otherwise: why.
    Unconfirmed(String),
    Payment(PaymentReport),
    Refund(RefundReport),
    Dispute(DisputeReport),
    GivenBack(GivenBackReport),
}

/// All that was given back of a payment.
#[derive(Clone, Debug)]
pub struct GivenBackReport {
    pub total_minor: i64,
    pub currency: String,
}

#[derive(Clone, Debug)]
pub struct PaymentReport {
    pub state: State,
    pub amount_minor: i64,
    pub currency: String,
    pub decline_code: Option<String>,
}

/// What an event did.
#[derive(Clone, Debug)]
pub struct Applied {
    pub outcome: Outcome,
    /// It had been stored before, with this outcome.
    pub duplicate: bool,
    pub payment: Option<Payment>,
    /// What it moved, signed.
    pub moved: Micros,
    pub balance: Option<Balance>,
}

impl Applied {
    pub(super) fn nothing(outcome: Outcome, payment: Option<Payment>) -> Self {
        Self {
            outcome,
            duplicate: false,
            payment,
            moved: Micros::ZERO,
            balance: None,
        }
    }
}
