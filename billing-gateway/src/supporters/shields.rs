//! `GET /api/v1/supporters/{tenant_id}/{user_id}/shields.json`: the badge for shields.io, as its endpoint badge
//! reads it (<https://shields.io/badges/endpoint-badge>).

use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Person;
use super::level::Level;
use super::picture::{KEPT_A_MINUTE, NO_BADGE};
use crate::core::Core;
use crate::entity_tag;
use crate::problem::{ApiError, Problem};

/// The least that shields.io takes.
const CACHE_SECS: u32 = 300;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShieldsResponse {
    /// Always 1.
    schema_version: u8,
    label: &'static str,
    #[schema(example = "gold")]
    message: &'static str,
    color: &'static str,
    /// Always false: whoever has no badge is no error.
    is_error: bool,
    cache_seconds: u32,
}

/// The badge of a supporter, for shields.io
///
/// As strangers see it, whatever token is sent.
#[utoipa::path(
    get,
    path = "/api/v1/supporters/{tenant_id}/{user_id}/shields.json",
    operation_id = "getShieldsBadge",
    tag = "sponsorship",
    params(
        ("tenant_id" = String, Path, example = "demo"),
        ("user_id" = String, Path, example = "42"),
    ),
    responses(
        (status = 200, body = ShieldsResponse),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    person: Person,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let badge = person.badge(&core, None).await?;
    let level = Level::of(badge.level())?;
    let body = ShieldsResponse {
        schema_version: 1,
        label: "supporter",
        message: level.map_or(NO_BADGE, Level::name),
        color: level.map_or("lightgrey", Level::color),
        is_error: false,
        cache_seconds: CACHE_SECS,
    };
    entity_tag::json(&headers, KEPT_A_MINUTE, &body)
}
