//! What an answer tells, in the words of the journal; and what an error does.

use billing_proto::v1;
use billing_proto::v1::{Decision, ErrorReason};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::journal::{Balance, HoldShown, Outcome, Refusal, Told, Totals};

fn astray(answer: impl std::fmt::Debug) -> Told {
    Told::Astray(format!("{answer:?}"))
}

/// None where the parts of a balance do not follow from each other.
fn balance(balance: Option<&v1::Balance>) -> Option<Balance> {
    let shown = balance?;
    let read = Balance {
        settled: shown.settled_micros,
        held: shown.held_micros,
    };
    let follows = shown.currency == "USD"
        && shown.held_micros >= 0
        && shown.available_micros == read.available()
        && shown.debt_micros == read.settled.saturating_neg().max(0);
    follows.then_some(read)
}

fn hold(hold: Option<&v1::Hold>) -> Option<HoldShown> {
    let hold = hold?;
    let state = match hold.state() {
        v1::HoldState::Placed => "placed",
        v1::HoldState::Captured => "captured",
        v1::HoldState::Released => "released",
        v1::HoldState::Expired => "expired",
        v1::HoldState::Unspecified => return None,
    };
    let expires_at = hold.expires_at?;
    Some(HoldShown {
        hold_id: hold.hold_id.clone(),
        amount_micros: hold.amount_micros,
        expires_at: expires_at.seconds * 1_000_000 + i64::from(expires_at.nanos) / 1_000,
        state: state.to_owned(),
    })
}

pub(super) fn granted(amount_micros: i64, answer: v1::GrantCreditResponse) -> Told {
    match balance(answer.balance.as_ref()) {
        Some(balance) => Told::Moved {
            entry_id: answer.entry_id,
            moved_micros: amount_micros,
            released_micros: 0,
            replayed: Some(answer.replayed),
            balance,
        },
        None => astray(answer),
    }
}

pub(super) fn charged(answer: v1::ChargeResponse) -> Told {
    match (answer.decision(), balance(answer.balance.as_ref())) {
        (Decision::Allowed, Some(balance)) if !answer.entry_id.is_empty() => Told::Moved {
            entry_id: answer.entry_id,
            moved_micros: answer.charged_micros,
            released_micros: 0,
            replayed: Some(answer.replayed),
            balance,
        },
        (Decision::InsufficientBalance, Some(balance))
            if answer.entry_id.is_empty() && answer.charged_micros == 0 =>
        {
            Told::Denied {
                required_micros: answer.required_micros,
                shortfall_micros: answer.shortfall_micros,
                balance,
            }
        }
        _ => astray(answer),
    }
}

pub(super) fn placed(answer: v1::PlaceHoldResponse) -> Told {
    let balance = balance(answer.balance.as_ref());
    match (answer.decision(), hold(answer.hold.as_ref()), balance) {
        (Decision::Allowed, Some(hold), Some(balance)) => Told::Held {
            hold,
            replayed: answer.replayed,
            balance,
        },
        (Decision::InsufficientBalance, None, Some(balance)) if answer.hold.is_none() => {
            Told::Denied {
                required_micros: answer.required_micros,
                shortfall_micros: answer.shortfall_micros,
                balance,
            }
        }
        _ => astray(answer),
    }
}

pub(super) fn captured(answer: v1::CaptureHoldResponse) -> Told {
    match balance(answer.balance.as_ref()) {
        Some(balance) if answer.entry_id.is_empty() && answer.charged_micros == 0 => Told::Freed {
            released_micros: answer.released_micros,
            balance,
        },
        Some(balance) if !answer.entry_id.is_empty() => Told::Moved {
            entry_id: answer.entry_id,
            moved_micros: answer.charged_micros,
            released_micros: answer.released_micros,
            replayed: None,
            balance,
        },
        _ => astray(answer),
    }
}

pub(super) fn released(answer: v1::ReleaseHoldResponse) -> Told {
    match (hold(answer.hold.as_ref()), balance(answer.balance.as_ref())) {
        (Some(hold), Some(balance)) if hold.state == "released" => Told::Freed {
            released_micros: hold.amount_micros,
            balance,
        },
        _ => astray(answer),
    }
}

pub(super) fn extended(answer: v1::ExtendHoldResponse) -> Told {
    match (hold(answer.hold.as_ref()), balance(answer.balance.as_ref())) {
        (Some(hold), Some(balance)) if hold.state == "placed" => Told::Extended { hold, balance },
        _ => astray(answer),
    }
}

pub(super) fn refunded(answer: v1::RefundChargeResponse) -> Told {
    match balance(answer.balance.as_ref()) {
        Some(balance) => Told::Moved {
            entry_id: answer.entry_id,
            moved_micros: answer.refunded_micros,
            released_micros: 0,
            replayed: Some(answer.replayed),
            balance,
        },
        None => astray(answer),
    }
}

