//! What a report makes of a payment: pure, whatever the order of the reports.

use jiff::Timestamp;
use uuid::Uuid;

use super::dispute::Dispute;
use super::{Payment, Refund, RefundState, State};
use crate::ledger::EntryKind;
use crate::money::Micros;
use crate::seeded::{self, Bug};

/// Something that the ledger is to book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    pub kind: EntryKind,
    /// Signed.
    pub amount: Micros,
}

impl Payment {
    /// Moves to a state that a report names, unless it is behind the one that is known: what is final
    /// stays, but a payment that is paid after all is paid.
    pub fn advance(&mut self, to: State, at: Timestamp) {
        let newer = self.state_at.is_none_or(|known| at >= known);
        let forward = rank(to) > rank(self.state);
        let aside = rank(to) == rank(self.state) && !self.state.is_final() && newer;
        if forward || aside {
            self.state = to;
            self.state_at = Some(at);
        }
    }

    /// What must be booked so that the ledger says what the payment says: the credit once it is paid,
    /// and the part of it that refunds and disputes take back. `cause` is the kind of the reversal.
    /// Notes it as booked.
    ///
    /// Reversed = floor(credited × clamp(refunded + disputed − surplus, 0, paid) / paid), where `disputed`
    /// is less what was reinstated, and the surplus is what was received beyond what was ordered. Each
    /// report books the difference to what was booked before, so that any order of reports ends at the same
    /// sum.
    pub fn bookings(&mut self, cause: EntryKind) -> Vec<Booking> {
        let mut bookings = Vec::new();
        if self.state != State::Succeeded {
            return bookings;
        }
        if self.credited == Micros::ZERO {
            self.credited = self.credit_of(self.received());
            bookings.push(Booking {
                kind: EntryKind::TopUp,
                amount: self.credited,
            });
        }
        let taken = self.refunded_minor.saturating_add(self.disputed_minor);
        if taken > self.received() {
            self.needs_review = true;
        }
        let paid = self.received().min(self.amount_minor);
        let surplus = self.received().saturating_sub(paid);
        let taken = taken.saturating_sub(surplus).clamp(0, paid);
        let target = share(self.credited, taken, paid);
        // Both lie between 0 and the credit.
        let change = self.reversed.minus(target).unwrap_or_default();
        if change != Micros::ZERO {
            bookings.push(Booking {
                kind: reversal_kind(cause, change),
                amount: change,
            });
            self.reversed = target;
        }
        bookings
    }

    /// What has arrived of a payment that is paid.
    pub fn received(&self) -> i64 {
        self.received_minor.unwrap_or(self.amount_minor)
    }

    /// What is credited where so much is received: its part at the payment's rate, and at most what was
    /// ordered.
    pub fn credit_of(&self, received_minor: i64) -> Micros {
        if seeded::is(Bug::ShortPaymentInFull) {
            return self.credit;
        }
        let paid = received_minor.clamp(0, self.amount_minor);
        share(self.credit, paid, self.amount_minor)
    }

    /// Takes the sums over from the refunds.
    pub fn sum_refunds(&mut self, refunds: &[Refund]) {
        let sum = |of: &dyn Fn(RefundState) -> bool| {
            refunds
                .iter()
                .filter(|refund| of(refund.state))
                .fold(0_i64, |sum, refund| sum.saturating_add(refund.amount_minor))
        };
        let told = sum(&|state| matches!(state, RefundState::Pending | RefundState::Succeeded));
        self.refunded_minor = told.max(self.given_back_minor);
        // Of what was asked for, a part may be given back already without having been told of singly;
        // and what others gave back meanwhile is not there to be asked for any more.
        let untold = self.refunded_minor.saturating_sub(told);
        let left = self.received().saturating_sub(self.refunded_minor).max(0);
        let requested = sum(&|state| state == RefundState::Requested);
        self.refund_requested_minor = requested.saturating_sub(untold).clamp(0, left);
    }

