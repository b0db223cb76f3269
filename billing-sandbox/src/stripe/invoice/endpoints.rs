//! `/v1/invoices`

use serde_json::Value;

use super::flow;
use crate::stripe::payment_intent::flow::Payer;
use crate::stripe::payment_method;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object, World};

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.invoices.find(id)?.json(world))
}

pub fn lines(world: &World, id: &str, mut params: Params) -> Result<Value, ApiError> {
    params.ignore(&["limit"]);
    params.finish()?;
    Ok(world.invoices.find(id)?.lines_json())
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let customer = params.text("customer")?;
    let subscription = params.text("subscription")?;
    let status = params.text("status")?;
    params.ignore(&["collection_method"]);
    params.finish()?;
    let is = |wanted: &Option<String>, of: &str| wanted.as_ref().is_none_or(|id| id == of);
    page.of(world, &world.invoices, "/v1/invoices", |invoice| {
        created.holds(invoice.created)
            && is(&customer, &invoice.customer)
            && is(&subscription, &invoice.subscription)
            && is(&status, invoice.state.name())
    })
}

/// Tries to take what is owed now; a decline is an error that has changed the invoice.
pub fn pay(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let given = payment_method::take(act, &mut params)?;
    let payer = match params.boolean("off_session")? {
        Some(false) => Payer::Present,
        Some(true) | None => Payer::Absent,
    };
    params.finish()?;
    let invoice = act.world.invoices.find(id)?;
    let subscription = act.world.subscriptions.find(&invoice.subscription)?;
    let customer = act.world.customers.find(&invoice.customer)?;
    let method = given
        .or_else(|| subscription.default_payment_method.clone())
        .or_else(|| customer.default_payment_method.clone());
    let Some(method) = method else {
        let message = "There is no `default_payment_method` set on this Customer or Invoice. Please \
                       set one, or pass a `payment_method`.";
        return Err(ApiError::invalid(message));
    };
    flow::pay(act, id, &method, payer)?;
    retrieve(act.world, id)
}

pub fn finalize(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    params.ignore(&["auto_advance"]);
    params.finish()?;
    flow::finalize(act, id)?;
    retrieve(act.world, id)
}

pub fn void(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    flow::void(act, id)?;
    retrieve(act.world, id)
}

pub fn mark_uncollectible(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    flow::mark_uncollectible(act, id)?;
    retrieve(act.world, id)
}
