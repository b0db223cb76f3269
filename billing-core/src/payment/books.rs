//! What a report makes of a payment: pure, whatever the order of the reports.

use jiff::Timestamp;
use uuid::Uuid;

use super::dispute::Dispute;
use super::{Payment, Refund, RefundState, State};

/// What a payment that is paid has come to, in minor units: at most what was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub paid_minor: i64,
    /// By refunds and disputes, less what disputes gave back; what was received beyond what was ordered is
    /// taken first.
    pub taken_minor: i64,
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

    /// Takes over whether the money is on its way, whatever came before: it is until the payment is final.
    pub fn note_processing(&mut self, is_reported: bool) {
        self.processing = (self.processing || is_reported) && !self.state.is_final();
    }

    /// What it has come to. Where more was taken than was received, somebody is to look at it.
    pub fn standing(&mut self) -> Standing {
        let taken = self.refunded_minor.saturating_add(self.disputed_minor);
        if taken > self.received() {
            self.needs_review = true;
        }
        let paid = self.received().min(self.amount_minor);
        let surplus = self.received().saturating_sub(paid);
        Standing {
            paid_minor: paid,
            taken_minor: taken.saturating_sub(surplus).clamp(0, paid),
        }
    }

    /// What has arrived of a payment that is paid.
    pub fn received(&self) -> i64 {
        self.received_minor.unwrap_or(self.amount_minor)
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