    /// Takes over what a provider says was given back altogether.
    pub fn note_given_back(&mut self, total_minor: i64, refunds: &[Refund]) {
        self.given_back_minor = self.given_back_minor.max(total_minor);
        self.sum_refunds(refunds);
    }

    /// Takes the sum over from the disputes.
    pub fn sum_disputes(&mut self, disputes: &[Dispute]) {
        self.disputed_minor = disputes.iter().fold(0_i64, |sum, dispute| {
            sum.saturating_add(dispute.withdrawn_minor)
                .saturating_sub(dispute.reinstated_minor)
        });
    }

    /// What may still be asked back.
    pub fn refundable_minor(&self) -> i64 {
        self.received()
            .saturating_sub(self.refunded_minor)
            .saturating_sub(self.refund_requested_minor)
            .saturating_sub(self.disputed_minor.max(0))
            .max(0)
    }
}

/// How far a state is from the beginning. What is not paid is behind what is.
const fn rank(state: State) -> u8 {
    match state {
        State::Created => 0,
        State::Pending | State::RequiresAction => 1,
        State::Failed | State::Canceled | State::Expired => 2,
        State::Succeeded => 3,
    }
}

/// floor(credit × part / whole). It fits: part is at most whole.
fn share(credit: Micros, part: i64, whole: i64) -> Micros {
    let product = i128::from(credit.get()) * i128::from(part);
    let share = product.checked_div(i128::from(whole)).unwrap_or_default();
    Micros::new(i64::try_from(share).unwrap_or_default())
}

/// A dispute takes; what it gives back is a dispute that was won. A refund takes, and gives back
/// where it failed.
fn reversal_kind(cause: EntryKind, change: Micros) -> EntryKind {
    match cause {
        EntryKind::Dispute if change.is_positive() => EntryKind::DisputeWon,
        EntryKind::Dispute => EntryKind::Dispute,
        _ => EntryKind::PaymentReversal,
    }
}

/// How far a refund's state is from the beginning: one that failed has failed, also where it had
/// succeeded before.
const fn refund_rank(state: RefundState) -> u8 {
    match state {
        RefundState::Requested => 0,
        RefundState::Pending => 1,
        RefundState::Succeeded => 2,
        RefundState::Failed | RefundState::Canceled => 3,
    }
}

/// A refund as a report names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReport {
    pub reference: String,
    /// Ours, where the provider gave it back.
    pub refund_id: Option<Uuid>,
    pub amount_minor: i64,
    pub currency: String,
    pub state: RefundState,
}

/// Namespace of the ids of refunds that were made at the provider.
const REFUND_NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_2f6e_7c52_4d0c_9c7b_5e0a_b111_0002);

impl RefundReport {
    /// The refund that the report is about, changed as it says; a new one where it is about none that
    /// is known. None where its amount contradicts the refund that is known.
    pub fn change(&self, refunds: &mut Vec<Refund>, now: Timestamp) -> Option<Refund> {
        let by_name = |refund: &Refund| refund.reference.as_deref() == Some(&self.reference);
        let ours =
            |refund: &Refund| refund.reference.is_none() && Some(refund.id) == self.refund_id;
        let known = refunds
            .iter()
            .position(by_name)
            .or_else(|| refunds.iter().position(ours));
        let Some(refund) = known.and_then(|place| refunds.get_mut(place)) else {
            let refund = self.as_new(now);
            refunds.push(refund.clone());
            return Some(refund);
        };
        if refund.amount_minor != self.amount_minor {
            return None;
        }
        refund.reference = Some(self.reference.clone());
        if refund_rank(self.state) > refund_rank(refund.state) {
            refund.state = self.state;
        }
        Some(refund.clone())
    }

    fn as_new(&self, now: Timestamp) -> Refund {
        Refund {
            id: Uuid::new_v5(&REFUND_NAMESPACE, self.reference.as_bytes()),
            reference: Some(self.reference.clone()),
            idempotency_key: None,
            content_hash: None,
            amount_minor: self.amount_minor,
            state: self.state,
            created_at: now,
        }
    }
}
