//! What the core refuses, in the words of the REST surface.

use std::collections::HashMap;
use std::time::Duration;

use billing_proto::retry;
use billing_proto::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::problem::{ApiError, Outage, PaymentError};

/// Names of fields: the core's and the REST surface's.
pub(crate) type FieldNames<'a> = &'a [(&'static str, &'static str)];

/// What a call to the core ends with where it does not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CoreError {
    /// The first field that the core refused, and why.
    #[error("{field} {description}")]
    InvalidField { field: String, description: String },
    #[error("the core does not have it")]
    NotFound,
    /// A rule of the core, by the name that the contract gives it.
    #[error("the core refused: {}", .0.reason.name())]
    Refused(Refusal),
    #[error(transparent)]
    Away(Outage),
    /// Nothing that the gateway's requests should lead to.
    #[error(transparent)]
    Unexpected(Box<Status>),
}

/// Why the core refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub reason: ErrorReason,
    pub retry_after: Option<Duration>,
    details: HashMap<String, String>,
    status: Box<Status>,
}

/// Rules among what the core calls exhausted; anything else that is, is too busy.
const EXHAUSTED_BY_RULE: [ErrorReason; 3] = [
    ErrorReason::PaymentsPaused,
    ErrorReason::TestMailTooSoon,
    ErrorReason::TooManyOpen,
];

impl From<Status> for CoreError {
    fn from(status: Status) -> Self {
        if let Some(refusal) = Refusal::of(&status) {
            return Self::Refused(refusal);
        }
        if retry::may_help(&status) {
            return Self::Away(Outage::Core(Box::new(status)));
        }
        match status.code() {
            Code::InvalidArgument => match first_violation(&status) {
                Some((field, description)) => Self::InvalidField { field, description },
                None => Self::InvalidField {
                    field: "request".to_owned(),
                    description: status.message().to_owned(),
                },
            },
            Code::NotFound => Self::NotFound,
            // A deadline that expires on this side comes out of tonic as CANCELLED.
            Code::DeadlineExceeded | Code::Cancelled => Self::Away(Outage::CoreLate),
            Code::ResourceExhausted | Code::Aborted => Self::Away(Outage::Core(Box::new(status))),
            Code::Unauthenticated | Code::PermissionDenied => {
                Self::Away(Outage::CoreToken(Box::new(status)))
            }
            Code::Unimplemented => Self::Away(Outage::CoreOld(Box::new(status))),
            _ => Self::Unexpected(Box::new(status)),
        }
    }
}

impl Refusal {
    /// None where it is no rule that refused: a core that is too busy says so by its code.
    fn of(status: &Status) -> Option<Self> {
        let by_rule = matches!(
            status.code(),
            Code::AlreadyExists | Code::FailedPrecondition | Code::ResourceExhausted
        );
        let reason = ErrorReason::of(status).filter(|_| by_rule)?;
        let is_rule =
            status.code() != Code::ResourceExhausted || EXHAUSTED_BY_RULE.contains(&reason);
        is_rule.then(|| Self {
            reason,
            details: status
                .get_details_error_info()
                .map(|info| info.metadata)
                .unwrap_or_default(),
            retry_after: status
                .get_details_retry_info()
                .and_then(|retry| retry.retry_delay),
            status: Box::new(status.clone()),
        })
    }

    /// In the core's words. Only where the contract says so are they for payers.
    pub(crate) fn message(&self) -> &str {
        self.status.message()
    }
}

fn first_violation(status: &Status) -> Option<(String, String)> {
    let violation = status
        .get_details_bad_request()?
        .field_violations
        .into_iter()
        .next()?;
    Some((violation.field, violation.description))
}

/// The description with the names that the caller knows, where it names fields.
fn in_our_names(description: &str, names: FieldNames<'_>) -> String {
    let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut ours = String::with_capacity(description.len());
    for part in description.split_inclusive(is_other) {
        let word = part.trim_end_matches(is_other);
        let known = names.iter().find(|(theirs, _)| *theirs == word);
        ours.push_str(known.map_or(word, |(_, ours)| *ours));
        ours.push_str(part.get(word.len()..).unwrap_or_default());
    }
    ours
}

