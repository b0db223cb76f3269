//! What the network between Stripe and us does.

use std::time::Duration;

use serde_json::{Value, json};

use super::fields::Fields;
use crate::event::oddity::Oddity;
use crate::fault::{PlannedOddity, PlannedRequest, RequestFault, RequestKind};
use crate::fondy::callback;
use crate::webhook::{Delivery, Mode};
use crate::wire::error::ApiError;
use crate::world::World;

/// How long a fault that waits does so, unless it is said: longer than callers are patient.
const PAUSE_MS: u64 = 30_000;

pub fn state(world: &World) -> Value {
    let mode = world.webhooks.mode;
    json!({
        "webhooks": world.webhooks.urls(),
        "mode": mode_json(mode),
        "faults_left": world.faults.left(),
        "payment_intents": world.payment_intents.len(),
        "customers": world.customers.len(),
        "charges": world.charges.len(),
        "refunds": world.refunds.len(),
        "disputes": world.disputes.len(),
        "events": world.events.len(),
        "orders": world.orders.len(),
    })
}

/// Every delivery, newest first.
pub fn deliveries(world: &World) -> Value {
    let deliveries = world.webhooks.newest_first();
    let all: Vec<Value> = deliveries.map(Delivery::json).collect();
    json!({ "deliveries": all })
}

pub fn redeliver(world: &mut World, id: &str) -> Result<Value, ApiError> {
    let id = id
        .parse()
        .map_err(|_| ApiError::not_found("delivery", id, "id"))?;
    world.webhooks.redeliver(id)?;
    Ok(json!({ "redelivered": id }))
}

/// Replaces the URLs that are told of events from now on.
pub fn set_webhooks(world: &mut World, fields: &mut Fields) -> Result<Value, ApiError> {
    let urls = fields.text("urls").unwrap_or_default();
    let urls: Vec<String> = urls.split_whitespace().map(str::to_owned).collect();
    for url in &urls {
        if !reqwest::Url::parse(url).is_ok_and(|url| url.has_host()) {
            return Err(ApiError::invalid(format!("{url} is not a URL")));
        }
    }
    world.webhooks.set_urls(urls);
    Ok(state(world))
}

/// Sets the whole mode: what is not said is off.
pub fn set_mode(world: &mut World, fields: &mut Fields) -> Result<Value, ApiError> {
    const COPIES_MAX: u64 = 100;
    let copies = fields.count("copies")?.unwrap_or(1);
    if copies > COPIES_MAX {
        let message = format!("copies must be {COPIES_MAX} at most");
        return Err(ApiError::invalid(message));
    }
    world.webhooks.mode = Mode {
        withhold: fields.ticked("withhold"),
        reverse: fields.ticked("reverse"),
        copies,
        delay: Duration::from_millis(fields.count("delay_ms")?.unwrap_or(0)),
        form: fields.ticked("form"),
    };
    Ok(mode_json(world.webhooks.mode))
}

/// Lets go of what is withheld. What happens afterwards is withheld as before.
pub fn release(world: &mut World) -> Value {
    json!({ "released": world.webhooks.release() })
}

/// Plans one fault for the next requests of a kind, or one oddity for the next events of a type.
pub fn plan_fault(world: &mut World, fields: &mut Fields) -> Result<Value, ApiError> {
    let name = fields.text("fault").unwrap_or_default();
    let times = fields.count("times")?.unwrap_or(1);
    let pause = Duration::from_millis(fields.count("ms")?.unwrap_or(PAUSE_MS));
    if times == 0 {
        return Err(ApiError::invalid("times must be 1 at least"));
    }
    if let Some(fault) = RequestFault::named(&name, pause) {
        let kind = request_kind(fields)?;
        if fault == RequestFault::FailureBody && !kind.is_some_and(RequestKind::is_fondys) {
            return Err(ApiError::invalid("only Fondy answers so"));
        }
        let stripes = matches!(fault, RequestFault::RateLimit | RequestFault::LockTimeout);
        if stripes && kind.is_none_or(RequestKind::is_fondys) {
            return Err(ApiError::invalid("only Stripe answers so"));
        }
        let planned = PlannedRequest { kind, fault, times };
        world.faults.plan_request(planned);
    } else {
        plan_oddity(world, &name, times, fields.text("event"))?;
    }
    Ok(json!({ "faults_left": world.faults.left() }))
}

fn request_kind(fields: &mut Fields) -> Result<Option<RequestKind>, ApiError> {
    let name = fields.text("request").unwrap_or_else(|| "any".to_owned());
    let known = RequestKind::ALL.iter().find(|(of, _)| *of == name);
    match known {
        Some((_, kind)) => Ok(Some(*kind)),
        None if name == "any" => Ok(None),
        None => Err(ApiError::invalid(format!("there is no request {name}"))),
    }
}

/// Of a callback of Fondy's where the type of the event says so, else of an event of Stripe's.
fn plan_oddity(
    world: &mut World,
    name: &str,
    times: u64,
    event_type: Option<String>,
) -> Result<(), ApiError> {
    let event_type = event_type.unwrap_or_else(|| "payment_intent.succeeded".to_owned());
    let unknown = || ApiError::invalid(format!("there is no fault {name} of {event_type}"));
    if event_type.starts_with("fondy.") {
        let known = callback::Oddity::ALL
            .iter()
            .find(|(of, oddity)| *of == name && oddity.fits(&event_type));
        let (_, oddity) = *known.ok_or_else(unknown)?;
        world.faults.plan_callback_oddity(PlannedOddity {
            event_type,
            oddity,
            times,
        });
        return Ok(());
    }
    let known = Oddity::ALL.iter().find(|(of, _)| *of == name);
    let (_, oddity) = *known.ok_or_else(unknown)?;
    world.faults.plan_oddity(PlannedOddity {
        event_type,
        oddity,
        times,
    });
    Ok(())
}

pub fn forget_faults(world: &mut World) -> Value {
    world.faults.forget();
    json!({ "faults_left": 0 })
}

fn mode_json(mode: Mode) -> Value {
    json!({
        "withhold": mode.withhold,
        "reverse": mode.reverse,
        "copies": mode.copies.max(1),
        "form": mode.form,
        "delay_ms": u64::try_from(mode.delay.as_millis()).unwrap_or(u64::MAX),
    })
}
