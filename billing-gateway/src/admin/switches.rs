//! `/api/admin/switches`: what operators switch off while everything runs.
//!
//! A switch holds for every tenant of the core. So these routes answer only where the gateway serves a single
//! tenant, and its administrators' token is for all of them: then the administrator of the tenant and the
//! operator of the service are one (docs/decisions/0035): `gate::operators`. Everybody else uses
//! `billing-core switch`.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{ListSwitchChangesRequest, ListSwitchesRequest, SetSwitchRequest, Switch};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, filled};
use crate::core::{AdminCore, CoreError, FieldNames, written};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::payment::refund::reason;
use crate::problem::{ApiError, Problem};

const CHANGES: i32 = 50;

const FIELDS: FieldNames<'static> = &[("reason", "reason"), ("on", "on")];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchesResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    switches: Vec<ShownSwitch>,
    /// What was switched, newest first; at most fifty.
    changes: Vec<ShownSwitch>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    switch: ShownSwitch,
}

#[derive(Debug, Serialize, ToSchema)]
struct ShownSwitch {
    /// `enforcement`: off, everything is allowed and booked in full. `webhooks`: off, what providers report is
    /// stored and applied later. `payments`: off, no new payment begins.
    name: String,
    on: bool,
    /// Why it was switched last, for payers where it is `payments`; null where it never was.
    #[schema(required = true)]
    reason: Option<String>,
    #[schema(required = true)]
    actor: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime, required = true)]
    changed_at: Option<String>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct SwitchBody {
    on: bool,
    /// Why; 1 to 500 bytes. Payers see it where `payments` is switched off.
    reason: String,
}

/// How the switches of the whole service stand
#[utoipa::path(
    get,
    path = "/api/admin/switches",
    operation_id = "adminListSwitches",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, body = SwitchesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: AdminCore,
    _administrator: Administrator,
) -> Result<Json<SwitchesResponse>, ApiError> {
    let changes = ListSwitchChangesRequest { page_size: CHANGES };
    let (switches, changes) = tokio::join!(
        core.list_switches(ListSwitchesRequest {}),
        core.list_switch_changes(changes),
    );
    let shown = |switches: Vec<Switch>| {
        let switches = switches.into_iter().map(ShownSwitch::try_from);
        switches.collect::<Result<Vec<_>, _>>()
    };
    Ok(Json(SwitchesResponse {
        success: true,
        switches: shown(switches.map_err(refusal)?.switches)?,
        changes: shown(changes.map_err(refusal)?.changes)?,
    }))
}

/// Switches something of the whole service off, or on again
///
/// Every core follows within seconds.
#[utoipa::path(
    put,
    path = "/api/admin/switches/{name}",
    operation_id = "adminSetSwitch",
    tag = "admin",
    security(("bearer" = [])),
    params(("name" = String, Path, description = "enforcement, webhooks or payments")),
    request_body = SwitchBody,
    responses(
        (status = 200, body = SwitchResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set(
    core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<SwitchResponse>, ApiError> {
    body.only(&["on", "reason"])?;
    let request = SetSwitchRequest {
        name: named(path)?,
        on: body
            .boolean("on")?
            .ok_or_else(|| ApiError::invalid("on", "must be true or false"))?,
        reason: reason(&body)?,
        actor: administrator.actor(),
    };
    let answer = core.set_switch(request).await.map_err(refusal)?;
    let switch = answer
        .switch
        .ok_or_else(|| ApiError::fault("the core's answer has no switch"))?;
    Ok(Json(SwitchResponse {
        success: true,
        switch: switch.try_into()?,
    }))
}

fn refusal(error: CoreError) -> ApiError {
    match error {
        error if error.wants_all_tenants() => ApiError::NotOperator,
        // There is no such switch.
        CoreError::InvalidField { field, .. } if field == "name" => ApiError::NotFound,
        error => error.into_api(FIELDS),
    }
}

impl TryFrom<Switch> for ShownSwitch {
    type Error = ApiError;

    fn try_from(switch: Switch) -> Result<Self, ApiError> {
        Ok(Self {
            name: switch.name,
            on: switch.on,
            reason: filled(switch.reason),
            actor: filled(switch.actor),
            changed_at: written(switch.changed_at.as_ref())?,
        })
    }
}
