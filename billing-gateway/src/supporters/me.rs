//! `/api/v1/supporters/me`: how the user is shown among supporters.

use axum::Json;
use billing_proto::v1::{GetSupporterRequest, Supporter, UpdateSupporterRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::level::Level;
use crate::auth::Caller;
use crate::core::{Core, written};
use crate::json_object::JsonObject;
use crate::problem::{ApiError, Problem};

/// As clients write them that write camel case, and as they are called.
const CAMEL_CASE: &[(&str, &str)] = &[
    ("displayName", DISPLAY_NAME),
    ("isAnonymous", IS_ANONYMOUS),
    ("showBadge", SHOW_BADGE),
];
const DISPLAY_NAME: &str = "display_name";
const IS_ANONYMOUS: &str = "is_anonymous";
const SHOW_BADGE: &str = "show_badge";

/// What to change. Absent: unchanged. Each may be written in camel case.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct SupporterRequest {
    /// At most 255 bytes, without links and control characters. Null, or empty: the wall names them no longer.
    #[schema(required = false, example = "Alice Johnson")]
    display_name: Option<String>,
    /// True: on no wall, whatever single contributions say.
    #[schema(required = false, nullable = false)]
    is_anonymous: Option<bool>,
    /// True: strangers see the badge as it is, with what was given anonymously.
    #[schema(required = false, nullable = false)]
    show_badge: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupporterResponse {
    /// Null: none, and then the wall does not name them.
    #[schema(required = true)]
    display_name: Option<String>,
    is_anonymous: bool,
    show_badge: bool,
    /// Null: none.
    #[schema(required = true)]
    badge_level: Option<Level>,
    /// All that is left of their contributions, in cents.
    total_cents: i64,
    contribution_count: i32,
    /// RFC 3339; null before the first.
    #[schema(format = DateTime, required = true)]
    first_contribution_at: Option<String>,
    /// Null behind the last.
    #[schema(required = true)]
    next_badge: Option<Level>,
    /// From which total on it is had, in cents.
    #[schema(required = true)]
    next_badge_amount_cents: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdatedSupporter {
    #[serde(flatten)]
    supporter: SupporterResponse,
    /// Members of the request that are none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    ignored: Vec<String>,
}

/// How the user is shown, and how they stand
#[utoipa::path(
    get,
    path = "/api/v1/supporters/me",
    operation_id = "getSupporter",
    tag = "sponsorship",
    security(("bearer" = [])),
    responses(
        (status = 200, body = SupporterResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(core: Core, caller: Caller) -> Result<Json<SupporterResponse>, ApiError> {
    let request = GetSupporterRequest {
        account: Some(caller.account()),
    };
    let answer = core
        .get_supporter(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    shown(answer.supporter).map(Json)
}

/// Changes how the user is shown
///
/// At once on the wall and the badge.
#[utoipa::path(
    put,
    path = "/api/v1/supporters/me",
    operation_id = "updateSupporter",
    tag = "sponsorship",
    security(("bearer" = [])),
    request_body = SupporterRequest,
    responses(
        (status = 200, body = UpdatedSupporter),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(
    core: Core,
    caller: Caller,
    body: JsonObject,
) -> Result<Json<UpdatedSupporter>, ApiError> {
    let body = body.from_camel_case(CAMEL_CASE)?;
    let request = UpdateSupporterRequest {
        account: Some(caller.account()),
        display_name: body.text_or_null(DISPLAY_NAME)?,
        is_anonymous: body.boolean(IS_ANONYMOUS)?,
        show_badge: body.boolean(SHOW_BADGE)?,
    };
    let ignored = body.others_than(&[DISPLAY_NAME, IS_ANONYMOUS, SHOW_BADGE]);
    let answer = core
        .update_supporter(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    Ok(Json(UpdatedSupporter {
        supporter: shown(answer.supporter)?,
        ignored,
    }))
}

fn shown(supporter: Option<Supporter>) -> Result<SupporterResponse, ApiError> {
    let supporter =
        supporter.ok_or_else(|| ApiError::fault("the core's answer has no supporter"))?;
    let standing = supporter
        .standing
        .ok_or_else(|| ApiError::fault("the core's answer has no standing"))?;
    let next_badge = Level::of(standing.next_badge())?;
    Ok(SupporterResponse {
        display_name: Some(supporter.display_name).filter(|name| !name.is_empty()),
        is_anonymous: supporter.is_anonymous,
        show_badge: supporter.show_badge,
        badge_level: Level::of(standing.badge())?,
        total_cents: standing.total_minor,
        contribution_count: standing.contributions,
        first_contribution_at: written(standing.first_at.as_ref())?,
        next_badge,
        next_badge_amount_cents: next_badge.map(|_| standing.next_badge_minor),
    })
}
