//! What an answer must say to agree with itself and with what was asked, whatever happened before.

use crate::journal::{Asked, Balance, Operation, Outcome, Overage, Refusal, Told};

/// What is wrong with the answers of one operation, each taken by itself. `held` is the amount of
/// the hold that it is about, where it is about one.
pub fn incoherent(operation: &Operation, held: Option<i64>) -> Vec<String> {
    let answers = operation.tries.iter().filter_map(|attempt| {
        let Outcome::Told(told) = &attempt.outcome else {
            return None;
        };
        let coherent = match told {
            Told::Moved { .. } => moved(&operation.asked, told, held),
            Told::Denied { .. } => denied(&operation.asked, told),
            Told::Held { hold, balance, .. } => {
                let Asked::Place { amount_micros, .. } = &operation.asked else {
                    return Some(told);
                };
                hold.amount_micros == *amount_micros && balance.available() >= 0
            }
            Told::Freed {
                released_micros, ..
            } => held.is_none_or(|held| held == *released_micros),
            Told::Stands { balance, .. } => match &operation.asked {
                Asked::Check { amount_micros } => *amount_micros <= balance.available(),
                asked => asked.is_read(),
            },
            Told::Refused(refusal) => refused(&operation.asked, refusal, held),
            // An extension is compared with the books; what is astray is reported as such.
            Told::Extended { .. } | Told::Astray(_) => true,
        };
        (!coherent).then_some(told)
    });
    answers
        .map(|told| {
            format!(
                "an answer that contradicts itself: {:?} of {}: {told:?}",
                operation.asked, operation.user
            )
        })
        .collect()
}

/// What there was before so much was taken, and so much held was given back.
fn available_before(after: Balance, moved: i64, held: i64) -> i64 {
    after.available().saturating_add(moved).saturating_sub(held)
}

fn moved(asked: &Asked, told: &Told, held: Option<i64>) -> bool {
    let Told::Moved {
        moved_micros: moved,
        released_micros: released,
        balance,
        ..
    } = told
    else {
        return false;
    };
    let moved = *moved;
    match asked {
        Asked::Grant { amount_micros, .. } => moved == *amount_micros,
        Asked::Refund { amount_micros, .. } => {
            moved > 0 && amount_micros.is_none_or(|asked| asked == moved)
        }
        Asked::Charge {
            amount_micros,
            overage,
            ..
        } => {
            let before = available_before(*balance, moved, 0);
            match overage {
                Overage::Reject => moved == *amount_micros && moved <= before,
                Overage::UpToAvailable => before > 0 && moved == (*amount_micros).min(before),
                Overage::AllowDebt => moved == *amount_micros,
            }
        }
        Asked::Capture {
            amount_micros,
            overage,
            ..
        } => {
            let Some(held) = held else { return true };
            let before = available_before(*balance, moved, held);
            let wanted = match overage {
                Overage::Reject if *amount_micros > held => return false,
                Overage::Reject | Overage::AllowDebt => *amount_micros,
                Overage::UpToAvailable => (*amount_micros).min(held.saturating_add(before.max(0))),
            };
            moved == wanted && *released == (held - moved).max(0)
        }
        _ => false,
    }
}

fn denied(asked: &Asked, told: &Told) -> bool {
    let Told::Denied {
        required_micros,
        shortfall_micros,
        balance,
    } = told
    else {
        return false;
    };
    let (amount, overage) = match asked {
        Asked::Charge {
            amount_micros,
            overage,
            ..
        } => (*amount_micros, *overage),
        Asked::Place { amount_micros, .. } | Asked::Check { amount_micros } => {
            (*amount_micros, Overage::Reject)
        }
        _ => return false,
    };
    let available = balance.available();
    let for_want_of_money = match overage {
        Overage::Reject => amount > available,
        Overage::UpToAvailable => available <= 0,
        Overage::AllowDebt => false,
    };
    for_want_of_money
        && *required_micros == amount
        && *shortfall_micros == amount.saturating_sub(available).max(0)
}

