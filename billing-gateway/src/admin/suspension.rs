//! `POST /api/admin/users/{id}/suspend` and `…/resume`: whether a user may spend at all.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{ResumeAccountRequest, SuspendAccountRequest};
use utoipa::ToSchema;

use super::user::{AdminChangedUser, changed};
use super::{Administrator, must_exist, named_user};
use crate::core::{AdminCore, Core, FieldNames};
use crate::json_object::JsonObject;
use crate::payment::refund::reason;
use crate::problem::{ApiError, Problem};

const FIELDS: FieldNames<'static> = &[("reason", "reason")];

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct ReasonBody {
    /// Why; 1 to 500 bytes.
    reason: String,
}

/// Lets a user spend nothing, until resumed
///
/// Every call of theirs is denied and no payment begins. What is under way goes on.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/suspend",
    operation_id = "adminSuspendUser",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The user as the tenant names them")),
    request_body = ReasonBody,
    responses(
        (status = 200, body = AdminChangedUser),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn suspend(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<AdminChangedUser>, ApiError> {
    body.only(&["reason"])?;
    let account = administrator.account(named_user(path)?);
    let request = SuspendAccountRequest {
        account: Some(account.clone()),
        reason: reason(&body)?,
        actor: administrator.actor(),
    };
    must_exist(&core, &account).await?;
    let answer = admin_core
        .suspend_account(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    changed(&core, &admin_core, answer.account).await
}

/// Ends a user's suspension
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/resume",
    operation_id = "adminResumeUser",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The user as the tenant names them")),
    request_body = ReasonBody,
    responses(
        (status = 200, body = AdminChangedUser),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<AdminChangedUser>, ApiError> {
    body.only(&["reason"])?;
    let account = administrator.account(named_user(path)?);
    let request = ResumeAccountRequest {
        account: Some(account.clone()),
        reason: reason(&body)?,
        actor: administrator.actor(),
    };
    must_exist(&core, &account).await?;
    let answer = admin_core
        .resume_account(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    changed(&core, &admin_core, answer.account).await
}
