//! What Stripe answers and sends, read leniently: only the members that are used, each optional
//! one on its own, ids as text or as a whole object, enumerations as text. The others are passed over
//! unread, whatever is in them. A member that is used and comes twice is not believed.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{
    DisputeMovement, DisputeReport, PaymentReport, PaymentState, RefundReport, RefundState,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::wire::{self, Object, whole, whole_number};

/// Written into the events that are made of answers, so without its secret.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct PaymentIntent {
    pub id: String,
    #[serde(deserialize_with = "whole_number")]
    pub amount: i64,
    #[serde(default, deserialize_with = "lenient_number")]
    pub amount_received: Option<i64>,
    pub currency: String,
    pub status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub livemode: Option<bool>,
    #[serde(default, deserialize_with = "lenient", skip_serializing)]
    pub client_secret: Option<ClientSecret>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub last_payment_error: Option<Declined>,
}

/// Whoever has it can pay, and see what is paid.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct ClientSecret(pub String);

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// What we put into each object of ours.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Metadata {
    #[serde(default, deserialize_with = "lenient")]
    pub payment_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub refund_id: Option<String>,
    /// Of a payment that is made on a page of Stripe's.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub made_on: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Declined {
    #[serde(default, deserialize_with = "lenient")]
    pub code: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub decline_code: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Refund {
    pub id: String,
    #[serde(deserialize_with = "whole_number")]
    pub amount: i64,
    pub currency: String,
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub payment_intent: Option<Id>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Dispute {
    pub id: String,
    #[serde(deserialize_with = "whole_number")]
    pub amount: i64,
    pub currency: String,
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub payment_intent: Option<Id>,
    #[serde(default, deserialize_with = "lenient_number")]
    pub created: Option<i64>,
    #[serde(default, deserialize_with = "transactions")]
    pub balance_transactions: Option<Vec<Object<BalanceTransaction>>>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct BalanceTransaction {
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Less than 0: away from us. In the currency of our account at Stripe, without fees.
    #[serde(deserialize_with = "whole_number")]
    pub amount: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "lenient_number")]
    pub created: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    pub id: String,
}

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(super) struct List<T> {
    pub data: Vec<Object<T>>,
    #[serde(default)]
    pub has_more: bool,
}

/// An id, which is a whole object where it was expanded.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Id(String);

impl Id {
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            id: String,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let id = if raw.get().starts_with('{') {
            wire::object(raw.get()).map(|object: Object| object.id)
        } else {
            serde_json::from_str(raw.get())
        };
        id.map(Self).map_err(serde::de::Error::custom)
    }
}

impl PaymentIntent {
    /// What the object says of itself when it is asked about.
    pub(super) fn state(&self) -> PaymentState {
        match self.status.as_str() {
            "succeeded" => PaymentState::Succeeded,
            "canceled" => PaymentState::Canceled,
            "requires_action" => PaymentState::RequiresAction,
            // A state of another version of the API is not final either.
            _ => PaymentState::Pending,
        }
    }

    pub(super) fn declined(&self) -> Option<&str> {
        let error = self.last_payment_error.as_ref()?;
        error.decline_code.as_deref().or(error.code.as_deref())
    }

    /// Fails where a success does not say what was received: that is never guessed. `declined` is
    /// the code of an attempt that failed.
    pub(super) fn report(
        &self,
        state: PaymentState,
        declined: Option<&str>,
    ) -> Result<Report, &'static str> {
        let amount_minor = match (state, self.amount_received) {
            (PaymentState::Succeeded, None) => return Err("it lacks amount_received"),
            (PaymentState::Succeeded, Some(received)) => received,
            _ => self.amount,
        };
        Ok(Report::Payment(PaymentReport {
            state: state.into(),
            amount_minor,
            ordered_minor: (state == PaymentState::Succeeded).then_some(self.amount),
            currency: self.currency.clone(),
            decline_code: declined.unwrap_or_default().to_owned(),
            // That a page is complete says so: a payment may leave `processing` for another attempt.
            processing: false,
        }))
    }

    pub(super) fn payment_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.payment_id.as_deref()
    }
}

