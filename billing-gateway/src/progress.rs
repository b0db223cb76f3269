//! `GET /api/v1/progress`: what a tenant was given in the present month.

use axum::http::HeaderMap;
use axum::response::Response;
use billing_proto::v1::GetProgressRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::{Core, written};
use crate::entity_tag::{self, ASKED_EACH_TIME};
use crate::problem::{ApiError, Problem};
use crate::public_tenant::PublicTenant;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgressResponse {
    /// A month's; 0: no goal.
    goal_cents: i64,
    /// Settled, less what refunds and disputes took, anonymous gifts included.
    current_cents: i64,
    /// Each once, with more than nothing this month.
    supporter_count: i64,
    /// YYYY-MM, in the tenant's time zone.
    #[schema(example = "2026-11")]
    month: String,
    /// Whole percent of the goal, rounded down: 100 says that it is reached, and there may be more. Null
    /// without a goal.
    #[schema(required = true)]
    percentage: Option<i64>,
    /// On its way, whenever it began: it is in no other number, and counts in the month in which it comes.
    pending_cents: i64,
    /// When the next month begins, RFC 3339.
    #[schema(format = DateTime, required = true)]
    next_reset: Option<String>,
}

/// The progress of the month
#[utoipa::path(
    get,
    path = "/api/v1/progress",
    operation_id = "getProgress",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("tenant" = Option<String>, Query, description = "Else `X-Tenant-Id`, else the default tenant"),
        ("X-Tenant-Id" = Option<String>, Header, description = "Where the query names no `tenant`"),
    ),
    responses(
        (status = 200, body = ProgressResponse),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    PublicTenant { tenant_id, .. }: PublicTenant,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = core
        .get_progress(GetProgressRequest { tenant_id })
        .await
        .map_err(|error| error.into_api(&[]))?;
    let body = ProgressResponse {
        goal_cents: answer.goal_minor,
        current_cents: answer.current_minor,
        supporter_count: answer.supporters,
        month: answer.month,
        percentage: percentage(answer.current_minor, answer.goal_minor),
        pending_cents: answer.pending_minor,
        next_reset: written(answer.resets_at.as_ref())?,
    };
    entity_tag::json(&headers, ASKED_EACH_TIME, &body)
}

fn percentage(current_minor: i64, goal_minor: i64) -> Option<i64> {
    // 0 is no goal.
    current_minor.checked_mul(100)?.checked_div(goal_minor)
}

#[cfg(test)]
mod tests {
    use super::percentage;

    #[test]
    fn a_hundred_says_that_the_goal_is_reached() {
        for (current, goal, expected) in [
            (34_700, 50_000, Some(69)),
            (0, 50_000, Some(0)),
            (49_999, 50_000, Some(99)),
            (50_000, 50_000, Some(100)),
            (75_000, 50_000, Some(150)),
            (75_000, 0, None),
        ] {
            assert_eq!(percentage(current, goal), expected, "{current} of {goal}");
        }
    }
}
