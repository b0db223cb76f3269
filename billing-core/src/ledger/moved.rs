//! What operators see of the money that the lanes move: counted when it is committed, and once.
//!
//! Payments are counted where they are booked, by their providers' reports; what operators' commands
//! move straight in the database is in no core's count.

use metrics::{Counter, counter, describe_counter};

use super::attempt::Outcome;
use super::command::{Action, Command, EntryKind};
use super::decide::{Answer, Decision};
use crate::money::Micros;

/// The counters of one process: those of all lanes are the same.
pub(super) struct Moved {
    charged: Counter,
    charges_refunded: Counter,
    granted: Counter,
    adjusted_up: Counter,
    adjusted_down: Counter,
    held: Counter,
    given_back: Counter,
    placed: Counter,
    captured: Counter,
    released: Counter,
    expired: Counter,
    settled_late: Counter,
}

impl Moved {
    pub fn new() -> Self {
        describe_counter!(
            "billing_ledger_micros_total",
            "Micros of a USD that this core's commands have moved, by kind: committed, without repeated \
             requests, payments and operators' commands on the database. Exact up to 9 billion USD."
        );
        describe_counter!(
            "billing_holds_total",
            "Holds that this core has placed, and how those ended that it has ended."
        );
        let micros = |kind| counter!("billing_ledger_micros_total", "kind" => kind);
        let holds = |event| counter!("billing_holds_total", "event" => event);
        Self {
            charged: micros("charge"),
            charges_refunded: micros("charge_refund"),
            granted: micros("grant"),
            adjusted_up: micros("adjustment_up"),
            adjusted_down: micros("adjustment_down"),
            held: micros("hold"),
            given_back: micros("hold_given_back"),
            placed: holds("placed"),
            captured: holds("captured"),
            released: holds("released"),
            expired: holds("expired"),
            settled_late: holds("settled_late"),
        }
    }

    /// What a command did that is committed. A repeated one did nothing that it was asked for. (What a
    /// refused one was the first to notice, that a hold's time is up, is not counted: the sweep is nearly
    /// always before it.)
    pub fn count(&self, command: &Command, outcome: &Outcome) {
        let Ok(answer) = outcome else {
            return;
        };
        let besides = &answer.besides;
        add(&self.granted, besides.welcome);
        if let Some(amount) = besides.expired {
            self.expired.increment(1);
            add(&self.given_back, amount);
        }
        if answer.replayed || answer.decision != Decision::Allowed {
            return;
        }
        match &command.action {
            Action::Charge(_) => add(&self.charged, answer.moved),
            Action::RefundCharge(_) => add(&self.charges_refunded, answer.moved),
            Action::Post(post) => self.posted(post.kind, post.amount),
            Action::PlaceHold(_) => {
                self.placed.increment(1);
                let hold = answer.hold.as_ref();
                add(&self.held, hold.map_or(Micros::ZERO, |hold| hold.amount));
            }
            // A capture of nothing is a release.
            Action::Capture(_) if answer.entry.is_none() => self.ended(&self.released, answer),
            Action::Capture(_) => {
                match besides.set_aside_anew {
                    Some(amount) => {
                        self.settled_late.increment(1);
                        add(&self.held, amount);
                    }
                    None => self.captured.increment(1),
                }
                add(&self.charged, answer.moved);
                add(&self.given_back, answer.released);
            }
            Action::Release(_) => self.ended(&self.released, answer),
            // Of several cores that see that its time is up, one gives it back: counted above.
            Action::Expire(_)
            | Action::Extend(_)
            | Action::ChangeSettings(_)
            | Action::RepairClock(_)
            | Action::WarnAgain => {}
        }
    }

    fn ended(&self, how: &Counter, answer: &Answer) {
        how.increment(1);
        add(&self.given_back, answer.released);
    }

    fn posted(&self, kind: EntryKind, amount: Micros) {
        match kind {
            EntryKind::Grant => add(&self.granted, amount),
            EntryKind::Adjustment if amount.is_positive() => add(&self.adjusted_up, amount),
            EntryKind::Adjustment => add(&self.adjusted_down, amount),
            // The event that moved it counts.
            EntryKind::TopUp
            | EntryKind::PaymentReversal
            | EntryKind::Dispute
            | EntryKind::DisputeWon
            | EntryKind::Charge
            | EntryKind::Refund => {}
        }
    }
}

fn add(counter: &Counter, amount: Micros) {
    counter.increment(amount.get().unsigned_abs());
}
