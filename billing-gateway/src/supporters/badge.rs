//! `GET /api/v1/supporters/{tenant_id}/{user_id}/badge`: what somebody's contributions have earned.

use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Person;
use super::level::Level;
use crate::auth::TENANT_HEADER;
use crate::core::{Core, written};
use crate::entity_tag::{self, ASKED_BY_ITS_OWNER, ASKED_EACH_TIME};
use crate::problem::{ApiError, Problem};
use crate::public_tenant::Viewer;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BadgeResponse {
    /// For a stranger, what public gifts alone have earned, or all of them where the owner shows the badge.
    /// Null: none.
    #[schema(required = true)]
    badge_level: Option<Level>,
    /// In cents. This and what follows is null unless the tenant makes totals public, or the owner asks.
    #[schema(required = true)]
    total_cents: Option<i64>,
    #[schema(required = true)]
    contribution_count: Option<i32>,
    /// RFC 3339. Null before the first, too.
    #[schema(format = DateTime, required = true)]
    first_contribution_at: Option<String>,
}

/// The badge of a supporter
///
/// For anybody; the owner, whose token is sent, is told in full. Whoever gave nothing has none.
#[utoipa::path(
    get,
    path = "/api/v1/supporters/{tenant_id}/{user_id}/badge",
    operation_id = "getBadge",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("tenant_id" = String, Path, example = "demo"),
        ("user_id" = String, Path, example = "42"),
    ),
    responses(
        (status = 200, body = BadgeResponse),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    person: Person,
    Viewer(viewer): Viewer,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut named = headers.get_all(TENANT_HEADER).iter();
    if named.any(|tenant| tenant.as_bytes() != person.tenant_id.as_bytes()) {
        let problem = "must be the tenant that the path names";
        return Err(ApiError::invalid("X-Tenant-Id", problem));
    }
    let cache_control = match viewer {
        Some(_) => ASKED_BY_ITS_OWNER,
        None => ASKED_EACH_TIME,
    };
    // Somebody of another tenant is a stranger, whatever they are called there.
    let viewer = viewer.filter(|caller| caller.tenant_id() == person.tenant_id);
    let viewer = viewer.map(|caller| caller.user_id().to_owned());
    let badge = person.badge(&core, viewer).await?;
    let body = BadgeResponse {
        badge_level: Level::of(badge.level())?,
        total_cents: badge.total_minor,
        contribution_count: badge.contributions,
        first_contribution_at: written(badge.first_at.as_ref())?,
    };
    entity_tag::json(&headers, cache_control, &body)
}
