//! How a payment intent goes from one state to the next, and whom it tells.

use serde_json::Value;

use super::{PaymentIntent, State};
use crate::stripe::balance_transaction::{self, Movement};
use crate::stripe::card::{self, Behaviour, Decline};
use crate::stripe::charge::{Charge, Outcome};
use crate::stripe::checkout;
use crate::stripe::dispute;
use crate::stripe::invoice::{self, State as InvoiceState};
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Object, World, new_id};

/// Whether the payer is there to be asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Present,
    Absent,
}

/// Tries to pay with this payment method. A decline is an error that has changed the payment.
pub fn confirm(
    act: &mut Act<'_>,
    id: &str,
    payment_method: &str,
    payer: Payer,
) -> Result<(), ApiError> {
    let intent = act.world.payment_intents.find(id)?;
    match intent.state {
        State::RequiresPaymentMethod | State::RequiresConfirmation | State::RequiresAction => {}
        State::Processing | State::Succeeded | State::Canceled { .. } => {
            return Err(not_now(act.world, intent, "confirm"));
        }
    }
    let method = act.world.payment_methods.find(payment_method)?;
    let (behaviour, is_set_up) = (method.behaviour(), method.is_set_up);
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.payment_method = Some(payment_method.to_owned());
    match behaviour {
        Behaviour::Declines(decline) | Behaviour::DeclinesLater(decline) => {
            decline_attempt(act, id, &decline)
        }
        Behaviour::AuthenticatesOnce if is_set_up => succeed(act, id),
        Behaviour::Authenticates | Behaviour::AuthenticatesOnce if payer == Payer::Absent => {
            decline_attempt(act, id, &card::AUTHENTICATION_REQUIRED)
        }
        Behaviour::Authenticates | Behaviour::AuthenticatesOnce => {
            intent.state = State::RequiresAction;
            tell(act, "payment_intent.requires_action", id);
            Ok(())
        }
        Behaviour::Pays
        | Behaviour::PaysWithPendingRefunds
        | Behaviour::PaysAndIsDisputed
        | Behaviour::PaysAndIsInquired => {
            succeed(act, id)?;
            dispute_at_once(act, id, behaviour)
        }
    }
}

/// The payer, or the bank, has answered yes: from `requires_action` or `processing`.
pub fn complete(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    waits(act.world, id, "complete")?;
    succeed(act, id)
}

/// The payer, or the bank, has answered no. Another attempt may follow.
pub fn fail(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let decline = match waits(act.world, id, "fail")? {
        State::RequiresAction => card::AUTHENTICATION_FAILED,
        _ => card::DECLINED,
    };
    // What was asked for has happened; the payment's state tells it.
    let _ = decline_attempt(act, id, &decline);
    Ok(())
}

/// Pays in a way whose outcome comes later.
pub fn delay(act: &mut Act<'_>, id: &str, payment_method: &str) -> Result<(), ApiError> {
    let world = &mut *act.world;
    let intent = world.payment_intents.find(id)?;
    if !matches!(
        intent.state,
        State::RequiresPaymentMethod | State::RequiresConfirmation
    ) {
        return Err(not_now(world, intent, "delay"));
    }
    let intent = world.payment_intents.find_mut(id)?;
    intent.payment_method = Some(payment_method.to_owned());
    intent.state = State::Processing;
    intent.last_payment_error = None;
    tell(act, "payment_intent.processing", id);
    Ok(())
}

/// Gives the payment up.
pub fn cancel(act: &mut Act<'_>, id: &str, reason: Option<String>) -> Result<(), ApiError> {
    let intent = act.world.payment_intents.find(id)?;
    if matches!(intent.state, State::Succeeded | State::Canceled { .. }) {
        return Err(not_now(act.world, intent, "cancel"));
    }
    let is_owed = |id: &String| {
        let invoice = act.world.invoices.get(id);
        invoice.is_some_and(|invoice| invoice.state == InvoiceState::Open)
    };
    if intent.invoice.as_ref().is_some_and(is_owed) {
        return Err(ApiError::invalid("Its invoice is open: void that instead."));
    }
    let now = act.now;
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.state = State::Canceled { at: now, reason };
    tell(act, "payment_intent.canceled", id);
    Ok(())
}

pub fn tell(act: &mut Act<'_>, kind: &str, id: &str) {
    act.emit(kind, |world| &world.payment_intents, id);
}

