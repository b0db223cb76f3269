//! `/v1/subscriptions`

use serde_json::Value;

use super::{Cancellation, Planned, flow};
use crate::stripe::metadata;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object, World};

const FEEDBACK: [&str; 8] = [
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
];

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.subscriptions.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let customer = params.text("customer")?;
    list_of(world, customer.as_deref(), "/v1/subscriptions", params)
}

pub fn list_of_customer(world: &World, id: &str, params: Params) -> Result<Value, ApiError> {
    world.customers.find(id)?;
    let url = format!("/v1/customers/{id}/subscriptions");
    list_of(world, Some(id), &url, params)
}

/// Without a `status`, those that have not ended.
fn list_of(
    world: &World,
    customer: Option<&str>,
    url: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let status = params.text("status")?;
    params.finish()?;
    page.of(world, &world.subscriptions, url, |subscription| {
        let state = subscription.state;
        let wanted = match status.as_deref() {
            None => !state.has_ended(),
            Some("all") => true,
            Some("ended") => state.has_ended(),
            Some(name) => state.name() == name,
        };
        wanted
            && created.holds(subscription.created)
            && customer.is_none_or(|id| id == subscription.customer)
    })
}

pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    let before = subscription.json(act.world);
    let mut metadata = subscription.metadata.clone();
    metadata::update(&mut metadata, &mut params)?;
    let mut cancellation = subscription.cancellation.clone();
    read_details(&mut cancellation, &mut params)?;
    let method = params.text("default_payment_method")?;
    let description = params.text("description")?;
    let (planned, period_end) = (cancellation.planned, subscription.period().1);
    let plan = read_plan(act.now, planned, period_end, &mut params)?;
    params.ignore(&["off_session", "payment_behavior", "proration_behavior"]);
    params.finish()?;
    let is_plain = method.is_none() && description.is_none() && plan == planned;
    if subscription.state.has_ended() && !is_plain {
        return Err(flow::has_ended());
    }
    if let Some(method) = &method {
        let of_customer = |id: &str| act.world.payment_methods.get(id)?.customer.clone();
        if of_customer(method).as_ref() != Some(&subscription.customer) {
            return Err(ApiError::missing(
                "PaymentMethod",
                method,
                "default_payment_method",
            ));
        }
    }
    let subscription = act.world.subscriptions.find_mut(id)?;
    subscription.metadata = metadata;
    subscription.cancellation = cancellation;
    if method.is_some() {
        subscription.default_payment_method = method;
    }
    if description.is_some() {
        subscription.description = description;
    }
    if plan == planned {
        flow::tell_change(act, id, before);
    } else {
        flow::plan(act, id, plan)?;
    }
    retrieve(act.world, id)
}

/// Ends it now.
pub fn cancel(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut cancellation = act.world.subscriptions.find(id)?.cancellation.clone();
    read_details(&mut cancellation, &mut params)?;
    params.ignore(&["invoice_now", "prorate"]);
    params.finish()?;
    if !act.world.subscriptions.find(id)?.state.has_ended() {
        act.world.subscriptions.find_mut(id)?.cancellation = cancellation;
    }
    flow::cancel(act, id)?;
    retrieve(act.world, id)
}

/// When it is to end after this request.
fn read_plan(
    now: i64,
    planned: Option<Planned>,
    period_end: i64,
    params: &mut Params,
) -> Result<Option<Planned>, ApiError> {
    let at_period_end = params.boolean("cancel_at_period_end")?;
    let is_emptied = params.is_emptied("cancel_at");
    let at = match params.text("cancel_at")?.as_deref() {
        None => None,
        Some("min_period_end" | "max_period_end") => Some(period_end),
        Some(text) => {
            let later = text.parse().ok().filter(|at| *at > now);
            let error = || ApiError::invalid("Invalid timestamp: must be in the future");
            Some(later.ok_or_else(|| error().param("cancel_at"))?)
        }
    };
    if at.is_some() && at_period_end.is_some() {
        let message = "You may only specify one of these parameters: cancel_at, \
                       cancel_at_period_end.";
        return Err(ApiError::invalid(message));
    }
    Ok(match (at, at_period_end) {
        (Some(at), _) => Some(Planned::At(at)),
        (None, Some(true)) => Some(Planned::AtPeriodEnd),
        // It takes back what it asked for itself; a time that `cancel_at` named is taken back by its own.
        (None, Some(false)) if planned == Some(Planned::AtPeriodEnd) => None,
        (None, Some(false) | None) if is_emptied => None,
        (None, Some(false) | None) => planned,
    })
}

fn read_details(cancellation: &mut Cancellation, params: &mut Params) -> Result<(), ApiError> {
    let Some(mut details) = params.object("cancellation_details")? else {
        return Ok(());
    };
    if let Some(comment) = details.text("comment")? {
        cancellation.comment = Some(comment);
    }
    if let Some(feedback) = details.text("feedback")? {
        if !FEEDBACK.contains(&feedback.as_str()) {
            let message = format!("Invalid feedback: must be one of {}", FEEDBACK.join(", "));
            let error = ApiError::invalid(message);
            return Err(error.param("cancellation_details[feedback]"));
        }
        cancellation.feedback = Some(feedback);
    }
    details.finish()
}
