//! `ListAdminChanges`.

use std::collections::BTreeMap;
use std::str::FromStr;

use billing_proto::v1;
use jiff::Timestamp;
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Change, Place, queries};
use crate::admin_change::Said;
use crate::entry::Histories;
use crate::field::{self, FieldError};
use crate::id::{AccountId, EntryId, PaymentId};
use crate::rpc::{
    PAGE_DEFAULT, PAGE_MAX, Paged, TENANT_BYTES, call_of, no_page, page_size, timestamp,
};
use crate::switch;

pub async fn list_admin_changes(
    histories: &Histories,
    request: Request<v1::ListAdminChangesRequest>,
) -> Result<Response<v1::ListAdminChangesResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let user_id = field::optional_text("user_id", request.user_id, 255)?;
    let account = user_id.map(|user_id| AccountId::of(&tenant_id, &user_id));
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let behind = parse_token(request.page_token)?;
    if request.with_switches {
        call.all_tenants()?;
    }
    let with_switches = request.with_switches && account.is_none();
    let pool = histories.pool();
    let listing = async {
        let mut changes = queries::changes(pool, &tenant_id, account, behind, page + 1).await?;
        if with_switches {
            let until = behind.map(|place| (place.at, place.id));
            let switched = switch::queries::changes_behind(pool, until, page + 1).await?;
            changes.extend(switched.into_iter().map(of_switch));
            changes.sort_by_key(|change| std::cmp::Reverse(change.place));
        }
        Ok(changes)
    };
    let changes = histories.read_apart(&call, listing).await?;
    let Paged { rows, next } = Paged::of(changes, page, |change| token(change.place));
    Ok(Response::new(v1::ListAdminChangesResponse {
        changes: rows
            .into_iter()
            .map(|change| shown(&tenant_id, change))
            .collect(),
        next_page_token: next,
    }))
}

/// A switch has a place among the changes of tenants, and one name as all of them.
fn of_switch(change: switch::Switched) -> Change {
    let position = change.position;
    let name = position.switch.name().to_owned();
    let on =
        |on: bool| BTreeMap::from([(name.clone(), Value::from(if on { "on" } else { "off" }))]);
    Change {
        place: Place {
            at: change.at,
            id: change.id,
        },
        deed: "switch".to_owned(),
        account: None,
        user_id: None,
        said: Said {
            actor: Some(position.actor),
            reason: Some(position.reason),
        },
        before: on(change.was_on),
        after: on(position.on),
        entry: None,
        refund: None,
    }
}

fn token(place: Place) -> String {
    format!("{}.{}", place.at.as_microsecond(), place.id.simple())
}

fn parse_token(token: String) -> Result<Option<Place>, FieldError> {
    let Some(token) = field::optional_text("page_token", token, 80)? else {
        return Ok(None);
    };
    let place = token.split_once('.').and_then(|(at, id)| {
        let at = Timestamp::from_microsecond(i64::from_str(at).ok()?).ok()?;
        let id = Uuid::try_parse(id).ok()?;
        Some(Place { at, id })
    });
    place.map(Some).ok_or_else(no_page)
}

fn shown(tenant_id: &str, change: Change) -> v1::AdminChange {
    let account = change.account;
    let (payment_id, refund_id) = change.refund.unzip();
    let payment = account.zip(payment_id);
    v1::AdminChange {
        changed_at: Some(timestamp(change.place.at)),
        actor: change.said.actor.unwrap_or_default(),
        action: change.deed,
        account: change.user_id.map(|user_id| v1::AccountRef {
            tenant_id: tenant_id.to_owned(),
            user_id,
        }),
        reason: change.said.reason.unwrap_or_default(),
        before: texts(change.before),
        after: texts(change.after),
        entry_id: account
            .zip(change.entry)
            .map(|(account, seq)| EntryId { account, seq }.to_string())
            .unwrap_or_default(),
        refund_id: refund_id.map(|id| id.to_string()).unwrap_or_default(),
        payment_id: payment
            .map(|(account, number)| PaymentId { account, number }.to_string())
            .unwrap_or_default(),
    }
}

/// All that is kept is text; what a newer version keeps otherwise is shown as JSON.
fn texts(fields: BTreeMap<String, Value>) -> BTreeMap<String, String> {
    fields
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}