impl CoreError {
    /// It is for whoever operates the whole service: the token is of some tenants.
    pub(crate) fn wants_all_tenants(&self) -> bool {
        matches!(self, Self::Away(Outage::CoreToken(status))
            if ErrorReason::of(status) == Some(ErrorReason::AllTenantsRequired))
    }

    /// As the REST surface says it; `names` are the fields that the endpoint's request has.
    pub(crate) fn into_api(self, names: FieldNames<'_>) -> ApiError {
        match self {
            Self::InvalidField { field, description } => {
                let ours = names
                    .iter()
                    .find(|(theirs, _)| {
                        field
                            .strip_prefix(theirs)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                    })
                    .map(|(_, ours)| *ours);
                let description = in_our_names(&description, names);
                match ours {
                    Some(ours) => ApiError::invalid(ours, description),
                    None => ApiError::invalid(field, description),
                }
            }
            Self::NotFound => ApiError::NotFound,
            Self::Refused(refusal) => {
                let known = PaymentError::of(
                    refusal.reason,
                    refusal.message(),
                    &refusal.details,
                    refusal.retry_after,
                );
                match known {
                    Some(error) => ApiError::Payment(error),
                    None => ApiError::Fault(refusal.status),
                }
            }
            Self::Away(outage) => ApiError::Unavailable(outage),
            Self::Unexpected(status) => ApiError::Fault(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    use super::{CoreError, FieldNames};
    use crate::problem::{ApiError, Outage};

    const NAMES: FieldNames<'static> = &[
        ("daily_limit", "daily_limit_usd"),
        ("time_zone", "time_zone"),
    ];

    fn shown(status: Status) -> ApiError {
        CoreError::from(status).into_api(NAMES)
    }

    fn refusing(field: &str) -> Status {
        let details = ErrorDetails::with_bad_request_violation(field, "is wrong");
        Status::with_error_details(Code::InvalidArgument, "internal words", details)
    }

    #[test]
    fn a_field_that_the_core_refuses_has_the_name_that_the_caller_gave_it() {
        for (theirs, ours) in [
            ("daily_limit.amount_micros", "daily_limit_usd"),
            ("daily_limit", "daily_limit_usd"),
            ("time_zone", "time_zone"),
            ("daily_limits", "daily_limits"),
        ] {
            let ApiError::InvalidField(error) = shown(refusing(theirs)) else {
                panic!("{theirs}");
            };
            assert_eq!(
                (error.field.as_ref(), error.message.as_ref()),
                (ours, "is wrong")
            );
        }
    }

    #[test]
    fn what_the_core_says_of_a_field_has_the_callers_names_too() {
        const PAGES: FieldNames<'static> =
            &[("page_token", "before"), ("next_page_token", "next_before")];
        let text = "must be a next_page_token, or an entry's id; not `page_token`";
        let details = ErrorDetails::with_bad_request_violation("page_token", text);
        let status = Status::with_error_details(Code::InvalidArgument, "", details);
        let shown = CoreError::from(status).into_api(PAGES).to_string();
        let expected = "before must be a next_before, or an entry's id; not `before`";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_core_that_cannot_answer_is_an_outage_whatever_it_calls_it() {
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::Cancelled,
            Code::ResourceExhausted,
            Code::Aborted,
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::Unimplemented,
        ] {
            let shown = shown(Status::new(code, "db-7"));
            assert!(
                matches!(shown, ApiError::Unavailable(_)),
                "{code:?}: {shown:?}"
            );
        }
        let late = shown(Status::cancelled("Timeout expired"));
        assert!(matches!(late, ApiError::Unavailable(Outage::CoreLate)));
    }

    #[test]
    fn a_core_that_is_older_is_told_in_one_line_that_says_what_to_do() {
        let ApiError::Unavailable(outage) = shown(Status::unimplemented("")) else {
            panic!("no outage");
        };
        let told = outage.to_string();
        assert!(told.contains("roll the core out before"), "{told}");
    }

    #[test]
    fn what_no_request_of_ours_should_lead_to_is_a_fault() {
        for code in [Code::Internal, Code::Unknown, Code::AlreadyExists] {
            let shown = shown(Status::new(code, "db-7"));
            assert!(matches!(shown, ApiError::Fault(_)), "{code:?}: {shown:?}");
        }
    }
}
