//! Subscriptions, read as leniently as everything else of Stripe's.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{SubscriptionReport, SubscriptionState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::objects::{Metadata, lenient, lenient_number, lenient_object};
use crate::payment_id::is_payment_id;
use crate::wire::Object;

pub(super) const PREFIX: &str = "sub_";

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Subscription {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub livemode: Option<bool>,
    /// When it ends, whoever asked for that, and how.
    #[serde(default, deserialize_with = "lenient_number")]
    pub cancel_at: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub cancel_at_period_end: Option<bool>,
    /// Of old versions; of newer ones each item has its own.
    #[serde(default, deserialize_with = "lenient_number")]
    pub current_period_end: Option<i64>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub items: Option<Items>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub metadata: Option<Metadata>,
}

/// Without one of them the others would tell of less.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Items {
    data: Vec<Object<Item>>,
}

/// What is taken each month.
#[derive(Debug, Deserialize, Serialize)]
struct Item {
    #[serde(default, deserialize_with = "lenient_number")]
    quantity: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    current_period_end: Option<i64>,
    #[serde(default, deserialize_with = "lenient_object")]
    price: Option<Price>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Price {
    #[serde(default, deserialize_with = "lenient_number")]
    unit_amount: Option<i64>,
}

/// So much of a subscription in an event.
#[derive(Deserialize)]
pub(super) struct Mentioned {
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "lenient_object")]
    pub metadata: Option<Metadata>,
}

impl Mentioned {
    /// Nobody else's names are written into it.
    pub(super) fn may_be_ours(&self) -> bool {
        self.metadata.as_ref().is_none_or(are_ours)
    }
}

/// Whether they name a payment of ours.
pub(super) fn are_ours(names: &Metadata) -> bool {
    names.payment_id.as_deref().is_some_and(is_payment_id)
}

impl Subscription {
    /// Of which payment it is the subscription. None: it is none of ours.
    pub(super) fn names(&self) -> Option<&Metadata> {
        self.metadata.as_ref().filter(|names| are_ours(names))
    }

    /// It has ended, or will.
    pub(super) fn ends(&self) -> bool {
        self.ends_at().is_some()
            || matches!(
                self.status.as_deref(),
                Some("canceled" | "incomplete_expired")
            )
    }

    /// `as_of`: when the asking began. Fails where it does not say what is taken: that is never guessed. Of one that
    /// has ended nothing is taken.
    pub(super) fn report(&self, as_of: Timestamp) -> Result<Report, &'static str> {
        let state = self.state().ok_or("its subscription's status is unknown")?;
        let has_ended = state == SubscriptionState::Cancelled;
        let priced = self.amount_minor().filter(|amount| *amount > 0);
        Ok(Report::Subscription(SubscriptionReport {
            provider_reference: self.id.clone(),
            state: state.into(),
            amount_minor: priced
                .or(has_ended.then_some(0))
                .ok_or("its subscription lacks a price")?,
            currency: self
                .currency
                .clone()
                .ok_or("its subscription lacks currency")?,
            period_end: self.period_end().and_then(second),
            cancel_at: self.ends_at().filter(|_| !has_ended).and_then(second),
            as_of: Some(prost_types::Timestamp {
                seconds: as_of.as_second(),
                nanos: as_of.subsec_nanosecond(),
            }),
        }))
    }

    fn state(&self) -> Option<SubscriptionState> {
        Some(match self.status.as_deref()? {
            "incomplete" | "incomplete_expired" => SubscriptionState::Incomplete,
            "active" | "trialing" => SubscriptionState::Active,
            "past_due" | "unpaid" | "paused" => SubscriptionState::PastDue,
            "canceled" => SubscriptionState::Cancelled,
            _ => return None,
        })
    }

    fn amount_minor(&self) -> Option<i64> {
        let items = &self.items.as_ref()?.data;
        items.iter().try_fold(0_i64, |sum, Object(item)| {
            let each = item.price.as_ref()?.unit_amount?;
            sum.checked_add(each.checked_mul(item.quantity.unwrap_or(1))?)
        })
    }

    fn period_end(&self) -> Option<i64> {
        let items = self.items.iter().flat_map(|items| &items.data);
        let latest = items
            .filter_map(|Object(item)| item.current_period_end)
            .max();
        latest.or(self.current_period_end)
    }

    /// The portal names a time, and leaves `cancel_at_period_end` false.
    fn ends_at(&self) -> Option<i64> {
        let with_period = self.cancel_at_period_end.unwrap_or_default();
        let period_end = self.period_end().filter(|_| with_period);
        self.cancel_at.or(period_end)
    }
}