pub(super) fn checked(answer: v1::CheckBalanceResponse) -> Told {
    match (answer.decision(), balance(answer.balance.as_ref())) {
        (Decision::Allowed, Some(balance)) => Told::Stands {
            balance,
            totals: None,
        },
        (Decision::InsufficientBalance, Some(balance)) => Told::Denied {
            required_micros: answer.required_micros,
            shortfall_micros: answer.shortfall_micros,
            balance,
        },
        _ => astray(answer),
    }
}

pub(super) fn standing(answer: v1::GetBalanceResponse) -> Told {
    match balance(answer.balance.as_ref()) {
        Some(balance) => Told::Stands {
            balance,
            totals: Some(Totals {
                spent: answer.total_spent_micros,
                requests: answer.request_count,
            }),
        },
        None => astray(answer),
    }
}

/// What a failed try means.
pub fn outcome_of(status: &Status) -> Outcome {
    let Some(mut info) = status.get_details_error_info() else {
        // Not the core's words: a connection that broke or never was. One that the core's HTTP/2 ends
        // for too many cancelled calls, as a halt leaves them, is 'resource exhausted' to callers.
        return match status.code() {
            Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal => Outcome::InDoubt,
            _ => Outcome::Told(astray(status)),
        };
    };
    let mut number = |name: &str| info.metadata.remove(name)?.parse::<i64>().ok();
    let refusal = match ErrorReason::of(status) {
        Some(ErrorReason::DatabaseUnavailable) => return Outcome::NothingDone,
        Some(ErrorReason::Overloaded | ErrorReason::PriceListStale) => return Outcome::NotBegun,
        Some(ErrorReason::OutcomeUnknown | ErrorReason::DeadlineExceeded) => {
            return Outcome::InDoubt;
        }
        Some(ErrorReason::HoldEnded) => info
            .metadata
            .remove("state")
            .map(|state| Refusal::HoldEnded(state.to_ascii_lowercase())),
        Some(ErrorReason::OverageRejected) => {
            number("overage_micros").map(|over_micros| Refusal::OverageRejected { over_micros })
        }
        Some(ErrorReason::RefundExceedsCharge) => {
            number("refundable_micros").map(|left_micros| Refusal::RefundTooMuch { left_micros })
        }
        Some(ErrorReason::IdempotencyKeyReused) => Some(Refusal::KeyReused),
        Some(ErrorReason::HoldNotFound) => Some(Refusal::HoldNotFound),
        Some(ErrorReason::EntryNotFound) => Some(Refusal::EntryNotFound),
        Some(ErrorReason::InvalidField) => Some(Refusal::BadField),
        Some(ErrorReason::Internal) => Some(Refusal::Internal),
        _ => None,
    };
    Outcome::Told(refusal.map_or_else(|| astray(status), Told::Refused))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    fn outcome(code: Code, reason: &str, metadata: &[(&str, &str)]) -> Outcome {
        let metadata = metadata.iter().copied();
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let details =
            ErrorDetails::with_error_info(reason, "billing", metadata.collect::<HashMap<_, _>>());
        outcome_of(&Status::with_error_details(code, "", details))
    }

    #[test]
    fn only_the_core_can_say_that_nothing_was_done() {
        let unreachable = outcome(Code::Unavailable, "DATABASE_UNAVAILABLE", &[]);
        assert!(matches!(unreachable, Outcome::NothingDone));
        let overloaded = outcome(Code::ResourceExhausted, "OVERLOADED", &[]);
        assert!(matches!(overloaded, Outcome::NotBegun));
        let unknown = outcome(Code::Unavailable, "OUTCOME_UNKNOWN", &[]);
        assert!(matches!(unknown, Outcome::InDoubt));
        for code in [
            Code::Unavailable,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
        ] {
            let broken = outcome_of(&Status::new(code, "the connection broke"));
            assert!(matches!(broken, Outcome::InDoubt), "{code:?}");
        }
    }

    #[test]
    fn a_refusal_is_read_with_what_it_says() {
        let told = |code, reason, metadata| match outcome(code, reason, metadata) {
            Outcome::Told(told) => told,
            other => panic!("{other:?}"),
        };
        let failed = Code::FailedPrecondition;
        assert_eq!(
            told(failed, "HOLD_ENDED", &[("state", "EXPIRED")]),
            Told::Refused(Refusal::HoldEnded("expired".to_owned()))
        );
        let left = [("refundable_micros", "7")];
        assert_eq!(
            told(failed, "REFUND_EXCEEDS_CHARGE", &left),
            Told::Refused(Refusal::RefundTooMuch { left_micros: 7 })
        );
        // Without what it must say, and what the contract does not know.
        let speechless = told(failed, "HOLD_ENDED", &[]);
        assert!(matches!(speechless, Told::Astray(_)));
        let foreign = told(failed, "SOMETHING_ELSE", &[]);
        assert!(matches!(foreign, Told::Astray(_)));
        let unimplemented = outcome_of(&Status::unimplemented("?"));
        assert!(matches!(unimplemented, Outcome::Told(Told::Astray(_))));
    }
}
