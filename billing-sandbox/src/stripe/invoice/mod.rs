//! Invoices: what a subscription's customer owes for one period, and how far the payment of it has come.

pub mod draft;
pub mod endpoints;
pub mod flow;
pub mod payment;

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::price::Price;
use crate::stripe::world::{Metadata, Object, World};

#[derive(Debug)]
pub struct Invoice {
    pub id: String,
    pub created: i64,
    /// None before it is finalized.
    pub number: Option<String>,
    pub customer: String,
    pub subscription: String,
    /// As its subscription's were when it was drawn up.
    pub subscription_metadata: Metadata,
    pub reason: BillingReason,
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// When what it bills was added: the period before the one that its lines are for. Of a subscription's
    /// first invoice, the moment of its creation.
    pub period: (i64, i64),
    pub state: State,
    pub finalized_at: Option<i64>,
    pub collection: Collection,
    /// None before it is finalized.
    pub payment_intent: Option<String>,
}

/// What an invoice charges for.
#[derive(Debug)]
pub struct Line {
    pub id: String,
    pub item: String,
    pub description: String,
    pub price: Price,
    pub quantity: i64,
    pub amount: i64,
    /// The period that is paid for.
    pub period: (i64, i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingReason {
    SubscriptionCreate,
    SubscriptionCycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It becomes final by itself at this time.
    Draft {
        finalizes_at: i64,
    },
    Open,
    Paid {
        at: i64,
    },
    Uncollectible {
        at: i64,
    },
    Void {
        at: i64,
    },
}

/// How its payment is sought.
#[derive(Debug)]
pub struct Collection {
    /// Whether it goes on by itself.
    pub is_automatic: bool,
    pub attempts: u32,
    pub next_attempt: Option<i64>,
    /// Who makes the attempt that is under way, or would make the next one.
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Stripe, on its schedule.
    Schedule,
    /// The customer on a page, or the merchant by the API: it does not move the schedule.
    Person,
}

impl BillingReason {
    fn name(self) -> &'static str {
        match self {
            Self::SubscriptionCreate => "subscription_create",
            Self::SubscriptionCycle => "subscription_cycle",
        }
    }
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft { .. } => "draft",
            Self::Open => "open",
            Self::Paid { .. } => "paid",
            Self::Uncollectible { .. } => "uncollectible",
            Self::Void { .. } => "void",
        }
    }

    fn transitions_json(self, finalized_at: Option<i64>) -> Value {
        let (mut paid, mut uncollectible, mut void) = (None, None, None);
        match self {
            Self::Draft { .. } | Self::Open => {}
            Self::Paid { at } => paid = Some(at),
            Self::Uncollectible { at } => uncollectible = Some(at),
            Self::Void { at } => void = Some(at),
        }
        json!({
            "finalized_at": finalized_at,
            "marked_uncollectible_at": uncollectible,
            "paid_at": paid,
            "voided_at": void,
        })
    }
}

impl Invoice {
    pub fn total(&self) -> i64 {
        let amounts = self.lines.iter().map(|line| line.amount);
        amounts.fold(0, i64::saturating_add)
    }

    pub fn amount_paid(&self) -> i64 {
        match self.state {
            State::Paid { .. } => self.total(),
            State::Draft { .. }
            | State::Open
            | State::Uncollectible { .. }
            | State::Void { .. } => 0,
        }
    }

    pub fn lines_json(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({
                "id": line.id,
                "object": "line_item",
                "amount": line.amount,
                "currency": self.currency.code,
                "description": line.description,
                "discount_amounts": [],
                "discountable": true,
                "discounts": [],
                "invoice": self.id,
                "livemode": false,
                "metadata": self.subscription_metadata,
                "parent": {
                    "invoice_item_details": null,
                    "subscription_item_details": {
                        "invoice_item": null,
                        "proration": false,
                        "proration_details": { "credited_items": null },
                        "subscription": self.subscription,
                        "subscription_item": line.item,
                    },
                    "type": "subscription_item_details",
                },
                "period": { "end": line.period.1, "start": line.period.0 },
                "pretax_credit_amounts": [],
                "pricing": line.price.pricing_json(),
                "quantity": line.quantity,
                "quantity_decimal": line.quantity.to_string(),
                "subtotal": line.amount,
                "taxes": [],
            })
        });
        json!({
            "object": "list",
            "data": lines.collect::<Vec<_>>(),
            "has_more": false,
            "total_count": self.lines.len(),
            "url": format!("/v1/invoices/{}/lines", self.id),
        })
    }

    /// Where its customer can pay it.
    fn hosted_url(&self, world: &World) -> Option<String> {
        Some(world.page_url(self.payment_intent.as_ref()?))
    }
}

impl Object for Invoice {
    const NOUN: &'static str = "invoice";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let (total, paid) = (self.total(), self.amount_paid());
        let customer = world.customers.get(&self.customer);
        let finalizes_at = match self.state {
            State::Draft { finalizes_at } if self.collection.is_automatic => Some(finalizes_at),
            _ => None,
        };
        let mut invoice = json!({
            "id": self.id,
            "object": "invoice",
            "amount_due": total,
            "amount_paid": paid,
            "amount_remaining": total.saturating_sub(paid),
            "attempt_count": self.collection.attempts,
            "attempted": self.collection.attempts > 0,
            "auto_advance": self.collection.is_automatic,
            "automatically_finalizes_at": finalizes_at,
            "billing_reason": self.reason.name(),
            "created": self.created,
            "currency": self.currency.code,
            "customer": self.customer,
            "customer_email": customer.and_then(|customer| customer.email()),
            "customer_name": customer.and_then(|customer| customer.name()),
            "effective_at": self.finalized_at,
            "ending_balance": self.finalized_at.map(|_| 0),
            "hosted_invoice_url": self.hosted_url(world),
            "invoice_pdf": self.hosted_url(world),
            "lines": self.lines_json(),
            "metadata": {},
            "next_payment_attempt": self.collection.next_attempt,
            "number": self.number,
            "parent": {
                "quote_details": null,
                "subscription_details": {
                    "metadata": self.subscription_metadata,
                    "subscription": self.subscription,
                },
                "type": "subscription_details",
            },
            "period_end": self.period.1,
            "period_start": self.period.0,
            "status": self.state.name(),
            "status_transitions": self.state.transitions_json(self.finalized_at),
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "test_clock": world.clock.held_id(),
            "total": total,
            "total_excluding_tax": total,
            "webhooks_delivered_at": self.created,
        });
        if let (Some(fields), Value::Object(rest)) = (invoice.as_object_mut(), unused()) {
            fields.extend(rest);
        }
        invoice
    }
}

/// What every invoice here has alike.
fn unused() -> Value {
    json!({
        "account_country": "US",
        "account_name": "Sandbox",
        "account_tax_ids": null,
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "application": null,
        "automatic_tax": {
            "disabled_reason": null, "enabled": false, "liability": null, "provider": null,
            "status": null,
        },
        "collection_method": "charge_automatically",
        "custom_fields": null,
        "customer_account": null,
        "customer_address": null,
        "customer_phone": null,
        "customer_shipping": null,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "due_date": null,
        "footer": null,
        "from_invoice": null,
        "issuer": { "type": "self" },
        "last_finalization_error": null,
        "latest_revision": null,
        "livemode": false,
        "on_behalf_of": null,
        "payment_settings": {
            "default_mandate": null, "payment_method_options": null, "payment_method_types": null,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "starting_balance": 0,
        "statement_descriptor": null,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    })
}
