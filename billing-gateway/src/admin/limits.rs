//! `PUT /api/admin/users/{id}/limits`: what a user may spend in a day and in a month.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::UpdateSettingsRequest;
use utoipa::ToSchema;

use super::user::{AdminChangedUser, changed};
use super::{Administrator, must_exist, named_user, optional_reason};
use crate::core::{AdminCore, Core, FieldNames};
use crate::json_object::JsonObject;
use crate::problem::{ApiError, Problem};
use crate::settings::setting;
use crate::usd::Usd;

const DAILY: &str = "dailyLimitUsd";
const MONTHLY: &str = "monthlyLimitUsd";

const FIELDS: FieldNames<'static> = &[
    ("daily_limit", DAILY),
    ("monthly_limit", MONTHLY),
    ("reason", "reason"),
];

/// The new limits. Absent: unchanged.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct AdminLimitsBody {
    /// Null: no limit. 0: nothing may be spent.
    #[schema(required = false)]
    daily_limit_usd: Option<Usd>,
    /// Null: no limit. 0: nothing may be spent.
    #[schema(required = false)]
    monthly_limit_usd: Option<Usd>,
    /// Why; at most 500 bytes. Kept with the change.
    #[schema(required = false)]
    reason: Option<String>,
}

/// Sets a user's limits
#[utoipa::path(
    put,
    path = "/api/admin/users/{id}/limits",
    operation_id = "adminSetLimits",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The user as the tenant names them")),
    request_body = AdminLimitsBody,
    responses(
        (status = 200, body = AdminChangedUser),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<AdminChangedUser>, ApiError> {
    body.only(&[DAILY, MONTHLY, "reason"])?;
    let account = administrator.account(named_user(path)?);
    let request = UpdateSettingsRequest {
        account: Some(account.clone()),
        daily_limit: setting(body.amount(DAILY)?),
        monthly_limit: setting(body.amount(MONTHLY)?),
        reason: optional_reason(&body)?,
        actor: administrator.actor(),
        ..UpdateSettingsRequest::default()
    };
    if request.daily_limit.is_none() && request.monthly_limit.is_none() {
        let message = format!("must be given, or {MONTHLY}: a number, or null for none");
        return Err(ApiError::invalid(DAILY, message));
    }
    must_exist(&core, &account).await?;
    let answer = admin_core
        .update_settings(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    changed(&core, &admin_core, answer.account).await
}