/// None: it lies outside of what the contract knows.
pub(super) fn second(at: i64) -> Option<prost_types::Timestamp> {
    let seconds = Timestamp::from_second(at).ok()?.as_second();
    (seconds >= 0).then_some(prost_types::Timestamp { seconds, nanos: 0 })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::wire;

    fn subscription() -> Value {
        json!({
            "id": "sub_1", "status": "active", "currency": "usd", "cancel_at": null,
            "cancel_at_period_end": false, "metadata": {"payment_id": "0f-1"},
            "items": {"data": [{"quantity": 2, "current_period_end": 2_000, "price": {"unit_amount": 250}}]},
        })
    }

    fn said(object: &Value) -> Result<SubscriptionReport, &'static str> {
        let read: Subscription = wire::object(&object.to_string()).unwrap();
        match read.report(Timestamp::UNIX_EPOCH)? {
            Report::Subscription(report) => Ok(report),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_status_of_stripes_is_one_of_ours_and_an_unknown_one_is_not_guessed() {
        use SubscriptionState::{Active, Cancelled, Incomplete, PastDue};
        for (status, state) in [
            ("incomplete", Incomplete),
            ("incomplete_expired", Incomplete),
            ("active", Active),
            ("trialing", Active),
            ("past_due", PastDue),
            ("unpaid", PastDue),
            ("paused", PastDue),
            ("canceled", Cancelled),
        ] {
            let mut object = subscription();
            object["status"] = json!(status);
            assert_eq!(said(&object).unwrap().state(), state, "{status}");
        }
        for (member, value) in [
            ("status", json!("of_another_version")),
            ("currency", Value::Null),
            (
                "items",
                json!({"data": [{"quantity": 1, "price": {"unit_amount": null}}]}),
            ),
        ] {
            let mut object = subscription();
            object[member] = value;
            assert!(said(&object).is_err(), "{member}");
        }
        let mut ended = subscription();
        ended["status"] = json!("canceled");
        ended["items"]["data"][0]["price"]["unit_amount"] = Value::Null;
        assert_eq!(said(&ended).unwrap().amount_minor, 0);
    }

    #[test]
    fn it_ends_as_the_portal_or_as_the_api_says_it_and_in_old_versions_too() {
        let at = |time: Option<prost_types::Timestamp>| time.map(|time| time.seconds);
        let (mut portal, mut api, mut old) = (subscription(), subscription(), subscription());
        portal["cancel_at"] = json!(1_500);
        api["cancel_at_period_end"] = json!(true);
        old["cancel_at_period_end"] = json!(true);
        old["current_period_end"] = json!(3_000);
        old["items"]["data"][0]["current_period_end"] = Value::Null;
        for (object, cancel_at, period_end) in [
            (&subscription(), None, 2_000),
            (&portal, Some(1_500), 2_000),
            (&api, Some(2_000), 2_000),
            (&old, Some(3_000), 3_000),
        ] {
            let report = said(object).unwrap();
            assert_eq!(report.amount_minor, 500);
            assert_eq!(at(report.cancel_at), cancel_at, "{object}");
            assert_eq!(at(report.period_end), Some(period_end), "{object}");
        }
        portal["status"] = json!("canceled");
        assert_eq!(said(&portal).unwrap().cancel_at, None);
    }
}
