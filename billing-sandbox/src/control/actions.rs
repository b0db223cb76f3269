//! What payers and banks do.

use http::StatusCode;
use serde_json::Value;

use super::fields::Fields;
use crate::fondy;
use crate::stripe::card::CARDS;
use crate::stripe::payment_intent::flow::{self, Payer};
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object};
use crate::stripe::{checkout, dispute, payment_intent, payment_method, refund};

const DECLINED_CARD: &str = "4000000000000002";

pub fn on_payment(
    act: &mut Act<'_>,
    id: &str,
    action: &str,
    fields: &mut Fields,
) -> Result<Value, ApiError> {
    act.world.payment_intents.find(id)?;
    match action {
        "pay" => {
            let first = CARDS.first().map(|card| card.number.to_owned());
            let number = fields.text("card").or(first).unwrap_or_default();
            pay(act, id, &number)?;
        }
        "decline" => pay(act, id, DECLINED_CARD)?,
        "complete" | "authenticate" => flow::complete(act, id)?,
        "fail" | "fail_authentication" => flow::fail(act, id)?,
        "delay" => {
            let first = CARDS.first().map(|card| card.number).unwrap_or_default();
            let method = payment_method::of_number(act, first)?;
            flow::delay(act, id, &method)?;
        }
        "cancel" => flow::cancel(act, id, None)?,
        "refund" => return give_back(act, id, fields),
        "dispute" => {
            let amount = fields.integer("amount")?;
            let dispute = dispute::open(act, id, amount)?;
            return dispute::retrieve(act.world, &dispute);
        }
        "inquire" => {
            let dispute = dispute::inquire(act, id)?;
            return dispute::retrieve(act.world, &dispute);
        }
        _ => return Err(unknown(action)),
    }
    payment_intent::endpoints::retrieve(act.world, id)
}

/// What the payer of a Checkout Session does on its page, his bank, and time. Whatever else can be done to
/// a payment is done to the session's.
pub fn on_session(
    act: &mut Act<'_>,
    id: &str,
    action: &str,
    fields: &mut Fields,
) -> Result<Value, ApiError> {
    use checkout::flow;
    let session = act.world.checkout_sessions.find(id)?;
    let intent = session.intent(act.world).map(|intent| intent.id.clone());
    match action {
        "pay" => {
            let first = CARDS.first().map(|card| card.number.to_owned());
            let number = fields.text("card").or(first).unwrap_or_default();
            flow::pay(act, id, &number, fields.integer("quantity")?)?;
        }
        "decline" => flow::pay(act, id, DECLINED_CARD, None)?,
        "pay_later" => flow::pay_later(act, id)?,
        "expire" => flow::expire(act, id)?,
        _ => {
            let Some(intent) = intent else {
                return Err(ApiError::invalid("the payer has not paid yet"));
            };
            let action = if action == "succeed" {
                "complete"
            } else {
                action
            };
            on_payment(act, &intent, action, fields)?;
        }
    }
    checkout::endpoints::find(act.world, id)
}

pub fn on_refund(act: &mut Act<'_>, id: &str, action: &str) -> Result<Value, ApiError> {
    match action {
        "complete" => refund::complete(act, id)?,
        "fail" => refund::fail(act, id)?,
        "cancel" => refund::cancel(act, id)?,
        _ => return Err(unknown(action)),
    }
    refund::endpoints::retrieve(act.world, id)
}

pub fn on_dispute(act: &mut Act<'_>, id: &str, action: &str) -> Result<Value, ApiError> {
    match action {
        "win" => dispute::win(act, id)?,
        "lose" => dispute::lose(act, id)?,
        "overturn" => dispute::overturn(act, id)?,
        "escalate" => dispute::escalate(act, id)?,
        "close" => dispute::close_inquiry(act, id)?,
        _ => return Err(unknown(action)),
    }
    dispute::retrieve(act.world, id)
}

/// What the payer of an order at Fondy, his bank and time do. The order is named by its id or by
/// its checkout's token.
pub fn on_order(
    act: &mut fondy::world::Act<'_>,
    id: &str,
    action: &str,
    fields: &mut Fields,
) -> Result<Value, ApiError> {
    use fondy::flow;
    flow::expire_due(act);
    match action {
        "pay" => {
            let all = act.world.orders.find(id)?.amount;
            flow::pay(act, id, fields.integer("amount")?.unwrap_or(all))?;
        }
        "decline" => flow::decline(act, id)?,
        "delay" => flow::delay(act, id)?,
        "complete" => flow::complete(act, id)?,
        "fail" => flow::fail(act, id)?,
        "expire" => flow::expire(act, id)?,
        "reverse" => {
            let all = act.world.orders.find(id)?.reversible();
            let amount = fields.integer("amount")?.unwrap_or(all);
            flow::reverse(act, id, amount, fields.text("reverse_id"))?;
        }
        _ => return Err(unknown(action)),
    }
    let order = act.world.orders.find(id)?;
    Ok(Value::from_iter(fondy::outcome::of(order, act.merchant)))
}

/// Somebody else who shares the account at Stripe was paid: nothing in it is of our making.
pub fn foreign_payment(act: &mut Act<'_>, fields: &mut Fields) -> Result<Value, ApiError> {
    let amount = fields.integer("amount")?.unwrap_or(2_500);
    let currency = fields.text("currency").unwrap_or_else(|| "usd".to_owned());
    let request = form_urlencoded::Serializer::new(String::new())
        .append_pair("amount", &amount.to_string())
        .append_pair("currency", &currency)
        .finish();
    let params = Params::parse(request.as_bytes())?;
    let made = payment_intent::endpoints::create(act, params)?;
    let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
    on_payment(act, id, "pay", &mut Fields::default())
}

/// A decline is what was asked for: the payment's state tells it.
fn pay(act: &mut Act<'_>, id: &str, number: &str) -> Result<(), ApiError> {
    let method = payment_method::of_number(act, number)?;
    match flow::confirm(act, id, &method, Payer::Present) {
        Err(error) if error.status_code() == StatusCode::PAYMENT_REQUIRED => Ok(()),
        other => other,
    }
}

fn give_back(act: &mut Act<'_>, id: &str, fields: &mut Fields) -> Result<Value, ApiError> {
    let intent = act.world.payment_intents.find(id)?;
    let Some(charge) = intent.latest_charge.clone() else {
        return Err(ApiError::invalid("there is nothing to give back"));
    };
    if !act.world.charges.find(&charge)?.is_paid() {
        return Err(ApiError::invalid("there is nothing to give back"));
    }
    let request = refund::Request {
        amount: fields.integer("amount")?,
        reason: None,
        metadata: fields.metadata(),
    };
    let id = refund::create(act, &charge, request)?;
    Ok(act.world.refunds.find(&id)?.json(act.world))
}

pub fn unknown(action: &str) -> ApiError {
    ApiError::unrecognized(format!("the sandbox has no action {action}"))
}
