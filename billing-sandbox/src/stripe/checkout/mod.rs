//! Checkout Sessions: a page of Stripe's on which a payment is made, or a subscription begun.

pub mod endpoints;
pub mod flow;
mod items;
pub mod page;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::invoice::Invoice;
use crate::stripe::payment_intent::{Details, PaymentIntent, State as IntentState};
use crate::stripe::payment_method;
use crate::stripe::price::Price;
use crate::stripe::world::{Metadata, Object, World};

/// What Stripe puts the session's id in place of.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";

#[derive(Debug)]
pub struct Session {
    pub id: String,
    pub created: i64,
    pub expires_at: i64,
    pub items: Vec<LineItem>,
    pub currency: Currency,
    pub customer: Option<String>,
    pub customer_email: Option<String>,
    pub client_reference_id: Option<String>,
    pub metadata: Metadata,
    pub mode: Mode,
    /// What its payment will have.
    pub intent_metadata: Metadata,
    pub intent_details: Details,
    pub success_url: String,
    pub cancel_url: Option<String>,
    pub page_url: String,
    pub state: State,
    /// None until the payer pays, and of a subscription's session for ever.
    pub payment_intent: Option<String>,
}

#[derive(Debug)]
pub enum Mode {
    Payment,
    Subscription(Begun),
}

/// What the session's subscription will have, and the subscription.
#[derive(Debug, Default)]
pub struct Begun {
    pub metadata: Metadata,
    pub description: Option<String>,
    /// None until the payer tries to pay.
    pub subscription: Option<String>,
}

impl Mode {
    fn name(&self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Subscription(_) => "subscription",
        }
    }

    pub fn subscription(&self) -> Option<&str> {
        match self {
            Self::Payment => None,
            Self::Subscription(begun) => begun.subscription.as_deref(),
        }
    }

    pub fn set_subscription(&mut self, id: &str) {
        if let Self::Subscription(begun) = self {
            begun.subscription = Some(id.to_owned());
        }
    }

    pub fn subscription_data(&self) -> (Metadata, Option<String>) {
        match self {
            Self::Payment => (Metadata::new(), None),
            Self::Subscription(begun) => (begun.metadata.clone(), begun.description.clone()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// The payer has done what there was to do; the money may still be on its way.
    Complete,
    Expired,
}

#[derive(Debug)]
pub struct LineItem {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub unit_amount: i64,
    pub quantity: i64,
    /// How few and how many the payer may take, where he may change it.
    pub adjustable: Option<(i64, i64)>,
    /// What is paid month after month; none of what is paid once.
    pub price: Option<Price>,
}

/// When open sessions end, by their ids.
#[derive(Debug, Default)]
pub struct Ends(BTreeSet<(i64, String)>);

impl Ends {
    fn put(&mut self, session: &Session) {
        self.0.insert((session.expires_at, session.id.clone()));
    }

    /// Whether a session's time is over that nobody has ended yet.
    pub fn has_due(&self, now: i64) -> bool {
        self.0.first().is_some_and(|(end, _)| *end <= now)
    }

    fn take_due(&mut self, now: i64) -> Vec<String> {
        let later = self.0.split_off(&(now.saturating_add(1), String::new()));
        let due = std::mem::replace(&mut self.0, later);
        due.into_iter().map(|(_, id)| id).collect()
    }
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

impl LineItem {
    pub fn amount(&self) -> i64 {
        self.unit_amount.saturating_mul(self.quantity)
    }

    fn json(&self, currency: Currency) -> Value {
        json!({
            "id": self.id,
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": self.amount(),
            "amount_tax": 0,
            "amount_total": self.amount(),
            "currency": currency.code,
            "description": self.name,
            "metadata": {},
            "price": self.price.as_ref().map_or_else(|| json!({
                "object": "price",
                "active": false,
                "currency": currency.code,
                "recurring": null,
                "type": "one_time",
                "unit_amount": self.unit_amount,
                "unit_amount_decimal": self.unit_amount.to_string(),
            }), Price::json),
            "quantity": self.quantity,
        })
    }
}

impl Session {
    pub fn amount_total(&self) -> i64 {
        self.items
            .iter()
            .fold(0, |sum, item| item.amount().saturating_add(sum))
    }

    pub fn intent<'a>(&self, world: &'a World) -> Option<&'a PaymentIntent> {
        let id = match &self.mode {
            Mode::Payment => self.payment_intent.as_ref()?,
            Mode::Subscription(_) => self.invoice(world)?.payment_intent.as_ref()?,
        };
        world.payment_intents.get(id)
    }

    /// The first one of its subscription.
    fn invoice<'a>(&self, world: &'a World) -> Option<&'a Invoice> {
        let subscription = world.subscriptions.get(self.mode.subscription()?)?;
        world.invoices.get(&subscription.first_invoice)
    }

    /// Whether the payer has tried to pay.
    pub fn is_begun(&self) -> bool {
        self.payment_intent.is_some() || self.mode.subscription().is_some()
    }

    /// As the payer's browser is led to it.
    fn success_url(&self) -> String {
        self.success_url.replace(SESSION_ID, &self.id)
    }

    fn cancel_url(&self) -> Option<String> {
        let url = self.cancel_url.as_ref()?;
        Some(url.replace(SESSION_ID, &self.id))
    }

    pub fn payment_status(&self, world: &World) -> &'static str {
        let is_paid = |intent: &PaymentIntent| intent.state == IntentState::Succeeded;
        match self.state {
            State::Complete if self.intent(world).is_some_and(is_paid) => "paid",
            State::Complete if !self.is_begun() => "no_payment_required",
            State::Open | State::Complete | State::Expired => "unpaid",
        }
    }

    fn customer_details(&self, world: &World) -> Option<Value> {
        let of_customer = || {
            let customer = world.customers.get(self.customer.as_ref()?)?;
            let email = customer.json(world).get("email")?.as_str()?.to_owned();
            Some(email)
        };
        let email = self.customer_email.clone().or_else(of_customer);
        let is_known = email.is_some() || self.state == State::Complete;
        is_known.then(|| {
            let mut details = payment_method::billing_details(email.as_deref());
            if let Some(fields) = details.as_object_mut() {
                fields.remove("tax_id");
                fields.insert("tax_exempt".to_owned(), "none".into());
                fields.insert("tax_ids".to_owned(), json!([]));
            }
            details
        })
    }

    /// The list that the session shows where it is asked for it.
    pub fn line_items(&self) -> Value {
        let items = self.items.iter().map(|item| item.json(self.currency));
        json!({
            "object": "list",
            "data": items.collect::<Vec<_>>(),
            "has_more": false,
            "url": format!("/v1/checkout/sessions/{}/line_items", self.id),
        })
    }
}

