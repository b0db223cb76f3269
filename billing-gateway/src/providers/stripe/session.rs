//! Checkout Sessions, read as leniently as everything else of Stripe's.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentReport, PaymentState};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::objects::{Id, Metadata, lenient, lenient_number, lenient_object};
use crate::wire;

/// Written into the events that are made of answers, so without its page.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Session {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub mode: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub payment_status: Option<String>,
    /// In the currency that was asked for. What the payer saw in his own is in `presentment_details`.
    #[serde(default, deserialize_with = "lenient_number")]
    pub amount_total: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub livemode: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub client_reference_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub payment_intent: Option<PaidBy>,
    /// Begun on it, once it is complete.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub subscription: Option<Id>,
    /// The first one of that.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub invoice: Option<Id>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "lenient", skip_serializing)]
    pub url: Option<String>,
}

/// The payment that was made on a page; with how it stands, where that was asked for.
#[derive(Debug, Serialize)]
pub(super) struct PaidBy {
    pub id: String,
    pub status: Option<String>,
}

impl<'de> Deserialize<'de> for PaidBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            id: String,
            #[serde(default, deserialize_with = "lenient")]
            status: Option<String>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let read = if raw.get().starts_with('{') {
            wire::object(raw.get()).map(|Object { id, status }| Self { id, status })
        } else {
            serde_json::from_str(raw.get()).map(|id| Self { id, status: None })
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl Session {
    /// Whether it tells of a payment in this state itself. Of a subscription the first invoice tells what was paid;
    /// other kinds of sessions are of no concern here.
    pub(super) fn tells(&self, state: PaymentState) -> bool {
        match self.mode.as_deref() {
            None | Some("payment") => true,
            Some("subscription") => state != PaymentState::Succeeded,
            Some(_) => false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.status.as_deref() == Some("open")
    }

    /// Its payer has done their part: what is not paid then is on its way.
    fn is_complete(&self) -> bool {
        self.status.as_deref() == Some("complete")
    }

    pub(super) fn payment_id(&self) -> Option<&str> {
        let written = self
            .metadata
            .as_ref()
            .and_then(|names| names.payment_id.as_deref());
        written.or(self.client_reference_id.as_deref())
    }

    /// As its payer has left it: complete is not yet paid.
    pub(super) fn completed(&self) -> PaymentState {
        match self.payment_status.as_deref() {
            Some("paid" | "no_payment_required") => PaymentState::Succeeded,
            _ => PaymentState::Pending,
        }
    }

    /// What it says of itself when it is asked about. Of money that did not arrive only its payment tells.
    pub(super) fn state(&self) -> PaymentState {
        let completed = self.completed();
        if completed == PaymentState::Succeeded {
            return completed;
        }
        let payment = self.payment_intent.as_ref();
        match (
            self.status.as_deref(),
            payment.and_then(|payment| payment.status.as_deref()),
        ) {
            (Some("expired"), _) => PaymentState::Expired,
            (Some("complete"), Some("requires_payment_method" | "canceled")) => {
                PaymentState::Failed
            }
            _ => PaymentState::Pending,
        }
    }

    /// Fails where it does not say how much: that is never guessed.
    pub(super) fn report(&self, state: PaymentState) -> Result<Report, &'static str> {
        let amount_minor = self.amount_total.ok_or("it lacks amount_total")?;
        Ok(Report::Payment(PaymentReport {
            state: state.into(),
            amount_minor,
            ordered_minor: (state == PaymentState::Succeeded).then_some(amount_minor),
            currency: self.currency.clone().ok_or("it lacks currency")?,
            decline_code: String::new(),
            processing: state == PaymentState::Pending && self.is_complete(),
        }))
    }
}