fn refused(asked: &Asked, refusal: &Refusal, held: Option<i64>) -> bool {
    match (refusal, asked) {
        (
            Refusal::OverageRejected { over_micros },
            Asked::Capture {
                amount_micros,
                overage,
                ..
            },
        ) => {
            *overage == Overage::Reject
                && held.is_none_or(|held| amount_micros.saturating_sub(held) == *over_micros)
                && *over_micros > 0
        }
        (Refusal::RefundTooMuch { left_micros }, Asked::Refund { amount_micros, .. }) => {
            amount_micros.map_or(*left_micros == 0, |asked| asked > *left_micros)
        }
        (
            Refusal::HoldEnded(_) | Refusal::HoldNotFound,
            Asked::Capture { .. } | Asked::Release { .. } | Asked::Extend { .. },
        )
        | (Refusal::EntryNotFound, Asked::Refund { .. })
        | (Refusal::BadField | Refusal::Internal, _) => true,
        (Refusal::KeyReused, asked) => asked.key().is_some(),
        // Of another kind of request.
        (
            Refusal::OverageRejected { .. }
            | Refusal::RefundTooMuch { .. }
            | Refusal::HoldEnded(_)
            | Refusal::HoldNotFound
            | Refusal::EntryNotFound,
            _,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Try;

    const REJECT: Overage = Overage::Reject;

    fn silent(asked: Asked, told: Told, held: Option<i64>) -> bool {
        let outcome = Outcome::Told(told);
        let operation = Operation {
            user: "ann".into(),
            asked,
            poison: None,
            tries: vec![Try {
                begun: 0,
                ended: 1,
                outcome,
            }],
            believed: false,
        };
        incoherent(&operation, held).is_empty()
    }

    fn charge(amount_micros: i64, overage: Overage) -> Asked {
        Asked::Charge {
            key: "c".to_owned(),
            amount_micros,
            overage,
        }
    }

    fn taken(moved_micros: i64, released_micros: i64, settled: i64, held: i64) -> Told {
        Told::Moved {
            entry_id: "e-2".to_owned(),
            moved_micros,
            released_micros,
            replayed: None,
            balance: Balance { settled, held },
        }
    }

    fn capture(amount_micros: i64, overage: Overage) -> Asked {
        Asked::Capture {
            hold_id: "h".to_owned(),
            placed_by: "p".to_owned(),
            amount_micros,
            overage,
        }
    }

    fn denial(required_micros: i64, shortfall_micros: i64, settled: i64) -> Told {
        Told::Denied {
            required_micros,
            shortfall_micros,
            balance: Balance { settled, held: 0 },
        }
    }

    #[test]
    fn a_charge_takes_what_was_asked_and_what_there_is() {
        assert!(silent(charge(10, REJECT), taken(10, 0, 0, 0), None));
        assert!(!silent(charge(10, REJECT), taken(9, 0, 0, 0), None));
        assert!(!silent(charge(10, REJECT), taken(10, 0, -1, 0), None));
        assert!(!silent(charge(10, REJECT), taken(10, 0, 5, 6), None));
        let up_to = Overage::UpToAvailable;
        assert!(silent(charge(10, up_to), taken(7, 0, 0, 0), None));
        assert!(!silent(charge(10, up_to), taken(7, 0, 1, 0), None));
        assert!(!silent(charge(10, up_to), taken(0, 0, 0, 0), None));
        assert!(silent(
            charge(10, Overage::AllowDebt),
            taken(10, 0, -90, 0),
            None
        ));
    }

    #[test]
    fn a_capture_gives_back_what_it_does_not_take() {
        assert!(silent(capture(6, REJECT), taken(6, 4, 0, 0), Some(10)));
        assert!(!silent(capture(6, REJECT), taken(6, 3, 0, 0), Some(10)));
        assert!(!silent(capture(12, REJECT), taken(12, 0, 0, 0), Some(10)));
        assert!(silent(
            capture(12, Overage::AllowDebt),
            taken(12, 0, -2, 0),
            Some(10)
        ));
        let up_to = Overage::UpToAvailable;
        assert!(silent(capture(15, up_to), taken(12, 0, 0, 0), Some(10)));
        assert!(!silent(capture(15, up_to), taken(12, 0, 1, 0), Some(10)));
        // In debt there is nothing beyond the hold.
        assert!(silent(capture(15, up_to), taken(10, 0, -5, 0), Some(10)));
        let freed = |released_micros| Told::Freed {
            released_micros,
            balance: Balance::default(),
        };
        assert!(silent(capture(0, REJECT), freed(10), Some(10)));
        assert!(!silent(capture(0, REJECT), freed(9), Some(10)));
    }

    #[test]
    fn a_denial_shows_that_there_was_too_little() {
        assert!(silent(charge(10, REJECT), denial(10, 1, 9), None));
        assert!(!silent(charge(10, REJECT), denial(10, 0, 10), None));
        assert!(!silent(charge(10, REJECT), denial(10, 2, 9), None));
        assert!(!silent(
            charge(10, Overage::AllowDebt),
            denial(10, 11, -1),
            None
        ));
        assert!(!silent(
            charge(10, Overage::UpToAvailable),
            denial(10, 9, 1),
            None
        ));
        let check = Asked::Check { amount_micros: 10 };
        assert!(silent(check.clone(), denial(10, 1, 9), None));
        let allowed = |settled| Told::Stands {
            balance: Balance { settled, held: 0 },
            totals: None,
        };
        assert!(silent(check.clone(), allowed(10), None));
        assert!(!silent(check, allowed(9), None));
    }

    #[test]
    fn a_refusal_fits_the_request() {
        let rejected = |over_micros| Told::Refused(Refusal::OverageRejected { over_micros });
        assert!(silent(capture(12, REJECT), rejected(2), Some(10)));
        assert!(!silent(capture(12, REJECT), rejected(3), Some(10)));
        let allow = Overage::AllowDebt;
        assert!(!silent(capture(12, allow), rejected(2), Some(10)));
        let refund = |amount_micros| Asked::Refund {
            key: "r".to_owned(),
            charge: "e-2".to_owned(),
            amount_micros,
        };
        let left = |left_micros| Told::Refused(Refusal::RefundTooMuch { left_micros });
        assert!(silent(refund(Some(5)), left(4), None));
        assert!(!silent(refund(Some(5)), left(5), None));
        assert!(silent(refund(None), left(0), None));
        assert!(!silent(refund(None), left(1), None));
        let ended = Told::Refused(Refusal::HoldEnded("expired".to_owned()));
        assert!(!silent(charge(1, REJECT), ended, None));
    }
}
