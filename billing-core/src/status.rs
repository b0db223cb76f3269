//! Errors as callers see them: a gRPC code, a stable reason, and nothing of the inside.

use std::collections::HashMap;

use billing_proto::reason::DOMAIN;
use billing_proto::v1::ErrorReason;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};
use tracing::{error, warn};

use crate::database::{explained, is_blocked, is_out_of_time, is_unreachable};
use crate::field::FieldError;

/// A refusal with a reason that programs can rely on.
pub fn with_reason<const N: usize>(
    reason: ErrorReason,
    message: impl Into<String>,
    metadata: [(&str, String); N],
) -> Status {
    let metadata: HashMap<String, String> = metadata
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Status::with_error_details(
        reason.code(),
        message,
        ErrorDetails::with_error_info(reason.name(), DOMAIN, metadata),
    )
}

/// Why it is not known here what became of a request, or of an earlier attempt at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    LostAtCommit,
    /// This attempt did nothing. An earlier one may stand at its COMMIT, in a backend that nobody hears.
    Unreachable,
    /// This attempt did nothing. Whoever keeps the lock may be an earlier one.
    Locked,
}

/// What changes something, and had no word of the database's.
pub fn outcome_unknown(doubt: Doubt) -> Status {
    let why = match doubt {
        Doubt::LostAtCommit => "the database was lost while it committed",
        Doubt::Unreachable => "the database cannot be reached",
        Doubt::Locked => "another session keeps locked what this request changes",
    };
    let message = format!(
        "{why}; repeat the request, with the same idempotency key where it has one, to learn the outcome"
    );
    with_reason(ErrorReason::OutcomeUnknown, message, [])
}

/// What only reads, and was not answered.
pub fn unavailable() -> Status {
    with_reason(
        ErrorReason::DatabaseUnavailable,
        "the database cannot be reached",
        [],
    )
}

pub fn internal() -> Status {
    with_reason(
        ErrorReason::Internal,
        "internal error; this attempt did nothing",
        [],
    )
}

/// No answer in time; what became of the request is not known here.
pub fn deadline_exceeded() -> Status {
    with_reason(
        ErrorReason::DeadlineExceeded,
        "no answer by the deadline; repeat with the same idempotency key to learn the outcome",
        [],
    )
}

pub fn overloaded() -> Status {
    with_reason(
        ErrorReason::Overloaded,
        "too many requests are waiting; this attempt was not begun",
        [],
    )
}

impl From<FieldError> for Status {
    fn from(error: FieldError) -> Self {
        let message = error.to_string();
        let mut details = ErrorDetails::with_bad_request_violation(error.field, error.problem);
        details.set_error_info(ErrorReason::InvalidField.name(), DOMAIN, HashMap::new());
        Self::with_error_details(ErrorReason::InvalidField.code(), message, details)
    }
}

/// A query that failed, and would have changed nothing.
pub fn of_query(error: &sqlx::Error) -> Status {
    of_failed(error, unavailable(), unavailable())
}

/// A change that failed.
pub fn of_change(error: &sqlx::Error) -> Status {
    of_failed(
        error,
        outcome_unknown(Doubt::Unreachable),
        outcome_unknown(Doubt::Locked),
    )
}

fn of_failed(error: &sqlx::Error, unreachable: Status, locked: Status) -> Status {
    let meaning = explained(error);
    if is_unreachable(error) {
        warn!(%error, meaning, "database not reached");
        unreachable
    } else if is_blocked(error) {
        warn!(%error, "another session keeps a row locked");
        locked
    } else if is_out_of_time(error) {
        warn!(%error, "query ended by the database");
        deadline_exceeded()
    } else {
        error!(%error, meaning, "query refused by the database");
        internal()
    }
}
