//! What customers do in the billing portal, and time.

use http::StatusCode;
use serde_json::Value;

use super::actions::unknown;
use super::fields::Fields;
use crate::stripe::card::CARDS;
use crate::stripe::payment_intent::flow::Payer;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Object};
use crate::stripe::{customer, invoice, payment_method, portal, subscription, test_clock};

pub fn on_subscription(act: &mut Act<'_>, id: &str, action: &str) -> Result<Value, ApiError> {
    act.on_the_clock(|act| {
        match action {
            "cancel" => portal::flow::cancel(act, id)?,
            "cancel_now" => subscription::flow::cancel(act, id)?,
            "resume" => portal::flow::resume(act, id)?,
            _ => return Err(unknown(action)),
        }
        subscription::endpoints::retrieve(act.world, id)
    })
}

/// The customer pays an invoice on its page: with another card where one is named. A decline is what was
/// asked for: the invoice tells it.
pub fn on_invoice(
    act: &mut Act<'_>,
    id: &str,
    action: &str,
    fields: &mut Fields,
) -> Result<Value, ApiError> {
    if action != "pay" {
        return Err(unknown(action));
    }
    let number = fields.text("card");
    act.on_the_clock(|act| {
        let invoice = act.world.invoices.find(id)?;
        let subscription = act.world.subscriptions.find(&invoice.subscription)?;
        let method = match (number, subscription.default_payment_method.clone()) {
            (None, Some(method)) => method,
            (number, _) => {
                let first = CARDS.first().map(|card| card.number.to_owned());
                payment_method::of_number(act, &number.or(first).unwrap_or_default())?
            }
        };
        match invoice::flow::pay(act, id, &method, Payer::Present) {
            Err(error) if error.status_code() != StatusCode::PAYMENT_REQUIRED => Err(error),
            _ => Ok(act.world.invoices.find(id)?.json(act.world)),
        }
    })
}

pub fn change_card(act: &mut Act<'_>, id: &str, fields: &mut Fields) -> Result<Value, ApiError> {
    let first = CARDS.first().map(|card| card.number.to_owned());
    let number = fields.text("card").or(first).unwrap_or_default();
    act.on_the_clock(|act| {
        portal::flow::change_card(act, id, &number)?;
        customer::retrieve(act.world, id)
    })
}

/// To this time, or to the next one at which something is due.
pub fn advance_clock(act: &mut Act<'_>, fields: &mut Fields) -> Result<Value, ApiError> {
    let to = fields.integer("to")?;
    let Some(to) = to.or_else(|| act.world.clock.next_due()) else {
        return Err(ApiError::invalid("nothing is due"));
    };
    test_clock::advance_to(act, to)
}
