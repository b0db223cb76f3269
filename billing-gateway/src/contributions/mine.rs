//! `GET /api/v1/contributions/me`: what the user gave.

use axum::Json;
use billing_proto::v1::{Contribution, ContributionStatus, ListContributionsRequest, MessageState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Status, created_at};
use crate::auth::Caller;
use crate::core::{Core, written};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::supporters::level::Level;

const LIMIT_MAX: i32 = 100;
const LIMIT_DEFAULT: i32 = 20;
/// What the core passes over at most.
const OFFSET_MAX: i32 = 100_000;

/// A contribution as its giver sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnContribution {
    ulid: String,
    /// What was ordered.
    amount_cents: i64,
    /// What is left of it: paid, less what refunds and disputes took.
    net_cents: i64,
    status: Status,
    is_anonymous: bool,
    /// Null: none.
    #[schema(required = true)]
    message: Option<String>,
    /// Whether the wall shows the message.
    message_is_shown: bool,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// It is one of a subscription: the provider takes it each month.
    is_recurring: bool,
    /// By which that is known; null: it was given once.
    #[schema(required = true)]
    subscription_ulid: Option<String>,
    /// RFC 3339; null until it is paid.
    #[schema(format = DateTime, required = true)]
    paid_at: Option<String>,
}

impl OwnContribution {
    pub(super) fn of(contribution: Contribution) -> Result<Self, ApiError> {
        let is_approved = contribution.message_state() == MessageState::Approved;
        // The wall has no contribution that is not paid, or that was given back.
        let is_on_wall = contribution.status() == ContributionStatus::Completed;
        Ok(Self {
            status: Status::of(contribution.status())?,
            created_at: created_at(&contribution)?,
            paid_at: written(contribution.paid_at.as_ref())?,
            amount_cents: contribution.amount_minor,
            net_cents: contribution.net_minor,
            is_anonymous: contribution.is_anonymous,
            message_is_shown: is_on_wall && is_approved && !contribution.is_anonymous,
            message: Some(contribution.message).filter(|message| !message.is_empty()),
            is_recurring: !contribution.subscription_ulid.is_empty(),
            subscription_ulid: Some(contribution.subscription_ulid).filter(|ulid| !ulid.is_empty()),
            ulid: contribution.ulid,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContributionsResponse {
    /// Newest first.
    data: Vec<OwnContribution>,
    /// Of the user, whatever the page.
    total: i32,
    /// All that is left of them.
    total_cents: i64,
    /// Null: none.
    #[schema(required = true)]
    badge_level: Option<Level>,
}

/// The user's contributions
#[utoipa::path(
    get,
    path = "/api/v1/contributions/me",
    operation_id = "listContributions",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(
        ("page" = Option<i32>, Query, minimum = 1, description = "Absent: 1"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 100,
         description = "How many a page has; absent: 20"),
    ),
    responses(
        (status = 200, body = ContributionsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<ContributionsResponse>, ApiError> {
    let limit = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let pages = OFFSET_MAX.checked_div(limit).unwrap_or_default();
    let page = query.whole("page", 1..=pages, 1)?;
    let request = ListContributionsRequest {
        account: Some(caller.account()),
        page_size: limit,
        offset: page.saturating_sub(1).saturating_mul(limit),
    };
    let answer = core.list_contributions(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let standing = answer
        .standing
        .ok_or_else(|| ApiError::fault("the core's answer has no standing"))?;
    Ok(Json(ContributionsResponse {
        data: answer
            .contributions
            .into_iter()
            .map(OwnContribution::of)
            .collect::<Result<_, _>>()?,
        total: answer.total,
        total_cents: standing.total_minor,
        badge_level: Level::of(standing.badge())?,
    }))
}