impl Object for Session {
    const NOUN: &'static str = "checkout.session";
    const PARAM: &'static str = "session";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let total = self.amount_total();
        let url = (self.state == State::Open).then_some(&self.page_url);
        // Before it is complete Stripe does not show what the payer has begun on its page.
        let is_complete = self.state == State::Complete;
        let invoice = self.invoice(world).filter(|_| is_complete);
        let mut session = json!({
            "id": self.id,
            "object": "checkout.session",
            "amount_subtotal": total,
            "amount_total": total,
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "created": self.created,
            "currency": self.currency.code,
            "customer": self.customer,
            "customer_creation": self.customer.is_none().then_some("if_required"),
            "customer_details": self.customer_details(world),
            "customer_email": self.customer_email,
            "expires_at": self.expires_at,
            "invoice": invoice.map(|invoice| &invoice.id),
            "livemode": false,
            "metadata": self.metadata,
            "mode": self.mode.name(),
            "payment_intent": self.payment_intent,
            "payment_status": self.payment_status(world),
            "status": self.state.name(),
            "subscription": self.mode.subscription().filter(|_| is_complete),
            "success_url": self.success_url,
            "ui_mode": "hosted_page",
            "url": url,
        });
        if let (Some(fields), Value::Object(rest)) = (session.as_object_mut(), unused()) {
            fields.extend(rest);
        }
        session
    }
}

/// What every session here has alike.
fn unused() -> Value {
    json!({
        "adaptive_pricing": { "enabled": false },
        "after_expiration": null,
        "allow_promotion_codes": null,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": null,
        "client_secret": null,
        "consent": null,
        "consent_collection": null,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null,
            "terms_of_service_acceptance": null,
        },
        "discounts": [],
        "locale": null,
        "payment_link": null,
        "payment_method_collection": "if_required",
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "payment_method_types": ["card", "us_bank_account"],
        "phone_number_collection": { "enabled": false },
        "presentment_details": null,
        "recovered_from": null,
        "saved_payment_method_options": null,
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "submit_type": null,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
    })
}
