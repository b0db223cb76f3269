//! What the network between Stripe and us does.

use std::time::Duration;

use serde_json::{Value, json};

use super::fields::Fields;
use crate::fault::{PlannedOddity, PlannedRequest, RequestFault, RequestKind};
use crate::fondy::callback;
use crate::fondy::endpoints::REQUEST_KINDS as FONDYS_KINDS;
use crate::network::Network;
use crate::providers::{Providers, request_kinds};
use crate::stripe::event::oddity::Oddity;
use crate::stripe::wire::error::ApiError;
use crate::webhook::{Delivery, Mode};

/// How long a fault that waits does so, unless it is said: longer than callers are patient.
const PAUSE_MS: u64 = 30_000;

pub fn state(providers: &Providers) -> Value {
    let faults_left = providers.faults_left();
    // The providers before the network, as acts lock them.
    let world = providers.stripe.lock();
    let orders = providers.fondy.lock().orders.len();
    let network = providers.running.network();
    json!({
        "webhooks": network.webhooks.urls(),
        "mode": mode_json(network.webhooks.mode),
        "faults_left": faults_left,
        "payment_intents": world.payment_intents.len(),
        "checkout_sessions": world.checkout_sessions.len(),
        "subscriptions": world.subscriptions.len(),
        "invoices": world.invoices.len(),
        "customers": world.customers.len(),
        "charges": world.charges.len(),
        "refunds": world.refunds.len(),
        "disputes": world.disputes.len(),
        "events": world.events.len(),
        "orders": orders,
    })
}

/// Every delivery, newest first.
pub fn deliveries(network: &Network) -> Value {
    let deliveries = network.webhooks.newest_first();
    let all: Vec<Value> = deliveries.map(Delivery::json).collect();
    json!({ "deliveries": all })
}

pub fn redeliver(network: &mut Network, id: &str) -> Result<Value, ApiError> {
    let unknown = || ApiError::not_found("delivery", id, "id");
    let id = id.parse().map_err(|_| unknown())?;
    network.webhooks.redeliver(id).ok_or_else(unknown)?;
    Ok(json!({ "redelivered": id }))
}

/// Replaces the URLs that are told of events from now on.
pub fn set_webhooks(network: &mut Network, fields: &mut Fields) -> Result<(), ApiError> {
    let urls = fields.text("urls").unwrap_or_default();
    let urls: Vec<String> = urls.split_whitespace().map(str::to_owned).collect();
    for url in &urls {
        if !reqwest::Url::parse(url).is_ok_and(|url| url.has_host()) {
            return Err(ApiError::invalid(format!("{url} is not a URL")));
        }
    }
    network.webhooks.set_urls(urls);
    Ok(())
}

/// Sets the whole mode: what is not said is off.
pub fn set_mode(network: &mut Network, fields: &mut Fields) -> Result<Value, ApiError> {
    const COPIES_MAX: u64 = 100;
    let copies = fields.count("copies")?.unwrap_or(1);
    if copies > COPIES_MAX {
        let message = format!("copies must be {COPIES_MAX} at most");
        return Err(ApiError::invalid(message));
    }
    network.webhooks.mode = Mode {
        withhold: fields.ticked("withhold"),
        reverse: fields.ticked("reverse"),
        copies,
        delay: Duration::from_millis(fields.count("delay_ms")?.unwrap_or(0)),
        form: fields.ticked("form"),
    };
    Ok(mode_json(network.webhooks.mode))
}

/// Lets go of what is withheld. What happens afterwards is withheld as before.
pub fn release(network: &mut Network) -> Value {
    json!({ "released": network.webhooks.release() })
}

/// Plans one fault for the next requests of a kind, or one oddity for the next events of a type.
pub fn plan_fault(providers: &Providers, fields: &mut Fields) -> Result<Value, ApiError> {
    let name = fields.text("fault").unwrap_or_default();
    let times = fields.count("times")?.unwrap_or(1);
    let pause = Duration::from_millis(fields.count("ms")?.unwrap_or(PAUSE_MS));
    if times == 0 {
        return Err(ApiError::invalid("times must be 1 at least"));
    }
    if let Some(fault) = RequestFault::named(&name, pause) {
        let kind = request_kind(fields)?;
        if fault == RequestFault::FailureBody
            && !kind.is_some_and(|kind| FONDYS_KINDS.contains(&kind))
        {
            return Err(ApiError::invalid("only Fondy answers so"));
        }
        let stripes = matches!(fault, RequestFault::RateLimit | RequestFault::LockTimeout);
        if stripes && kind.is_none_or(|kind| FONDYS_KINDS.contains(&kind)) {
            return Err(ApiError::invalid("only Stripe answers so"));
        }
        let planned = PlannedRequest { kind, fault, times };
        providers.running.network().faults.plan(planned);
    } else {
        plan_oddity(providers, &name, times, fields.text("event"))?;
    }
    Ok(json!({ "faults_left": providers.faults_left() }))
}

fn request_kind(fields: &mut Fields) -> Result<Option<RequestKind>, ApiError> {
    let name = fields.text("request").unwrap_or_else(|| "any".to_owned());
    let known = request_kinds().find(|RequestKind(of)| *of == name);
    match known {
        Some(kind) => Ok(Some(kind)),
        None if name == "any" => Ok(None),
        None => Err(ApiError::invalid(format!("there is no request {name}"))),
    }
}

/// Of a callback of Fondy's where the type of the event says so, else of an event of Stripe's.
fn plan_oddity(
    providers: &Providers,
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
        providers.fondy.lock().oddities.plan(PlannedOddity {
            event_type,
            oddity,
            times,
        });
        return Ok(());
    }
    let known = Oddity::ALL.iter().find(|(of, _)| *of == name);
    let (_, oddity) = *known.ok_or_else(unknown)?;
    providers.stripe.lock().oddities.plan(PlannedOddity {
        event_type,
        oddity,
        times,
    });
    Ok(())
}

pub fn forget_faults(providers: &Providers) -> Value {
    providers.forget_faults();
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
