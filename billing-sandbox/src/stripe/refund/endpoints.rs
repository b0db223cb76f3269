//! `/v1/refunds`

use serde_json::Value;

use super::Request;
use crate::stripe::charge::Charge;
use crate::stripe::metadata;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Metadata, Object, World};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let payment_intent = params.text("payment_intent")?;
    let charge = params.text("charge")?;
    let amount = params.integer("amount")?;
    let reason = params.text("reason")?;
    let mut metadata = Metadata::new();
    metadata::update(&mut metadata, &mut params)?;
    params.ignore(&["instructions_email", "origin"]);
    params.finish()?;
    if let Some(reason) = &reason
        && !REASONS.contains(&reason.as_str())
    {
        let message = format!("Invalid reason: must be one of {}", REASONS.join(", "));
        return Err(ApiError::invalid(message).param("reason"));
    }
    let charge = match (payment_intent, charge) {
        (Some(intent), None) => paid_charge_of(act.world, &intent)?,
        (None, Some(charge)) => paid_charge(act.world, charge)?,
        (None, None) => {
            let message = "One of the following params should be provided for this request: \
                           payment_intent or charge.";
            return Err(ApiError::invalid(message));
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: charge, payment_intent.";
            return Err(ApiError::invalid(message));
        }
    };
    let request = Request {
        amount,
        reason,
        metadata,
    };
    let id = super::create(act, &charge, request)?;
    retrieve(act.world, &id)
}

pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut metadata = act.world.refunds.find(id)?.metadata.clone();
    metadata::update(&mut metadata, &mut params)?;
    params.finish()?;
    act.world.refunds.find_mut(id)?.metadata = metadata;
    super::tell(act, "refund.updated", id);
    retrieve(act.world, id)
}

pub fn cancel(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    super::cancel(act, id)?;
    retrieve(act.world, id)
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.refunds.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let payment_intent = params.text("payment_intent")?;
    let charge = params.text("charge")?;
    params.finish()?;
    page.of(world, &world.refunds, "/v1/refunds", |refund| {
        created.holds(refund.created)
            && payment_intent
                .as_ref()
                .is_none_or(|id| *id == refund.payment_intent)
            && charge.as_ref().is_none_or(|id| *id == refund.charge)
    })
}

fn paid_charge_of(world: &World, id: &str) -> Result<String, ApiError> {
    let Some(intent) = world.payment_intents.get(id) else {
        return Err(ApiError::missing("payment_intent", id, "payment_intent"));
    };
    let paid = intent
        .latest_charge
        .as_ref()
        .filter(|charge| world.charges.get(charge).is_some_and(Charge::is_paid));
    paid.cloned().ok_or_else(|| {
        let message =
            format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
        ApiError::forbidden_now("payment_intent_unexpected_state", message).param("payment_intent")
    })
}

fn paid_charge(world: &World, id: String) -> Result<String, ApiError> {
    match world.charges.get(&id) {
        None => Err(ApiError::missing("charge", &id, "charge")),
        Some(charge) if charge.is_paid() => Ok(id),
        Some(_) => {
            let message = "Cannot refund a charge that did not succeed.";
            Err(ApiError::invalid(message).param("charge"))
        }
    }
}
