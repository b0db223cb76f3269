//! `GET /api/v1/contributions/me`: what the user has given, newest first.

use axum::Json;
use billing_proto::v1::ListContributionsRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownContribution;
use crate::auth::Caller;
use crate::core::Core;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::supporters::level::Level;

const LIMIT_DEFAULT: i32 = 20;
const LIMIT_MAX: i32 = 100;
/// How many of the newest the core passes over at most.
const OFFSET_MAX: i32 = 100_000;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContributionsResponse {
    data: Vec<ShownContribution>,
    /// All of the user's, whatever the page and whatever became of them.
    total: i32,
    /// What they have come to, less what refunds and disputes took.
    total_cents: i64,
    /// Null: none.
    #[schema(required = true)]
    badge_level: Option<Level>,
}

/// What the user has given, newest first
#[utoipa::path(
    get,
    path = "/api/v1/contributions/me",
    operation_id = "listMyContributions",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(
        ("page" = Option<i32>, Query, minimum = 1, description = "Which page; absent: 1"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 100,
         description = "How many on a page; absent: 20"),
    ),
    responses(
        (status = 200, body = ContributionsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<ContributionsResponse>, ApiError> {
    let page_size = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let pages = OFFSET_MAX.saturating_div(page_size).saturating_add(1);
    let page = query.whole("page", 1..=pages, 1)?;
    let request = ListContributionsRequest {
        account: Some(caller.account()),
        page_size,
        offset: page.saturating_sub(1).saturating_mul(page_size),
    };
    let answer = core.list_contributions(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let standing = answer.standing.unwrap_or_default();
    let contributions = answer.contributions.into_iter();
    Ok(Json(ContributionsResponse {
        data: contributions
            .map(ShownContribution::try_from)
            .collect::<Result<_, _>>()?,
        total: answer.total,
        total_cents: standing.total_minor,
        badge_level: Level::of(standing.badge())?,
    }))
}