impl Refund {
    fn state(&self) -> RefundState {
        match self.status.as_deref() {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed") => RefundState::Failed,
            Some("canceled") => RefundState::Canceled,
            _ => RefundState::Pending,
        }
    }

    pub(super) fn refund_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.refund_id.as_deref()
    }

    pub(super) fn report(&self) -> Report {
        Report::Refund(RefundReport {
            provider_reference: self.id.clone(),
            refund_id: self.refund_id().unwrap_or_default().to_owned(),
            amount_minor: self.amount,
            currency: self.currency.clone(),
            state: self.state().into(),
        })
    }
}

impl Dispute {
    /// Each movement of money so far, by its transaction. In the dispute's own currency: where the account
    /// at Stripe has another one, all of the dispute's amount moves.
    pub(super) fn moved(&self) -> Vec<DisputeMovement> {
        let transactions = self.balance_transactions.iter().flatten();
        transactions
            .filter_map(|Object(transaction)| {
                let is_ours = transaction.currency.as_ref() == Some(&self.currency);
                let amount_minor = if is_ours {
                    transaction.amount.saturating_abs()
                } else {
                    self.amount
                };
                let at = transaction.created.or(self.created);
                let at = at.filter(|at| *at >= 0).unwrap_or_default();
                let movement = match transaction.amount {
                    ..0 => Movement::FundsWithdrawn,
                    0 => return None,
                    1.. => Movement::FundsReinstated,
                };
                Some(DisputeMovement {
                    provider_reference: transaction.id.clone().filter(|id| !id.is_empty())?,
                    movement: movement.into(),
                    amount_minor,
                    occurred_at: Some(prost_types::Timestamp {
                        seconds: Timestamp::from_second(at).unwrap_or_default().as_second(),
                        nanos: 0,
                    }),
                })
            })
            .filter(|moved| moved.amount_minor > 0)
            .collect()
    }

    /// The money that moved so far, where its transactions have no names. They tell; where they were not
    /// sent, its state.
    pub(super) fn movements(&self) -> Vec<Movement> {
        let status = self.status.as_deref().unwrap_or_default();
        let moved = self.balance_transactions.as_deref().unwrap_or_default();
        let (withdrawn, reinstated) = if moved.is_empty() {
            let inquiry = status.starts_with("warning_") || status == "prevented";
            (!inquiry, status == "won")
        } else {
            (
                moved.iter().any(|Object(moved)| moved.amount < 0),
                moved.iter().any(|Object(moved)| moved.amount > 0),
            )
        };
        [
            (withdrawn, Movement::FundsWithdrawn),
            (reinstated, Movement::FundsReinstated),
        ]
        .into_iter()
        .filter_map(|(moved, movement)| moved.then_some(movement))
        .collect()
    }

    pub(super) fn report(&self, movement: Movement) -> Report {
        Report::Dispute(DisputeReport {
            provider_reference: self.id.clone(),
            movement: movement.into(),
            amount_minor: self.amount,
            currency: self.currency.clone(),
            status: self.status.clone().unwrap_or_default(),
            moved: self.moved(),
        })
    }
}

/// Whatever is not of the type that is expected is as good as absent.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// An object, some of whose members may be other people's.
pub(super) fn lenient_object<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let read: Option<Object<T>> = lenient(deserializer)?;
    Ok(read.map(|Object(object)| object))
}

/// None where no list was sent. One of it that cannot be read moved money all the same: without it
/// the others would tell of less.
fn transactions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Object<BalanceTransaction>>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let list = raw.get().starts_with('[').then_some(raw.get());
    let read = list.map(serde_json::from_str).transpose();
    read.map_err(serde::de::Error::custom)
}

pub(super) fn lenient_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(whole(raw.get()))
}
