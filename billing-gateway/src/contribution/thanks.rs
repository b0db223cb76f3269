//! `GET /api/v1/contributions/{ulid}`: what the page shows that thanks for a contribution.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{Contribution, GetContributionRequest, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::{ContributionState, created_at, present, status};
use crate::auth::Caller;
use crate::core::{Core, CoreError};
use crate::payment::{find, named};
use crate::problem::{ApiError, Problem};
use crate::public_tenant::PublicTenant;
use crate::supporters::level::Level;

/// How long after its payment whoever has its address sees what it has led to: its giver comes back from
/// the provider's page, perhaps in another browser.
const THANKED: SignedDuration = SignedDuration::from_hours(1);

/// A contribution, and for its giver what it has led to: the four members from `badge_earned` on are
/// null for others, from an hour after its payment on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContributionResponse {
    ulid: String,
    /// What was ordered.
    amount_cents: i64,
    status: ContributionState,
    /// The present badge of its giver; null also where there is none.
    #[schema(required = true)]
    badge_earned: Option<Level>,
    /// What its giver's contributions have come to in all.
    #[schema(required = true)]
    total_cents: Option<i64>,
    /// Null also behind the last one.
    #[schema(required = true)]
    next_badge: Option<Level>,
    /// Where the next badge begins.
    #[schema(required = true)]
    next_badge_amount_cents: Option<i64>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A contribution
///
/// Needs no token; its giver's tells more.
#[utoipa::path(
    get,
    path = "/api/v1/contributions/{ulid}",
    operation_id = "getContribution",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("ulid" = String, Path, example = "01JDRX6G8W7K2N3P4Q5R6S7T8V"),
        ("tenant" = Option<String>, Query,
         description = "Whose it is, or in `X-Tenant-Id`; absent: the token's tenant, else the configured one"),
    ),
    responses(
        (status = 200, body = ContributionResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    tenant: PublicTenant,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<ContributionResponse>, ApiError> {
    let request = GetContributionRequest {
        tenant_id: tenant.tenant_id,
        ulid: named(path)?,
    };
    let answer = core.get_contribution(request).await;
    let answer = answer.map_err(|error| match error {
        // It is none of ours.
        CoreError::InvalidField { .. } => ApiError::NotFound,
        error => error.into_api(&[]),
    })?;
    let contribution = present(answer.contribution)?;
    let is_told = is_recent(&contribution, Timestamp::now())
        || is_of(&core, tenant.viewer.as_ref(), &contribution).await?;
    let standing = answer.standing.filter(|_| is_told);
    shown(contribution, standing).map(Json)
}

fn is_recent(contribution: &Contribution, now: Timestamp) -> bool {
    let paid_at = contribution.paid_at.as_ref();
    paid_at
        .and_then(|at| Timestamp::from_second(at.seconds).ok())
        .is_some_and(|at| now.duration_since(at) < THANKED)
}

/// Whether the viewer gave it.
async fn is_of(
    core: &Core,
    viewer: Option<&Caller>,
    contribution: &Contribution,
) -> Result<bool, ApiError> {
    let Some(viewer) = viewer else {
        return Ok(false);
    };
    match find(core, viewer.account(), None, &contribution.payment_id).await {
        Ok(_) => Ok(true),
        Err(ApiError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

fn shown(
    contribution: Contribution,
    standing: Option<Standing>,
) -> Result<ContributionResponse, ApiError> {
    let told = standing.as_ref();
    let (badge, next) = match told {
        None => (None, None),
        Some(standing) => (
            Level::of(standing.badge())?,
            Level::of(standing.next_badge())?,
        ),
    };
    let next_at = told.map(|standing| standing.next_badge_minor);
    Ok(ContributionResponse {
        status: status(&contribution)?,
        created_at: created_at(&contribution)?,
        ulid: contribution.ulid,
        amount_cents: contribution.amount_minor,
        badge_earned: badge,
        total_cents: told.map(|standing| standing.total_minor),
        next_badge: next,
        next_badge_amount_cents: next_at.filter(|_| next.is_some()),
    })
}
