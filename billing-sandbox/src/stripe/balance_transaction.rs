//! What moved on the merchant's balance at Stripe.

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Object, World, new_id};

#[derive(Debug)]
pub struct BalanceTransaction {
    id: String,
    created: i64,
    movement: Movement,
    source: String,
    amount: i64,
    fee: i64,
    currency: Currency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    Charge,
    Refund,
    RefundFailure,
    DisputeWithdrawal,
    DisputeReinstatement,
}

impl Movement {
    const fn kind(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::RefundFailure => "refund_failure",
            Self::DisputeWithdrawal | Self::DisputeReinstatement => "adjustment",
        }
    }

    const fn category(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::RefundFailure => "refund_failure",
            Self::DisputeWithdrawal => "dispute",
            Self::DisputeReinstatement => "dispute_reversal",
        }
    }
}

impl Object for BalanceTransaction {
    const NOUN: &'static str = "balance transaction";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        let fees = if self.fee == 0 {
            json!([])
        } else {
            json!([{
                "amount": self.fee,
                "application": null,
                "currency": self.currency.code,
                "description": "Stripe fee",
                "type": "stripe_fee",
            }])
        };
        json!({
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": self.created,
            "created": self.created,
            "currency": self.currency.code,
            "description": null,
            "exchange_rate": null,
            "fee": self.fee,
            "fee_details": fees,
            "net": self.amount.saturating_sub(self.fee),
            "reporting_category": self.movement.category(),
            "source": self.source,
            "status": "available",
            "type": self.movement.kind(),
        })
    }
}

/// Moves an amount (negative: away from the merchant) and takes a fee; the id of what was written.
pub fn put(
    act: &mut Act<'_>,
    movement: Movement,
    source: &str,
    amount: i64,
    fee: i64,
    currency: Currency,
) -> String {
    let id = new_id("txn_");
    act.world.balance_transactions.put(BalanceTransaction {
        id: id.clone(),
        created: act.now,
        movement,
        source: source.to_owned(),
        amount,
        fee,
        currency,
    });
    id
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.balance_transactions.find(id)?.json(world))
}
