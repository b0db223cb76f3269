//! Invoice payments: which payment pays which invoice. Neither names the other since the API of 2025-03-31.

use serde_json::{Value, json};

use super::State;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Object, World};

#[derive(Debug)]
pub struct InvoicePayment {
    pub id: String,
    pub created: i64,
    pub invoice: String,
    pub payment_intent: String,
}

impl InvoicePayment {
    fn status(&self, world: &World) -> &'static str {
        match world
            .invoices
            .get(&self.invoice)
            .map(|invoice| invoice.state)
        {
            Some(State::Paid { .. }) => "paid",
            Some(State::Void { .. }) => "canceled",
            Some(State::Draft { .. } | State::Open | State::Uncollectible { .. }) | None => "open",
        }
    }
}

impl Object for InvoicePayment {
    const NOUN: &'static str = "invoice_payment";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        let invoice = world.invoices.get(&self.invoice);
        let (mut paid_at, mut canceled_at) = (None, None);
        match invoice.map(|invoice| invoice.state) {
            Some(State::Paid { at }) => paid_at = Some(at),
            Some(State::Void { at }) => canceled_at = Some(at),
            _ => {}
        }
        json!({
            "id": self.id,
            "object": "invoice_payment",
            "amount_paid": paid_at.and_then(|_| Some(invoice?.total())),
            "amount_requested": invoice.map_or(0, super::Invoice::total),
            "created": self.created,
            "currency": invoice.map(|invoice| invoice.currency.code),
            "invoice": self.invoice,
            "is_default": true,
            "livemode": false,
            "payment": { "payment_intent": self.payment_intent, "type": "payment_intent" },
            "status": self.status(world),
            "status_transitions": { "canceled_at": canceled_at, "paid_at": paid_at },
        })
    }
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.invoice_payments.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let invoice = params.text("invoice")?;
    let status = params.text("status")?;
    let mut payment_intent = None;
    if let Some(mut payment) = params.object("payment")? {
        payment.required_text("type")?;
        payment_intent = payment.text("payment_intent")?;
        payment.finish()?;
    }
    params.finish()?;
    let url = "/v1/invoice_payments";
    page.of(world, &world.invoice_payments, url, |payment| {
        created.holds(payment.created)
            && invoice.as_ref().is_none_or(|id| *id == payment.invoice)
            && payment_intent
                .as_ref()
                .is_none_or(|id| *id == payment.payment_intent)
            && status
                .as_ref()
                .is_none_or(|status| status == payment.status(world))
    })
}
