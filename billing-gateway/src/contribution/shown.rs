//! Contributions and badges as the REST surface writes them.

use billing_proto::v1::{Contribution, ContributionStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::written;
use crate::problem::ApiError;

/// Where a contribution stands. What is refunded in part stays `completed`; a page that ended unpaid is
/// `failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContributionState {
    Pending,
    Completed,
    Refunded,
    Failed,
}

/// A contribution as its giver sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownContribution {
    ulid: String,
    /// What was ordered.
    amount_cents: i64,
    /// What is paid, less what refunds and disputes took.
    net_cents: i64,
    status: ContributionState,
    /// It names its giver nowhere.
    is_anonymous: bool,
    /// As its giver wrote it; the wall shows it once somebody has approved it.
    #[schema(required = true)]
    message: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

impl TryFrom<Contribution> for ShownContribution {
    type Error = ApiError;

    fn try_from(contribution: Contribution) -> Result<Self, ApiError> {
        Ok(Self {
            status: status(&contribution)?,
            created_at: created_at(&contribution)?,
            ulid: contribution.ulid,
            amount_cents: contribution.amount_minor,
            net_cents: contribution.net_minor,
            is_anonymous: contribution.is_anonymous,
            message: Some(contribution.message).filter(|text| !text.is_empty()),
        })
    }
}

pub(super) fn present(contribution: Option<Contribution>) -> Result<Contribution, ApiError> {
    contribution.ok_or_else(|| ApiError::fault("the core's answer has no contribution"))
}

pub(super) fn created_at(contribution: &Contribution) -> Result<String, ApiError> {
    let written = written(contribution.created_at.as_ref())?;
    written.ok_or_else(|| ApiError::fault("a contribution has no time"))
}

pub(super) fn status(contribution: &Contribution) -> Result<ContributionState, ApiError> {
    match contribution.status() {
        ContributionStatus::Pending => Ok(ContributionState::Pending),
        ContributionStatus::Completed => Ok(ContributionState::Completed),
        ContributionStatus::Refunded => Ok(ContributionState::Refunded),
        ContributionStatus::Failed => Ok(ContributionState::Failed),
        ContributionStatus::Unspecified => {
            Err(ApiError::fault("a contribution is in no known state"))
        }
    }
}
