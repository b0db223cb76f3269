//! What a caller was told of a charge, and what that says about the books.

use billing_proto::v1::{Decision, ErrorReason};
use tonic::Status;

use crate::load::Charged;

/// The end of a call as its caller knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// The charge is in the books.
    Done,
    /// Not carried out, by an answer or a refusal that says why.
    Refused(Refused),
    /// An error that says that nothing was done.
    NothingDone(NothingDone),
    /// An error that says that the outcome is not known.
    Unsure(Unsure),
    /// No answer, long after the deadline.
    Silence,
    /// What no caller of this load should be told.
    Untrue(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    Denied,
    KeyReused,
    /// `INTERNAL`: the database refused the command.
    ByDatabase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NothingDone {
    Overloaded,
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unsure {
    Deadline,
    OutcomeUnknown,
}

impl Told {
    pub fn of(answer: Result<Charged, Status>) -> Self {
        match answer {
            Ok(answer) => Self::of_answer(&answer),
            Err(status) => Self::of_error(&status),
        }
    }

    fn of_answer(answer: &Charged) -> Self {
        match answer.decision() {
            // No key of this load is sent twice with one content.
            Decision::Allowed if answer.replayed => Self::Untrue("OK, replayed".to_owned()),
            Decision::Allowed => Self::Done,
            Decision::InsufficientBalance => Self::Refused(Refused::Denied),
            other => Self::Untrue(format!("OK, {}", other.as_str_name())),
        }
    }

    fn of_error(status: &Status) -> Self {
        match ErrorReason::of(status).filter(|reason| reason.code() == status.code()) {
            Some(ErrorReason::IdempotencyKeyReused) => Self::Refused(Refused::KeyReused),
            Some(ErrorReason::Internal) => Self::Refused(Refused::ByDatabase),
            Some(ErrorReason::Overloaded) => Self::NothingDone(NothingDone::Overloaded),
            Some(ErrorReason::DatabaseUnavailable) => Self::NothingDone(NothingDone::Unavailable),
            Some(ErrorReason::DeadlineExceeded) => Self::Unsure(Unsure::Deadline),
            Some(ErrorReason::OutcomeUnknown) => Self::Unsure(Unsure::OutcomeUnknown),
            reason => Self::Untrue(format!(
                "{:?} {}: {}",
                status.code(),
                reason.map_or("without a reason that goes with it", ErrorReason::name),
                status.message()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn told_by(code: Code, reason: Option<&str>) -> Told {
        let status = match reason {
            None => Status::new(code, "words"),
            Some(reason) => Status::with_error_details(
                code,
                "words",
                ErrorDetails::with_error_info(reason, "billing", HashMap::new()),
            ),
        };
        Told::of(Err(status))
    }

    #[test]
    fn an_error_is_true_only_with_the_code_that_its_reason_has() {
        assert_eq!(
            told_by(Code::ResourceExhausted, Some("OVERLOADED")),
            Told::NothingDone(NothingDone::Overloaded)
        );
        assert_eq!(
            told_by(Code::Unavailable, Some("OUTCOME_UNKNOWN")),
            Told::Unsure(Unsure::OutcomeUnknown)
        );
        assert_eq!(
            told_by(Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED")),
            Told::Unsure(Unsure::Deadline)
        );
        for (code, reason) in [
            (Code::Unknown, None),
            (Code::Internal, None),
            (Code::Unavailable, None),
            // As a server sends it whose own layer has cut the call off.
            (Code::Cancelled, None),
            (Code::Unavailable, Some("DEADLINE_EXCEEDED")),
            (Code::Cancelled, Some("OVERLOADED")),
        ] {
            let told = told_by(code, reason);
            assert!(
                matches!(told, Told::Untrue(_)),
                "{code:?} {reason:?}: {told:?}"
            );
        }
    }

    #[test]
    fn only_a_fresh_allowed_charge_is_done() {
        let answer = |decision: Decision, replayed| {
            Told::of(Ok(Charged {
                decision: decision.into(),
                replayed,
            }))
        };
        assert_eq!(answer(Decision::Allowed, false), Told::Done);
        assert_eq!(
            answer(Decision::InsufficientBalance, false),
            Told::Refused(Refused::Denied)
        );
        assert!(matches!(answer(Decision::Allowed, true), Told::Untrue(_)));
        assert!(matches!(
            answer(Decision::DailyLimitExceeded, false),
            Told::Untrue(_)
        ));
    }
}
