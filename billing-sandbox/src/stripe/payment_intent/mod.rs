//! Payment intents: what is to be paid, and how far that has come.

pub mod endpoints;
pub mod flow;

use serde_json::{Value, json};

use crate::currency::Currency;
use crate::stripe::world::{Metadata, Object, World};

#[derive(Debug)]
pub struct PaymentIntent {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: Currency,
    pub customer: Option<String>,
    pub details: Details,
    pub metadata: Metadata,
    pub client_secret: String,
    pub automatic_payment_methods: Option<AutomaticPaymentMethods>,
    pub state: State,
    /// The one that pays or is to pay; none after a decline.
    pub payment_method: Option<String>,
    pub latest_charge: Option<String>,
    pub last_payment_error: Option<Value>,
    /// Where a payer who must do something is sent.
    pub page_url: String,
    pub return_url: Option<String>,
    /// The session on whose page it is paid.
    pub checkout_session: Option<String>,
    /// The invoice that it pays. The API does not show it: an invoice payment does.
    pub invoice: Option<String>,
}

/// Texts that change nothing in how it goes.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub statement_descriptor: Option<String>,
    pub statement_descriptor_suffix: Option<String>,
    pub setup_future_usage: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutomaticPaymentMethods {
    WithRedirects,
    WithoutRedirects,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled { at: i64, reason: Option<String> },
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled { .. } => "canceled",
        }
    }
}

impl Object for PaymentIntent {
    const NOUN: &'static str = "payment_intent";
    const PARAM: &'static str = "intent";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        let (canceled_at, cancellation_reason) = match &self.state {
            State::Canceled { at, reason } => (Some(at), reason.as_ref()),
            _ => (None, None),
        };
        let received = if self.state == State::Succeeded {
            self.amount
        } else {
            0
        };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_details": { "tip": {} },
            "amount_received": received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": self.automatic_payment_methods.map(|allowed| json!({
                "allow_redirects": match allowed {
                    AutomaticPaymentMethods::WithRedirects => "always",
                    AutomaticPaymentMethods::WithoutRedirects => "never",
                },
                "enabled": true,
            })),
            "canceled_at": canceled_at,
            "cancellation_reason": cancellation_reason,
            "capture_method": "automatic_async",
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency.code,
            "customer": self.customer,
            "description": self.details.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action(),
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
            "payment_method_types": ["card"],
            "processing": null,
            "receipt_email": self.details.receipt_email,
            "review": null,
            "setup_future_usage": self.details.setup_future_usage,
            "shipping": null,
            "statement_descriptor": self.details.statement_descriptor,
            "statement_descriptor_suffix": self.details.statement_descriptor_suffix,
            "status": self.state.name(),
            "transfer_data": null,
            "transfer_group": null,
        })
    }
}

impl PaymentIntent {
    fn next_action(&self) -> Option<Value> {
        (self.state == State::RequiresAction).then(|| {
            json!({
                "redirect_to_url": { "return_url": self.return_url, "url": self.page_url },
                "type": "redirect_to_url",
            })
        })
    }
}
