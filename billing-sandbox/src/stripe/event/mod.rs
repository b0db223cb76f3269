//! Events: what happened, with the object as it was then.

pub mod oddity;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object, World, new_id};
use crate::webhook::Message;

/// The version of Stripe's API that the sandbox speaks.
pub const API_VERSION: &str = "2026-09-30.endive";

#[derive(Debug)]
pub struct Event {
    id: String,
    created: i64,
    kind: String,
    body: Value,
}

impl Object for Event {
    const NOUN: &'static str = "event";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        self.body.clone()
    }
}

/// Writes down that this happened, and queues it for every webhook. Where an oddity was asked for,
/// it is told oddly, and so it stays.
pub fn record(act: &mut Act<'_>, kind: &str, object: &Value) {
    record_data(act, kind, &json!({ "object": object }));
}

/// As [`record`], and it says what the object's changed fields were before; nothing, where none has changed.
pub fn record_change(act: &mut Act<'_>, kind: &str, object: &Value, before: Value) {
    let Value::Object(mut previous) = before else {
        return;
    };
    previous.retain(|name, was| object.get(name) != Some(was));
    if !previous.is_empty() {
        let data = json!({ "object": object, "previous_attributes": previous });
        record_data(act, kind, &data);
    }
}

fn record_data(act: &mut Act<'_>, kind: &str, data: &Value) {
    let id = new_id("evt_");
    let plain = json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": act.now,
        "data": data,
        "livemode": false,
        "pending_webhooks": act.network.webhooks.urls().len(),
        "request": {
            "id": act.cause.request_id,
            "idempotency_key": act.cause.idempotency_key,
        },
        "type": kind,
    });
    let body = match act.world.oddities.take(kind) {
        None => plain,
        Some(oddity) => oddity::apply(oddity, plain, act.world),
    };
    // Pretty-printed, as Stripe does it: who signs anything but the bytes will notice.
    act.network.webhooks.queue_for_all(&Message {
        origin: Arc::clone(act.origin),
        event_id: id.clone(),
        event_type: kind.to_owned(),
        content_type: "application/json; charset=utf-8",
        body: Arc::from(format!("{body:#}")),
    });
    act.world.events.put(Event {
        id,
        created: act.now,
        kind: kind.to_owned(),
        body,
    });
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.events.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let mut kinds = params.texts("types")?;
    kinds.extend(params.text("type")?);
    params.ignore(&["delivery_success"]);
    params.finish()?;
    page.of(world, &world.events, "/v1/events", |event| {
        created.holds(event.created)
            && (kinds.is_empty() || kinds.iter().any(|kind| matches(kind, &event.kind)))
    })
}

/// `charge.dispute.*` stands for everything that begins so.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => pattern == kind,
    }
}
