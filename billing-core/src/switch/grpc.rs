//! `OperatorService`.

use billing_proto::v1;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{Position, Switch, queries};
use crate::admin_change::{Subject, Turns};
use crate::field::{self, FieldError};
use crate::rpc::{PAGE_DEFAULT, PAGE_MAX, call_of, page_size, timestamp};

pub async fn list_switches(
    pool: &PgPool,
    request: Request<v1::ListSwitchesRequest>,
) -> Result<Response<v1::ListSwitchesResponse>, Status> {
    let (call, _) = call_of(request)?;
    call.all_tenants()?;
    let switches = call.query(queries::all(pool)).await?;
    Ok(Response::new(v1::ListSwitchesResponse {
        switches: switches.into_iter().map(shown).collect(),
    }))
}

pub async fn set_switch(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::SetSwitchRequest>,
) -> Result<Response<v1::SetSwitchResponse>, Status> {
    let (call, request) = call_of(request)?;
    call.all_tenants()?;
    let switch = Switch::named(&request.name).ok_or_else(|| {
        let names = Switch::ALL.map(Switch::name).join(", ");
        FieldError::new("name", format!("must be one of {names}"))
    })?;
    let position = Position {
        switch,
        on: request.on,
        reason: field::text("reason", request.reason, 500)?,
        actor: field::text("actor", request.actor, 255)?,
        changed_at: None,
    };
    let subject = Subject::Switch(switch.name());
    let setting = queries::set(pool, &position);
    let position = turns.change(&call, subject, setting).await?;
    tracing::warn!(
        switch = switch.name(),
        on = position.on,
        actor = position.actor,
        "switched"
    );
    Ok(Response::new(v1::SetSwitchResponse {
        switch: Some(shown(position)),
    }))
}

pub async fn list_switch_changes(
    pool: &PgPool,
    request: Request<v1::ListSwitchChangesRequest>,
) -> Result<Response<v1::ListSwitchChangesResponse>, Status> {
    let (call, request) = call_of(request)?;
    call.all_tenants()?;
    let most = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let changes = call.query(queries::changes(pool, most)).await?;
    Ok(Response::new(v1::ListSwitchChangesResponse {
        changes: changes.into_iter().map(shown).collect(),
    }))
}

fn shown(position: Position) -> v1::Switch {
    v1::Switch {
        name: position.switch.name().to_owned(),
        on: position.on,
        reason: position.reason,
        actor: position.actor,
        changed_at: position.changed_at.map(timestamp),
    }
}
