//! Refunds: what is given back of a charge.

pub mod endpoints;

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::balance_transaction::{self, Movement};
use crate::stripe::card::Behaviour;
use crate::stripe::dispute;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Metadata, Object, World, new_id};

#[derive(Debug)]
pub struct Refund {
    pub id: String,
    created: i64,
    pub amount: i64,
    pub currency: Currency,
    pub charge: String,
    pub payment_intent: String,
    reason: Option<String>,
    metadata: Metadata,
    balance_transaction: String,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Pending,
    Succeeded,
    /// Also after it succeeded: the money came back.
    Failed {
        balance_transaction: String,
    },
    Canceled {
        balance_transaction: String,
    },
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Canceled { .. } => "canceled",
        }
    }
}

/// What is to be given back, and why.
#[derive(Debug, Default)]
pub struct Request {
    /// All that is left, where it is not said.
    pub amount: Option<i64>,
    pub reason: Option<String>,
    pub metadata: Metadata,
}

impl Object for Refund {
    const NOUN: &'static str = "refund";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        let mut refund = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.balance_transaction,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency.code,
            "destination_details": { "card": { "type": "refund" }, "type": "card" },
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.state.name(),
            "transfer_reversal": null,
        });
        // Stripe has these fields only where there is something to say.
        let failure = match &self.state {
            State::Pending | State::Succeeded => None,
            State::Failed {
                balance_transaction,
            } => Some((balance_transaction, "lost_or_stolen_card")),
            State::Canceled {
                balance_transaction,
            } => Some((balance_transaction, "merchant_request")),
        };
        if let (Some((balance_transaction, reason)), Some(fields)) =
            (failure, refund.as_object_mut())
        {
            fields.insert(
                "failure_balance_transaction".to_owned(),
                balance_transaction.clone().into(),
            );
            fields.insert("failure_reason".to_owned(), reason.into());
        }
        refund
    }
}

/// Gives a part of the charge back, or all that is left; the refund's id.
pub fn create(act: &mut Act<'_>, charge_id: &str, request: Request) -> Result<String, ApiError> {
    let amount = refundable(act.world, charge_id, request.amount)?;
    let charge = act.world.charges.find_mut(charge_id)?;
    charge.amount_refunded = charge.amount_refunded.saturating_add(amount);
    let (currency, payment_intent) = (charge.currency, charge.payment_intent.clone());
    let method = charge.payment_method.clone();
    let waits = act
        .world
        .payment_methods
        .get(&method)
        .is_some_and(|method| method.behaviour() == Behaviour::PaysWithPendingRefunds);
    let id = new_id("re_");
    let balance_transaction =
        balance_transaction::put(act, Movement::Refund, &id, -amount, 0, currency);
    act.world.refunds.put(Refund {
        id: id.clone(),
        created: act.now,
        amount,
        currency,
        charge: charge_id.to_owned(),
        payment_intent,
        reason: request.reason,
        metadata: request.metadata,
        balance_transaction,
        state: if waits {
            State::Pending
        } else {
            State::Succeeded
        },
    });
    tell(act, "refund.created", &id);
    act.emit("charge.refunded", |world| &world.charges, charge_id);
    Ok(id)
}

/// A pending refund has reached the payer.
pub fn complete(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let refund = act.world.refunds.find_mut(id)?;
    if refund.state != State::Pending {
        return Err(not_now(refund, "complete"));
    }
    refund.state = State::Succeeded;
    tell(act, "refund.updated", id);
    Ok(())
}

/// The refund did not reach the payer after all, and the money is back.
pub fn fail(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let refund = act.world.refunds.find(id)?;
    if !matches!(refund.state, State::Pending | State::Succeeded) {
        return Err(not_now(refund, "fail"));
    }
    let balance_transaction = take_back(act, id)?;
    act.world.refunds.find_mut(id)?.state = State::Failed {
        balance_transaction,
    };
    tell(act, "refund.updated", id);
    tell(act, "refund.failed", id);
    Ok(())
}

/// A pending refund is called off, and the money is back.
pub fn cancel(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let refund = act.world.refunds.find(id)?;
    if refund.state != State::Pending {
        return Err(not_now(refund, "cancel"));
    }
    let balance_transaction = take_back(act, id)?;
    act.world.refunds.find_mut(id)?.state = State::Canceled {
        balance_transaction,
    };
    tell(act, "refund.updated", id);
    Ok(())
}

fn tell(act: &mut Act<'_>, kind: &str, id: &str) {
    act.emit(kind, |world| &world.refunds, id);
}

/// The amount that is to be given back, if it can be.
fn refundable(world: &World, charge_id: &str, wanted: Option<i64>) -> Result<i64, ApiError> {
    let charge = world.charges.find(charge_id)?;
    if dispute::holds_back(world, charge) {
        let message = format!("Charge {charge_id} has been charged back; cannot issue a refund.");
        return Err(ApiError::forbidden_now("charge_disputed", message));
    }
    let left = charge.refundable();
    if left == 0 {
        let message = format!("Charge {charge_id} has already been refunded.");
        return Err(ApiError::forbidden_now("charge_already_refunded", message));
    }
    let amount = wanted.unwrap_or(left);
    if amount < 1 {
        let error = ApiError::invalid("Invalid positive integer");
        return Err(error.code("parameter_invalid_integer").param("amount"));
    }
    if amount > left {
        let (of, most) = if charge.amount_refunded == 0 {
            ("charge amount", charge.amount)
        } else {
            ("unrefunded amount on charge", left)
        };
        let message = format!(
            "Refund amount ({}) is greater than {of} ({})",
            charge.currency.show_short(amount),
            charge.currency.show_short(most)
        );
        // Stripe has no code for it.
        return Err(ApiError::invalid(message).param("amount"));
    }
    Ok(amount)
}

/// Undoes what the refund did to its charge and to the balance.
fn take_back(act: &mut Act<'_>, id: &str) -> Result<String, ApiError> {
    let refund = act.world.refunds.find(id)?;
    let (amount, currency) = (refund.amount, refund.currency);
    let charge_id = refund.charge.clone();
    let charge = act.world.charges.find_mut(&charge_id)?;
    charge.amount_refunded = charge.amount_refunded.saturating_sub(amount);
    let movement = Movement::RefundFailure;
    Ok(balance_transaction::put(
        act, movement, id, amount, 0, currency,
    ))
}

fn not_now(refund: &Refund, verb: &str) -> ApiError {
    let message = format!(
        "You cannot {verb} this refund because it has a status of {}.",
        refund.state.name()
    );
    ApiError::invalid(message)
}
