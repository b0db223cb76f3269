//! What a provider reported, in our own words, and what became of it.

use jiff::Timestamp;

use super::super::books::RefundReport;
use super::super::dispute::{DisputeReport, Movement};
use super::super::rate::Rate;
use super::super::{Payment, State};
use super::opening::PaymentOpening;
use crate::id::PaymentId;
use crate::ledger::{Balance, CommandHash};
use crate::money::Micros;
use crate::sponsorship::SubscriptionReport;

/// The longest name of an event.
pub const EVENT_ID_BYTES: usize = 255;
/// What is added to one, so that it names another event of the same id.
const BESIDE_BYTES: usize = ":beside:0123456789abcdef".len();

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its effect is booked, or it had none that was not booked already.
    Applied,
    Ignored,
    /// It is about a payment that is not known here.
    Unmatched,
    Unreadable,
    /// It contradicts the payment's record: somebody has to look. Nothing was credited, or what has arrived
    /// although another amount was ordered.
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

    pub const ALL: [Self; 6] = [
        Self::Applied,
        Self::Ignored,
        Self::Unmatched,
        Self::Unreadable,
        Self::Contradiction,
        Self::Recorded,
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
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
    /// What it calls the payment besides.
    pub further_references: Vec<String>,
    pub payment: Option<PaymentId>,
    /// The account that the provider was told the payment is of, as it says it.
    pub account: Option<String>,
    pub report: Report,
    /// Opens the payment, where there is none of this reference.
    pub opens: Option<PaymentOpening>,
}

impl ProviderEvent {
    /// A hash of what it says, by which another event of the same id is told from the same one sent
    /// again. Not of its body: a provider counts its own deliveries in it (`pending_webhooks`), and
    /// writes it in another way for another endpoint or where it is fetched. Nor of what changes while
    /// the event stays the same: why an attempt was declined, where a dispute stands. Nor of the payment
    /// that it would open, its further names, and that money is on its way, which a version may not have read. None: nothing was understood of it, which
    /// another version may understand.
    pub fn meaning(&self) -> Option<[u8; 32]> {
        let mut hash = CommandHash::of("ProviderEvent");
        hash.text(&self.event_id)
            .text(&self.event_type)
            .number(self.livemode.into())
            .text(&self.provider_account)
            .text(self.reference.as_deref().unwrap_or_default());
        match &self.report {
            Report::None | Report::Unreadable(_) | Report::Unconfirmed(_) => return None,
            Report::Payment(report) => hash
                .text(report.state.name())
                .number(report.amount_minor)
                .text(&report.currency),
            Report::Refund(report) => hash
                .text(&report.reference)
                .text(report.state.name())
                .number(report.amount_minor)
                .text(&report.currency),
            Report::Dispute(report) => hash
                .text(&report.reference)
                // Not what else has moved so far: that says no more of this event.
                .text(report.movement.map_or("none", Movement::name))
                .number(report.amount_minor)
                .text(&report.currency),
            Report::GivenBack(report) => hash.number(report.total_minor).text(&report.currency),
            // Not how it stands: asked again, the provider says something newer, and of the same event.
            Report::Subscription(report) => hash.text(&report.reference),
        };
        Some(hash.finish().0)
    }

    /// Everything that the provider calls the payment.
    pub(super) fn references(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.reference.iter().chain(&self.further_references)
    }

    /// Its provider, and what that calls the payment.
    pub(super) fn named(&self) -> Option<(&str, &str)> {
        Some((&self.provider, self.reference.as_deref()?))
    }

    /// This event, to be kept beside the one of the same id that came before, and about its payment.
    /// Sent again, it has the same name again.
    pub(super) fn beside(&self, first: Option<PaymentId>) -> Self {
        let meaning = self.meaning().unwrap_or_default();
        let number = meaning
            .first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first));
        let most = self
            .event_id
            .floor_char_boundary(EVENT_ID_BYTES - BESIDE_BYTES);
        let name = self.event_id.get(..most).unwrap_or_default();
        Self {
            event_id: format!("{name}:beside:{number:016x}"),
            reference: None,
            further_references: Vec::new(),
            opens: None,
            payment: first.or(self.payment),
            report: Report::Unconfirmed(format!(
                "event {} came before and says something else",
                self.event_id
            )),
            ..self.clone()
        }
    }
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
    /// Of the subscription that the payment began.
    Subscription(SubscriptionReport),
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
    /// What was received, where it is paid; else what is to be paid.
    pub amount_minor: i64,
    /// What was to be paid, where the provider says it besides what was received.
    pub ordered_minor: Option<i64>,
    pub currency: String,
    pub decline_code: Option<String>,
    /// The payer has done their part, and the money is on its way.
    pub processing: bool,
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
    /// What more there is of a contribution, signed, in cents.
    pub given_minor: i64,
    pub balance: Option<Balance>,
}

impl Applied {
    /// What operators count: what an account or a contribution has gained, signed. A contribution is in USD.
    pub(super) fn worth(&self) -> Micros {
        let given = Rate::ONE.worth(self.given_minor).unwrap_or(Micros::ZERO);
        self.moved.plus(given).unwrap_or(self.moved)
    }

    pub(super) fn nothing(outcome: Outcome, payment: Option<Payment>) -> Self {
        Self {
            outcome,
            duplicate: false,
            payment,
            moved: Micros::ZERO,
            given_minor: 0,
            balance: None,
        }
    }
}
