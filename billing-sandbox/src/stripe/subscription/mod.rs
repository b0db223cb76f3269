//! Subscriptions: what a customer pays month after month, and until when.

pub mod endpoints;
pub mod flow;
pub mod period;

use serde_json::{Value, json};

use self::period::months_after;
use crate::currency::Currency;
use crate::stripe::price::Price;
use crate::stripe::world::{Metadata, Object, World};

#[derive(Debug)]
pub struct Subscription {
    pub id: String,
    /// When it began; its periods are counted from here.
    pub created: i64,
    pub customer: String,
    pub currency: Currency,
    pub items: Vec<Item>,
    pub metadata: Metadata,
    pub description: Option<String>,
    pub state: State,
    /// How many of its periods are over.
    pub periods_over: i32,
    pub cancellation: Cancellation,
    /// What pays it; where none is named, the customer's own one does.
    pub default_payment_method: Option<String>,
    pub first_invoice: String,
    pub latest_invoice: String,
    /// The session on whose page it was begun.
    pub checkout_session: String,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub id: String,
    pub name: String,
    pub price: Price,
    pub quantity: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its first invoice is not paid yet.
    Incomplete,
    /// Its first invoice was never paid.
    IncompleteExpired {
        at: i64,
    },
    Active,
    PastDue,
    Canceled {
        at: i64,
    },
}

/// Who wants it to end, when, and why.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    pub planned: Option<Planned>,
    pub asked_at: Option<i64>,
    pub reason: Option<&'static str>,
    pub comment: Option<String>,
    pub feedback: Option<String>,
}

/// When a subscription is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// As the API's `cancel_at_period_end` asks.
    AtPeriodEnd,
    /// At a time, as `cancel_at` asks, and as the portal does it: a subscription in the flexible billing
    /// mode, which is Stripe's default, does not become `cancel_at_period_end` there.
    At(i64),
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired { .. } => "incomplete_expired",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled { .. } => "canceled",
        }
    }

    pub fn has_ended(self) -> bool {
        self.ended_at().is_some()
    }

    fn ended_at(self) -> Option<i64> {
        match self {
            Self::Incomplete | Self::Active | Self::PastDue => None,
            Self::IncompleteExpired { at } | Self::Canceled { at } => Some(at),
        }
    }
}

impl Item {
    pub fn amount(&self) -> i64 {
        self.price.unit_amount.saturating_mul(self.quantity)
    }
}

impl Subscription {
    /// The current period's first second, and the next one's.
    pub fn period(&self) -> (i64, i64) {
        let over = self.periods_over;
        (
            months_after(self.created, over),
            months_after(self.created, over.saturating_add(1)),
        )
    }

    pub fn amount(&self) -> i64 {
        let amounts = self.items.iter().map(Item::amount);
        amounts.fold(0, i64::saturating_add)
    }

    pub fn name(&self) -> String {
        let names: Vec<&str> = self.items.iter().map(|item| item.name.as_str()).collect();
        names.join(", ")
    }

    /// When it ends, if that is planned.
    pub fn ends_at(&self) -> Option<i64> {
        match self.cancellation.planned? {
            Planned::AtPeriodEnd => Some(self.period().1),
            Planned::At(at) => Some(at),
        }
    }

    fn items_json(&self) -> Value {
        let (start, end) = self.period();
        let items = self.items.iter().map(|item| {
            json!({
                "id": item.id,
                "object": "subscription_item",
                "billed_until": end,
                "billing_thresholds": null,
                "created": self.created,
                "current_period_end": end,
                "current_period_start": start,
                "discounts": [],
                "metadata": {},
                "plan": item.price.plan_json(),
                "price": item.price.json(),
                "quantity": item.quantity,
                "subscription": self.id,
                "tax_rates": [],
            })
        });
        json!({
            "object": "list",
            "data": items.collect::<Vec<_>>(),
            "has_more": false,
            "total_count": self.items.len(),
            "url": format!("/v1/subscription_items?subscription={}", self.id),
        })
    }
}

impl Object for Subscription {
    const NOUN: &'static str = "subscription";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let cancellation = &self.cancellation;
        let mut subscription = json!({
            "id": self.id,
            "object": "subscription",
            "billing_cycle_anchor": self.created,
            "cancel_at": self.ends_at(),
            "cancel_at_period_end": cancellation.planned == Some(Planned::AtPeriodEnd),
            "canceled_at": cancellation.asked_at,
            "cancellation_details": {
                "comment": cancellation.comment,
                "feedback": cancellation.feedback,
                "feedback_option": null,
                "reason": cancellation.reason,
            },
            "created": self.created,
            "currency": self.currency.code,
            "customer": self.customer,
            "default_payment_method": self.default_payment_method,
            "description": self.description,
            "ended_at": self.state.ended_at(),
            "items": self.items_json(),
            "latest_invoice": self.latest_invoice,
            "livemode": false,
            "metadata": self.metadata,
            "start_date": self.created,
            "status": self.state.name(),
            "test_clock": world.clock.held_id(),
        });
        if let (Some(fields), Value::Object(rest)) = (subscription.as_object_mut(), unused()) {
            fields.extend(rest);
        }
        subscription
    }
}

/// What every subscription here has alike.
fn unused() -> Value {
    json!({
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
        "billing_cycle_anchor_config": null,
        "billing_mode": {
            "flexible": { "proration_discounts": "included" },
            "type": "flexible",
            "updated_at": null,
        },
        "billing_schedules": [],
        "billing_thresholds": null,
        "collection_method": "charge_automatically",
        "customer_account": null,
        "days_until_due": null,
        "default_source": null,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": { "account_tax_ids": null, "issuer": { "type": "self" } },
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null,
            "payment_method_types": null,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "transfer_data": null,
        "trial_end": null,
        "trial_settings": { "end_behavior": { "missing_payment_method": "create_invoice" } },
        "trial_start": null,
    })
}
