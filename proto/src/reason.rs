//! Why the core refuses: the reason by its name, and its status.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::v1::ErrorReason;

/// The domain of all reasons.
pub const DOMAIN: &str = "billing";
const PREFIX: &str = "ERROR_REASON_";

impl ErrorReason {
    /// As `google.rpc.ErrorInfo` has it.
    pub fn name(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix(PREFIX).unwrap_or(name)
    }

    /// Why the core refused; none where it is not the core's word, or a reason of a newer core.
    pub fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info()?;
        (info.domain == DOMAIN)
            .then(|| Self::from_str_name(&format!("{PREFIX}{}", info.reason)))
            .flatten()
    }

    /// The one status that it comes with.
    pub fn code(self) -> Code {
        match self {
            Self::InvalidField => Code::InvalidArgument,
            Self::ServiceTokenRequired => Code::Unauthenticated,
            Self::RoleNotAllowed | Self::AllTenantsRequired => Code::PermissionDenied,
            Self::TenantNotFound
            | Self::HoldNotFound
            | Self::EntryNotFound
            | Self::PaymentNotFound
            | Self::RefundNotFound
            | Self::PriceNotFound => Code::NotFound,
            Self::IdempotencyKeyReused => Code::AlreadyExists,
            Self::HoldEnded
            | Self::OverageRejected
            | Self::RefundExceedsCharge
            | Self::ClockIsRight
            | Self::ReferenceTaken
            | Self::RateTooOld
            | Self::PaymentsSwitchedOff
            | Self::PaymentNotRefundable
            | Self::RefundExceedsPayment
            | Self::RefundTooLate
            | Self::PriceStarted
            | Self::SubscriptionExists
            | Self::AccountSuspended
            | Self::UnsubscribeLinkExpired => Code::FailedPrecondition,
            Self::Overloaded | Self::PaymentsPaused | Self::TestMailTooSoon | Self::TooManyOpen => {
                Code::ResourceExhausted
            }
            Self::DatabaseUnavailable | Self::OutcomeUnknown | Self::PriceListStale => {
                Code::Unavailable
            }
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Internal => Code::Internal,
            Self::Unspecified => Code::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = include_str!("../../docs/api.md");

    /// Every reason, by the contract's descriptors.
    fn all() -> Vec<ErrorReason> {
        let numbers = (1..).map_while(|number| ErrorReason::try_from(number).ok());
        numbers.collect()
    }

    /// As gRPC writes it: `INVALID_ARGUMENT`.
    fn status(code: Code) -> String {
        let mut name = String::new();
        for letter in format!("{code:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }

    #[test]
    fn the_page_lists_every_reason_with_its_status_and_a_meaning() {
        let (_, section) = PAGE
            .split_once("## Reasons of the core's refusals")
            .unwrap();
        let section = section.split("\n## ").next().unwrap();
        let listed: BTreeSet<(String, String)> = section
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                let ["", reason, code, meaning, ""] = cells[..] else {
                    return None;
                };
                let name = reason.strip_prefix('`')?.strip_suffix('`')?;
                assert!(!meaning.is_empty(), "{name}");
                Some((name.to_owned(), code.trim_matches('`').to_owned()))
            })
            .collect();
        let known: BTreeSet<(String, String)> = all()
            .into_iter()
            .map(|reason| (reason.name().to_owned(), status(reason.code())))
            .collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn a_reason_is_read_back_from_its_status_and_a_foreign_one_is_none() {
        use tonic_types::ErrorDetails;
        let with = |domain: &str, reason: &str| {
            let details = ErrorDetails::with_error_info(reason, domain, []);
            ErrorReason::of(&Status::with_error_details(Code::Unknown, "", details))
        };
        for reason in all() {
            assert_eq!(with(DOMAIN, reason.name()), Some(reason));
        }
        assert_eq!(with(DOMAIN, "OF_A_NEWER_CORE"), None);
        assert_eq!(with("elsewhere", "INTERNAL"), None);
        assert_eq!(ErrorReason::of(&Status::internal("")), None);
    }
}
