//! Invoices of subscriptions, and what pays them.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentOpening, PaymentPurpose, PaymentReport, PaymentState};
use serde::{Deserialize, Serialize};

use super::objects::{Id, Metadata, lenient, lenient_number, lenient_object};
use super::subscription::{self, second};
use crate::wire::Object;

pub(super) const PREFIX: &str = "in_";

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Invoice {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    billing_reason: Option<String>,
    /// What it is of, whatever credit its customer had.
    #[serde(default, deserialize_with = "lenient_number")]
    total: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    amount_due: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    amount_paid: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "lenient_number")]
    created: Option<i64>,
    #[serde(default, deserialize_with = "lenient_object")]
    status_transitions: Option<Transitions>,
    #[serde(default, deserialize_with = "lenient_object")]
    parent: Option<Parent>,
    /// Of versions before 2025-03-31.
    #[serde(default, deserialize_with = "lenient")]
    subscription: Option<Id>,
    /// Of versions before 2025-03-31.
    #[serde(default, deserialize_with = "lenient")]
    payment_intent: Option<Id>,
    /// Where they were asked for.
    #[serde(default, deserialize_with = "lenient_object")]
    payments: Option<Payments>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Transitions {
    #[serde(default, deserialize_with = "lenient_number")]
    paid_at: Option<i64>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Parent {
    #[serde(default, deserialize_with = "lenient_object")]
    subscription_details: Option<Details>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Details {
    #[serde(default, deserialize_with = "lenient")]
    subscription: Option<Id>,
    #[serde(default, deserialize_with = "lenient_object")]
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Payments {
    data: Vec<Object<InvoicePayment>>,
}

/// Which payment pays which invoice: neither names the other.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct InvoicePayment {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub invoice: Option<Id>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient_object")]
    payment: Option<Paying>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Paying {
    #[serde(default, deserialize_with = "lenient")]
    payment_intent: Option<Id>,
}

/// So much of an invoice in an event, of whatever version, and of one that is not drawn up and has no id.
#[derive(Deserialize)]
pub(super) struct Billed {
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "lenient_object")]
    parent: Option<Parent>,
    /// Of versions before 2025-03-31.
    #[serde(default, deserialize_with = "lenient")]
    subscription: Option<Id>,
}

impl Billed {
    /// The names of its subscription when it was drawn up.
    pub(super) fn names(self) -> Option<Metadata> {
        self.parent?.subscription_details?.metadata
    }

    /// It is of a subscription, into which nobody else's names are written.
    pub(super) fn may_be_ours(&self) -> bool {
        let parent = self.parent.as_ref();
        match parent.and_then(|parent| parent.subscription_details.as_ref()) {
            Some(details) => details.metadata.as_ref().is_none_or(subscription::are_ours),
            None => self.subscription.is_some(),
        }
    }
}

impl Invoice {
    /// Of a subscription, where it is of one.
    pub(super) fn subscription(&self) -> Option<&str> {
        let details = self.parent.as_ref();
        let details = details.and_then(|parent| parent.subscription_details.as_ref());
        let named = details.and_then(|details| details.subscription.as_ref());
        named.or(self.subscription.as_ref()).map(Id::text)
    }

    /// With the names that its subscription has now: its own are those of when it was drawn up.
    pub(super) fn named(self, subscription: &str, names: &Metadata) -> Self {
        let details = Details {
            subscription: Some(Id::of(subscription)),
            metadata: Some(names.clone()),
        };
        Self {
            parent: Some(Parent {
                subscription_details: Some(details),
            }),
            ..self
        }
    }

    pub(super) fn names(&self) -> Option<&Metadata> {
        let details = self.parent.as_ref()?.subscription_details.as_ref()?;
        details.metadata.as_ref()
    }

    /// Money was taken for it. For one of nothing none was.
    pub(super) fn is_paid(&self) -> bool {
        self.status.as_deref() == Some("paid") && self.amount_paid.is_some_and(|paid| paid > 0)
    }

    /// It is of the payment by which its subscription was begun.
    pub(super) fn is_first(&self) -> bool {
        self.billing_reason.as_deref() == Some("subscription_create")
    }

    pub(super) fn paid_at(&self) -> Option<i64> {
        self.status_transitions.as_ref()?.paid_at
    }

    /// What refunds and disputes call its payment. None: it was paid in another way, or not yet.
    pub(super) fn intent(&self) -> Option<&str> {
        let payments = self.payments.as_ref();
        let payments = payments.map_or(&[][..], |payments| payments.data.as_slice());
        let paid = payments
            .iter()
            .find(|Object(payment)| payment.status.as_deref() == Some("paid"));
        let Some(Object(payment)) = paid.or(payments.first()) else {
            return self.payment_intent.as_ref().map(Id::text);
        };
        payment
            .payment
            .as_ref()?
            .payment_intent
            .as_ref()
            .map(Id::text)
    }

    /// Of one that is paid. Fails where it does not say how much: that is never guessed.
    pub(super) fn report(&self) -> Result<Report, &'static str> {
        Ok(Report::Payment(PaymentReport {
            state: PaymentState::Succeeded.into(),
            amount_minor: self.amount_paid.ok_or("it lacks amount_paid")?,
            ordered_minor: Some(self.ordered()?),
            currency: self.currency.clone().ok_or("it lacks currency")?,
            decline_code: String::new(),
            processing: false,
        }))
    }

    /// The payment that it is of, where that was not asked for here.
    pub(super) fn opens(&self, names: &Metadata) -> Result<Option<PaymentOpening>, &'static str> {
        if self.is_first() {
            return Ok(None);
        }
        let currency = self.currency.as_ref().ok_or("it lacks currency")?;
        let created = self.created.and_then(second).ok_or("it lacks created")?;
        Ok(Some(PaymentOpening {
            // The giver of the first payment.
            account: None,
            purpose: PaymentPurpose::Contribution.into(),
            amount_minor: self.ordered()?,
            currency: currency.to_ascii_uppercase(),
            begun_at: Some(created),
            subscription_id: names.payment_id.clone().unwrap_or_default(),
        }))
    }

    /// What the first payment was asked for is the price of a month, though a credit pays some of it. Of each other
    /// one it is what is to be paid.
    fn ordered(&self) -> Result<i64, &'static str> {
        let priced = self.total.filter(|_| self.is_first());
        priced.or(self.amount_due).ok_or("it lacks amount_due")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::super::events;
    use super::*;
    use crate::wire;

    fn invoice(billing_reason: &str) -> Value {
        json!({
            "id": "in_1", "status": "paid", "billing_reason": billing_reason, "currency": "usd",
            "amount_due": 500, "amount_paid": 500, "created": 1_000,
            "status_transitions": {"paid_at": 4_600},
            "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"payment_id": "of old"}}},
            "payments": {"data": [
                {"id": "inpay_1", "status": "canceled", "payment": {"payment_intent": "pi_0"}},
                {"id": "inpay_2", "status": "paid", "payment": {"payment_intent": {"id": "pi_1"}}},
            ]},
        })
    }

    fn read(object: &Value) -> Invoice {
        wire::object(&object.to_string()).unwrap()
    }

    #[test]
    fn a_paid_invoice_is_one_event_that_is_read_again_as_it_was() {
        let names = Metadata {
            payment_id: Some("0f-1".to_owned()),
            account_id: Some("0f".to_owned()),
            ..Metadata::default()
        };
        for reason in ["subscription_create", "subscription_cycle", "manual"] {
            let paid = read(&invoice(reason)).named("sub_1", &names);
            let event = events::of_paid_invoice(&paid, false);
            assert_eq!(
                (event.id.as_str(), event.reference.as_str()),
                ("retrieved:in_1:paid", "in_1")
            );
            assert_eq!(event.further_references, ["pi_1"]);
            assert_eq!(
                (event.occurred_at.as_second(), event.account_id.as_str()),
                (4_600, "0f")
            );
            let is_first = reason == "subscription_create";
            assert_eq!(event.payment_id == "0f-1", is_first, "{reason}");
            let opens = event.opens.as_ref();
            assert_eq!(opens.is_none(), is_first, "{reason}");
            if let Some(opens) = opens {
                let begun_at = opens.begun_at.as_ref().unwrap().seconds;
                assert_eq!((opens.subscription_id.as_str(), begun_at), ("0f-1", 1_000));
                assert_eq!((opens.amount_minor, opens.currency.as_str()), (500, "USD"));
            }
            let again = events::read(&event.raw, true, Timestamp::UNIX_EPOCH);
            assert_eq!(again, event);
        }
    }

    #[test]
    fn old_versions_name_subscription_and_payment_in_the_invoice() {
        let mut old = invoice("subscription_cycle");
        for member in ["parent", "payments"] {
            old[member] = Value::Null;
        }
        old["subscription"] = json!("sub_2");
        old["payment_intent"] = json!("pi_2");
        let old = read(&old);
        assert_eq!(
            (old.subscription(), old.intent()),
            (Some("sub_2"), Some("pi_2"))
        );
    }

    #[test]
    fn what_a_credit_pays_is_missing_of_the_first_payment_and_was_never_asked_for_later() {
        for (reason, ordered) in [("subscription_create", 800), ("subscription_cycle", 500)] {
            let mut credited = invoice(reason);
            credited["total"] = json!(800);
            let Report::Payment(report) = read(&credited).report().unwrap() else {
                panic!("a payment");
            };
            assert_eq!(
                (report.amount_minor, report.ordered_minor),
                (500, Some(ordered))
            );
        }
    }

    #[test]
    fn nothing_was_taken_for_an_invoice_that_is_open_or_of_nothing() {
        for (member, value) in [
            ("status", json!("open")),
            ("amount_paid", json!(0)),
            ("amount_paid", Value::Null),
        ] {
            let mut object = invoice("subscription_cycle");
            object[member] = value;
            assert!(!read(&object).is_paid(), "{object}");
        }
    }
}
