//! Prices that a request describes on the spot, by the month.

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::world::new_id;

#[derive(Clone, Debug)]
pub struct Price {
    id: String,
    product: String,
    created: i64,
    currency: Currency,
    pub unit_amount: i64,
}

impl Price {
    pub fn monthly(created: i64, currency: Currency, unit_amount: i64) -> Self {
        Self {
            id: new_id("price_"),
            product: new_id("prod_"),
            created,
            currency,
            unit_amount,
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "price",
            "active": false,
            "billing_scheme": "per_unit",
            "created": self.created,
            "currency": self.currency.code,
            "custom_unit_amount": null,
            "livemode": false,
            "lookup_key": null,
            "metadata": {},
            "nickname": null,
            "product": self.product,
            "recurring": {
                "interval": "month",
                "interval_count": 1,
                "meter": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified",
            "tiers_mode": null,
            "transform_quantity": null,
            "type": "recurring",
            "unit_amount": self.unit_amount,
            "unit_amount_decimal": self.unit_amount.to_string(),
        })
    }

    /// The same as old versions of the API call it; subscriptions still show both.
    pub fn plan_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "plan",
            "active": false,
            "amount": self.unit_amount,
            "amount_decimal": self.unit_amount.to_string(),
            "billing_scheme": "per_unit",
            "created": self.created,
            "currency": self.currency.code,
            "interval": "month",
            "interval_count": 1,
            "livemode": false,
            "metadata": {},
            "meter": null,
            "nickname": null,
            "product": self.product,
            "tiers_mode": null,
            "transform_usage": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        })
    }

    /// As an invoice's line names it.
    pub fn pricing_json(&self) -> Value {
        json!({
            "price_details": { "price": self.id, "product": self.product },
            "type": "price_details",
            "unit_amount_decimal": self.unit_amount.to_string(),
        })
    }
}
