//! What one operation must have left in the books, and which answers to it are the right ones.

use crate::books::Entry;
use crate::journal::{Asked, Operation, Overage, Poison, Refusal, Told};

/// Whether two answers tell of the same effect. A placement's hold is shown as it is now.
pub(super) fn is_the_same(one: &Told, other: &Told) -> bool {
    match (one, other) {
        (
            Told::Moved {
                entry_id,
                moved_micros,
                released_micros,
                balance,
                ..
            },
            Told::Moved {
                entry_id: other_id,
                moved_micros: other_moved,
                released_micros: other_released,
                balance: other_balance,
                ..
            },
        ) => {
            (entry_id, moved_micros, released_micros, balance)
                == (other_id, other_moved, other_released, other_balance)
        }
        (
            Told::Held { hold, balance, .. },
            Told::Held {
                hold: other_hold,
                balance: other_balance,
                ..
            },
        ) => {
            (&hold.hold_id, hold.amount_micros, balance)
                == (&other_hold.hold_id, other_hold.amount_micros, other_balance)
        }
        (one, other) => one == other,
    }
}

/// Whether the answer is the one that such a request must get.
pub(super) fn fits(poison: Poison, told: &Told) -> bool {
    match poison {
        Poison::KeyReused => *told == Told::Refused(Refusal::KeyReused),
        Poison::TooDear => matches!(told, Told::Denied { .. }),
        Poison::TooMuchBack => told.is_too_much_back(),
        Poison::NoSuchHold | Poison::HoldOfAnother => *told == Told::Refused(Refusal::HoldNotFound),
        Poison::NoSuchCharge | Poison::ChargeOfAnother => {
            *told == Told::Refused(Refusal::EntryNotFound)
        }
        Poison::BadField => *told == Told::Refused(Refusal::BadField),
        Poison::RefusedByDatabase => *told == Told::Refused(Refusal::Internal),
    }
}

/// The entry that an answer speaks of, and the amount that it must have.
pub(super) fn wanted_entry(
    operation: &Operation,
    entry_id: &str,
    moved: i64,
) -> Option<(Entry, Option<i64>)> {
    let row = |kind: &str, amount_micros| Entry {
        entry_id: entry_id.to_owned(),
        user_id: operation.user.to_string(),
        kind: kind.to_owned(),
        amount_micros,
        request_id: None,
        hold_id: None,
        refunds: None,
    };
    let in_full = |amount: i64, overage| (overage != Overage::UpToAvailable).then_some(amount);
    Some(match &operation.asked {
        Asked::Grant { amount_micros, .. } => (row("grant", moved), Some(*amount_micros)),
        Asked::Charge {
            key,
            amount_micros,
            overage,
        } => {
            let mut row = row("charge", -moved);
            row.request_id = Some(key.clone());
            (row, in_full(*amount_micros, *overage))
        }
        Asked::Capture {
            hold_id,
            placed_by,
            amount_micros,
            overage,
        } => {
            let mut row = row("charge", -moved);
            row.request_id = Some(placed_by.clone());
            row.hold_id = Some(hold_id.clone());
            (row, in_full(*amount_micros, *overage))
        }
        Asked::Refund {
            charge,
            amount_micros,
            ..
        } => {
            let mut row = row("refund", moved);
            row.refunds = Some(charge.clone());
            (row, *amount_micros)
        }
        Asked::Place { .. }
        | Asked::Release { .. }
        | Asked::Extend { .. }
        | Asked::Check { .. }
        | Asked::Balance => return None,
    })
}
