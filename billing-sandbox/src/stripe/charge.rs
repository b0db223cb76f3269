//! Charges: attempts to take a payment, and what was given back of it.

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::card::Decline;
use crate::stripe::payment_method::{self, PaymentMethod};
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Metadata, Object, World};

#[derive(Debug)]
pub struct Charge {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: Currency,
    pub payment_intent: String,
    pub payment_method: String,
    pub customer: Option<String>,
    pub receipt_email: Option<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub outcome: Outcome,
    /// The sum of the refunds that did not fail.
    pub amount_refunded: i64,
    pub dispute: Option<String>,
}

#[derive(Debug)]
pub enum Outcome {
    Paid { balance_transaction: String },
    Declined(Decline),
}

impl Charge {
    /// What can still be given back.
    pub fn refundable(&self) -> i64 {
        self.amount.saturating_sub(self.amount_refunded)
    }

    pub fn is_paid(&self) -> bool {
        matches!(self.outcome, Outcome::Paid { .. })
    }
}

impl Object for Charge {
    const NOUN: &'static str = "charge";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let method = world.payment_methods.get(&self.payment_method);
        let (balance_transaction, decline) = match &self.outcome {
            Outcome::Paid {
                balance_transaction,
            } => (Some(balance_transaction), None),
            Outcome::Declined(decline) => (None, Some(decline)),
        };
        let captured = if decline.is_none() { self.amount } else { 0 };
        let receipt = format!("https://pay.stripe.com/receipts/{}", self.id);
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": captured,
            "amount_refunded": self.amount_refunded,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": balance_transaction,
            "billing_details": payment_method::billing_details(None),
            "calculated_statement_descriptor": "SANDBOX",
            "captured": decline.is_none(),
            "created": self.created,
            "currency": self.currency.code,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.dispute.is_some(),
            "failure_balance_transaction": null,
            "failure_code": decline.map(|decline| decline.code),
            "failure_message": decline.map(|decline| decline.message),
            "fraud_details": {},
            "livemode": false,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "outcome": outcome_json(decline),
            "paid": decline.is_none(),
            "payment_intent": self.payment_intent,
            "payment_method": self.payment_method,
            "payment_method_details": {
                "card": method.map(PaymentMethod::card_json),
                "type": "card",
            },
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": decline.is_none().then_some(receipt),
            "refunded": self.is_paid() && self.refundable() == 0,
            "review": null,
            "shipping": null,
            "source_transfer": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": if decline.is_none() { "succeeded" } else { "failed" },
            "transfer_data": null,
            "transfer_group": null,
        })
    }
}

fn outcome_json(decline: Option<&Decline>) -> Value {
    match decline {
        None => json!({
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }),
        Some(decline) => json!({
            "network_status": "declined_by_network",
            "reason": decline.reason.unwrap_or(decline.code),
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }),
    }
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.charges.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let payment_intent = params.text("payment_intent")?;
    let customer = params.text("customer")?;
    params.finish()?;
    page.of(world, &world.charges, "/v1/charges", |charge| {
        created.holds(charge.created)
            && payment_intent
                .as_ref()
                .is_none_or(|id| *id == charge.payment_intent)
            && (customer.is_none() || charge.customer == customer)
    })
}
