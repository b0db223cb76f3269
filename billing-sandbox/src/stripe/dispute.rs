//! Disputes: the payer's bank takes the money back, or only asks.

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::balance_transaction::{self, Movement};
use crate::stripe::charge::Charge;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object, World, new_id};

/// What Stripe takes for a dispute, in minor units.
const FEE: i64 = 1_500;

/// How long evidence may take.
const RESPONSE_SECS: i64 = 7 * 24 * 60 * 60;

#[derive(Debug)]
pub struct Dispute {
    pub id: String,
    created: i64,
    pub amount: i64,
    pub currency: Currency,
    charge: String,
    pub payment_intent: String,
    pub status: Status,
    balance_transactions: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An inquiry: no money moved.
    WarningNeedsResponse,
    WarningClosed,
    NeedsResponse,
    Won,
    Lost,
}

impl Status {
    pub const fn name(self) -> &'static str {
        match self {
            Self::WarningNeedsResponse => "warning_needs_response",
            Self::WarningClosed => "warning_closed",
            Self::NeedsResponse => "needs_response",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

impl Object for Dispute {
    const NOUN: &'static str = "dispute";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let movements: Vec<Value> = self
            .balance_transactions
            .iter()
            .filter_map(|id| world.balance_transactions.get(id))
            .map(|movement| movement.json(world))
            .collect();
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transaction": self.balance_transactions.first(),
            "balance_transactions": movements,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency.code,
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": self.created.saturating_add(RESPONSE_SECS),
                "enhanced_eligibility": {},
                "has_evidence": false,
                "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": self.status == Status::WarningNeedsResponse,
            "livemode": false,
            "metadata": {},
            "payment_intent": self.payment_intent,
            "payment_method_details": {
                "card": { "brand": "visa", "case_type": "chargeback", "network_reason_code": "83" },
                "type": "card",
            },
            "reason": "fraudulent",
            "status": self.status.name(),
        })
    }
}

/// The payer disputes the payment and its money is withdrawn; all that was not refunded, where no
/// amount is said. The dispute's id.
pub fn open(
    act: &mut Act<'_>,
    payment_intent: &str,
    amount: Option<i64>,
) -> Result<String, ApiError> {
    let id = put(act, payment_intent, amount, Status::NeedsResponse)?;
    withdraw(act, &id)?;
    tell(act, "charge.dispute.created", &id);
    tell(act, "charge.dispute.funds_withdrawn", &id);
    Ok(id)
}

/// The payer's bank asks about the payment; no money moves. The dispute's id.
pub fn inquire(act: &mut Act<'_>, payment_intent: &str) -> Result<String, ApiError> {
    let id = put(act, payment_intent, None, Status::WarningNeedsResponse)?;
    tell(act, "charge.dispute.created", &id);
    Ok(id)
}

/// The inquiry becomes a dispute.
pub fn escalate(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, Status::WarningNeedsResponse, Status::NeedsResponse)?;
    withdraw(act, id)?;
    tell(act, "charge.dispute.updated", id);
    tell(act, "charge.dispute.funds_withdrawn", id);
    Ok(())
}

/// The inquiry ends without a dispute.
pub fn close_inquiry(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, Status::WarningNeedsResponse, Status::WarningClosed)?;
    tell(act, "charge.dispute.closed", id);
    Ok(())
}

/// The merchant wins, and the money is back.
pub fn win(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, Status::NeedsResponse, Status::Won)?;
    let dispute = act.world.disputes.find(id)?;
    let (amount, currency) = (dispute.amount, dispute.currency);
    let movement = Movement::DisputeReinstatement;
    let moved = balance_transaction::put(act, movement, id, amount, 0, currency);
    let dispute = act.world.disputes.find_mut(id)?;
    dispute.balance_transactions.push(moved);
    tell(act, "charge.dispute.funds_reinstated", id);
    tell(act, "charge.dispute.closed", id);
    Ok(())
}

/// The payer wins; the money is gone already.
pub fn lose(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, Status::NeedsResponse, Status::Lost)?;
    tell(act, "charge.dispute.closed", id);
    Ok(())
}

/// The payer's bank appeals with success: what was won is withdrawn once more.
pub fn overturn(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, Status::Won, Status::Lost)?;
    withdraw(act, id)?;
    tell(act, "charge.dispute.updated", id);
    tell(act, "charge.dispute.funds_withdrawn", id);
    Ok(())
}

/// Whether a dispute forbids to refund the charge.
pub fn holds_back(world: &World, charge: &Charge) -> bool {
    let dispute = charge
        .dispute
        .as_ref()
        .and_then(|id| world.disputes.get(id));
    dispute.is_some_and(|dispute| matches!(dispute.status, Status::NeedsResponse | Status::Lost))
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.disputes.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let payment_intent = params.text("payment_intent")?;
    let charge = params.text("charge")?;
    params.finish()?;
    page.of(world, &world.disputes, "/v1/disputes", |dispute| {
        created.holds(dispute.created)
            && payment_intent
                .as_ref()
                .is_none_or(|id| *id == dispute.payment_intent)
            && charge.as_ref().is_none_or(|id| *id == dispute.charge)
    })
}

fn tell(act: &mut Act<'_>, kind: &str, id: &str) {
    act.emit(kind, |world| &world.disputes, id);
}

fn put(
    act: &mut Act<'_>,
    payment_intent: &str,
    amount: Option<i64>,
    status: Status,
) -> Result<String, ApiError> {
    let world = &mut *act.world;
    let intent = world.payment_intents.find(payment_intent)?;
    let charge = intent
        .latest_charge
        .as_ref()
        .and_then(|id| world.charges.get(id))
        .filter(|charge| charge.is_paid());
    let Some(charge) = charge else {
        return Err(ApiError::invalid(
            "Only a payment that succeeded can be disputed.",
        ));
    };
    let earlier = charge
        .dispute
        .as_ref()
        .and_then(|id| world.disputes.get(id));
    if earlier.is_some_and(|dispute| !matches!(dispute.status, Status::WarningClosed)) {
        return Err(ApiError::invalid("This payment was disputed already."));
    }
    let amount = amount.unwrap_or(charge.refundable());
    if !(1..=charge.amount).contains(&amount) {
        let message = "A dispute is about some of the payment at least, and all of it at most.";
        return Err(ApiError::invalid(message).param("amount"));
    }
    let id = new_id("du_");
    let dispute = Dispute {
        id: id.clone(),
        created: act.now,
        amount,
        currency: charge.currency,
        charge: charge.id.clone(),
        payment_intent: payment_intent.to_owned(),
        status,
        balance_transactions: Vec::new(),
    };
    let charge_id = dispute.charge.clone();
    world.disputes.put(dispute);
    world.charges.find_mut(&charge_id)?.dispute = Some(id.clone());
    Ok(id)
}

fn withdraw(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let dispute = act.world.disputes.find(id)?;
    let (amount, currency) = (dispute.amount, dispute.currency);
    let movement = Movement::DisputeWithdrawal;
    let moved = balance_transaction::put(act, movement, id, -amount, FEE, currency);
    let dispute = act.world.disputes.find_mut(id)?;
    dispute.balance_transactions.push(moved);
    Ok(())
}

fn turn(act: &mut Act<'_>, id: &str, from: Status, to: Status) -> Result<(), ApiError> {
    let dispute = act.world.disputes.find_mut(id)?;
    if dispute.status != from {
        let message = format!(
            "This dispute has a status of {}, not of {}.",
            dispute.status.name(),
            from.name()
        );
        return Err(ApiError::invalid(message));
    }
    dispute.status = to;
    Ok(())
}