/// The error of a request that the payment's state forbids.
pub fn not_now(world: &World, intent: &PaymentIntent, verb: &str) -> ApiError {
    let message = match (verb, &intent.state) {
        ("confirm", State::Succeeded) => "You cannot confirm this PaymentIntent because it has \
             already succeeded after being previously confirmed."
            .to_owned(),
        ("cancel", state) => format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a \
             PaymentIntent with one of the following statuses may be canceled: \
             requires_payment_method, requires_capture, requires_confirmation, requires_action, \
             processing.",
            state.name()
        ),
        (verb, state) => format!(
            "You cannot {verb} this PaymentIntent because it has a status of {}.",
            state.name()
        ),
    };
    ApiError::forbidden_now("payment_intent_unexpected_state", message)
        .with("payment_intent", intent.json(world))
}

fn waits(world: &World, id: &str, verb: &str) -> Result<State, ApiError> {
    let intent = world.payment_intents.find(id)?;
    match intent.state {
        State::RequiresAction | State::Processing => Ok(intent.state.clone()),
        _ => Err(not_now(world, intent, verb)),
    }
}

fn succeed(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let intent = act.world.payment_intents.find(id)?;
    let (amount, currency) = (intent.amount, intent.currency);
    let charge_id = new_id("ch_");
    // Stripe's list price: 2.9 % and 30.
    let fee = amount.saturating_mul(29) / 1000 + 30;
    let balance_transaction =
        balance_transaction::put(act, Movement::Charge, &charge_id, amount, fee, currency);
    let outcome = Outcome::Paid {
        balance_transaction,
    };
    put_charge(act, id, &charge_id, outcome)?;
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.state = State::Succeeded;
    intent.last_payment_error = None;
    act.emit("charge.succeeded", |world| &world.charges, &charge_id);
    tell(act, "payment_intent.succeeded", id);
    checkout::flow::on_paid(act, id);
    invoice::flow::on_paid(act, id)
}

fn decline_attempt(act: &mut Act<'_>, id: &str, decline: &Decline) -> Result<(), ApiError> {
    let charge_id = new_id("ch_");
    // An attempt that was never authenticated did not reach the bank.
    let reached_the_bank = *decline != card::AUTHENTICATION_FAILED;
    if reached_the_bank {
        put_charge(act, id, &charge_id, Outcome::Declined(*decline))?;
    }
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.state = State::RequiresPaymentMethod;
    let payment_method = intent.payment_method.take();
    let payment_method = payment_method
        .and_then(|method| act.world.payment_methods.get(&method))
        .map_or(Value::Null, |method| method.json(act.world));
    let mut last_error = decline.json(&payment_method);
    let mut error = decline.error().with("payment_method", payment_method);
    if reached_the_bank {
        error = error.with("charge", charge_id.clone());
        if let Some(last_error) = last_error.as_object_mut() {
            last_error.insert("charge".to_owned(), charge_id.clone().into());
        }
    }
    act.world.payment_intents.find_mut(id)?.last_payment_error = Some(last_error);
    if reached_the_bank {
        act.emit("charge.failed", |world| &world.charges, &charge_id);
    }
    tell(act, "payment_intent.payment_failed", id);
    checkout::flow::on_failed(act, id);
    invoice::flow::on_failed(act, id)?;
    let intent = act.world.payment_intents.find(id)?;
    Err(error.with("payment_intent", intent.json(act.world)))
}

/// Writes the attempt down and makes it the payment's latest.
fn put_charge(
    act: &mut Act<'_>,
    id: &str,
    charge_id: &str,
    outcome: Outcome,
) -> Result<(), ApiError> {
    let now = act.now;
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.latest_charge = Some(charge_id.to_owned());
    let charge = Charge {
        id: charge_id.to_owned(),
        created: now,
        amount: intent.amount,
        currency: intent.currency,
        payment_intent: intent.id.clone(),
        payment_method: intent.payment_method.clone().unwrap_or_default(),
        customer: intent.customer.clone(),
        receipt_email: intent.details.receipt_email.clone(),
        description: intent.details.description.clone(),
        metadata: intent.metadata.clone(),
        outcome,
        amount_refunded: 0,
        dispute: None,
    };
    act.world.charges.put(charge);
    Ok(())
}

fn dispute_at_once(act: &mut Act<'_>, id: &str, behaviour: Behaviour) -> Result<(), ApiError> {
    match behaviour {
        Behaviour::PaysAndIsDisputed => dispute::open(act, id, None).map(drop),
        Behaviour::PaysAndIsInquired => dispute::inquire(act, id).map(drop),
        _ => Ok(()),
    }
}
