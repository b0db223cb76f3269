//! `PUT /api/admin/users/{id}/supporter`: whether the wall shows a supporter, and whether their messages are taken.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::ModerateSupporterRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, must_exist, named_user, optional_reason};
use crate::core::{AdminCore, Core, FieldNames};
use crate::json_object::JsonObject;
use crate::problem::{ApiError, Problem};

const HIDDEN: &str = "hidden";
const BANNED: &str = "banned";

const FIELDS: FieldNames<'static> = &[("reason", "reason")];

/// Absent: unchanged.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct ModerationBody {
    /// True: the wall and the badge show nothing of them.
    #[schema(required = false, nullable = false)]
    hidden: Option<bool>,
    /// True: their messages are refused as they come, and those that wait.
    #[schema(required = false, nullable = false)]
    banned: Option<bool>,
    /// Why; at most 500 bytes. Kept with the change.
    #[schema(required = false)]
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModeratedSupporter {
    /// Always true: what is not a success is a problem body.
    success: bool,
    hidden: bool,
    banned: bool,
}

/// Takes a supporter from the wall, or takes no messages of theirs
///
/// At once. What they gave counts all the same.
#[utoipa::path(
    put,
    path = "/api/admin/users/{id}/supporter",
    operation_id = "adminModerateSupporter",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The user as the tenant names them")),
    request_body = ModerationBody,
    responses(
        (status = 200, body = ModeratedSupporter),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn moderate(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<ModeratedSupporter>, ApiError> {
    body.only(&[HIDDEN, BANNED, "reason"])?;
    let account = administrator.account(named_user(path)?);
    let request = ModerateSupporterRequest {
        account: Some(account.clone()),
        hidden: body.boolean(HIDDEN)?,
        banned: body.boolean(BANNED)?,
        reason: optional_reason(&body)?,
        actor: administrator.actor(),
    };
    if request.hidden.is_none() && request.banned.is_none() {
        let message = format!("must be given, or {BANNED}: true or false");
        return Err(ApiError::invalid(HIDDEN, message));
    }
    must_exist(&core, &account).await?;
    let answer = admin_core.moderate_supporter(request).await;
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    Ok(Json(ModeratedSupporter {
        success: true,
        hidden: answer.hidden,
        banned: answer.banned,
    }))
}
