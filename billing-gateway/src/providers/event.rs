//! An event of a provider and its report, in the words that all providers share.

use std::fmt::Write;
use std::time::SystemTime;

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{ApplyProviderEventRequest, PaymentOpening, SubscriptionState};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The bounds of the contract, in bytes.
const ID_MAX: usize = 255;
const TYPE_MAX: usize = 128;
const REFERENCE_MAX: usize = 255;
const PAYMENT_ID_MAX: usize = 80;
const CODE_MAX: usize = 64;
const WHY_MAX: usize = 255;
const MOVEMENTS_MAX: usize = 100;
const FURTHER_REFERENCES_MAX: usize = 4;

/// One event of a provider: a webhook, or an answer that was asked for. Texts are as the provider
/// sent them; [`Event::into_request`] makes them fit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// What the provider calls it; empty: it gave no name.
    pub id: String,
    pub r#type: String,
    pub livemode: bool,
    /// The connected account that it is about; empty: our own.
    pub provider_account: String,
    pub occurred_at: Timestamp,
    /// What the provider calls the payment; empty where it does not say.
    pub reference: String,
    /// What it calls the payment besides: the last one is what refunds and disputes call it.
    pub further_references: Vec<String>,
    /// Our own name of the payment, where the provider gave it back; else empty.
    pub payment_id: String,
    /// The account that we told the provider the payment is of, where it gave it back; else empty.
    pub account_id: String,
    /// None: nothing that billing does anything about.
    pub report: Option<Report>,
    /// The payment that it is about, where that began at the provider: opened by whichever report comes first.
    pub opens: Option<PaymentOpening>,
    /// As it came.
    pub raw: Vec<u8>,
}

impl Event {
    /// One of which nothing can be read but that it came.
    pub(crate) fn unreadable(
        why: impl Into<String>,
        livemode: bool,
        raw: &[u8],
        received_at: Timestamp,
    ) -> Self {
        Self {
            id: String::new(),
            r#type: String::new(),
            livemode,
            provider_account: String::new(),
            occurred_at: received_at,
            reference: String::new(),
            further_references: Vec::new(),
            payment_id: String::new(),
            account_id: String::new(),
            report: Some(Report::Unreadable(why.into())),
            opens: None,
            raw: raw.to_vec(),
        }
    }

    /// As the core takes it. An authentic event must always be stored, so that what is too long is
    /// cut, a name that cannot be one of ours is left out, and an amount that cannot be one makes
    /// the event unreadable.
    pub(crate) fn into_request(self, provider: &str) -> ApplyProviderEventRequest {
        let event_id = if is_name(&self.id, ID_MAX) {
            self.id
        } else {
            digest(&self.raw)
        };
        let reference = named(self.reference, REFERENCE_MAX);
        let further = self.further_references.into_iter();
        let further = further.filter(|name| is_name(name, REFERENCE_MAX));
        let payment_id = named(self.payment_id, PAYMENT_ID_MAX);
        let ours = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ApplyProviderEventRequest {
            provider: provider.to_owned(),
            event_id,
            event_type: cut(&self.r#type, TYPE_MAX),
            livemode: self.livemode,
            provider_account: somebody(self.provider_account),
            occurred_at: Some(SystemTime::from(possible(self.occurred_at)).into()),
            provider_reference: reference,
            further_references: further.take(FURTHER_REFERENCES_MAX).collect(),
            account_id: somebody(self.account_id),
            payment_id: if payment_id.bytes().all(ours) {
                payment_id
            } else {
                String::new()
            },
            report: self
                .report
                .map(|report| fitting(report).unwrap_or_else(|why| Report::Unreadable(why.into()))),
            raw: self.raw,
            opens: self.opens,
        }
    }
}

/// Makes a request whose event is stored and no more, of one that the core refused.
pub(crate) fn made_unreadable(
    request: ApplyProviderEventRequest,
    why: &str,
) -> ApplyProviderEventRequest {
    ApplyProviderEventRequest {
        event_type: cut(
            &request.event_type.replace(|c: char| !c.is_ascii(), "?"),
            TYPE_MAX,
        ),
        provider_account: String::new(),
        provider_reference: String::new(),
        further_references: Vec::new(),
        payment_id: String::new(),
        account_id: String::new(),
        opens: None,
        report: Some(Report::Unreadable(cut(why, WHY_MAX))),
        ..request
    }
}

fn fitting(report: Report) -> Result<Report, &'static str> {
    Ok(match report {
        Report::Payment(mut payment) => {
            payment.amount_minor = amount(payment.amount_minor, 0)?;
            if let Some(ordered) = payment.ordered_minor {
                amount(ordered, 0)?;
            }
            payment.currency = currency(&payment.currency)?;
            payment.decline_code = cut(&payment.decline_code, CODE_MAX);
            Report::Payment(payment)
        }
        Report::Refund(mut refund) => {
            refund.amount_minor = amount(refund.amount_minor, 1)?;
            refund.currency = currency(&refund.currency)?;
            refund.provider_reference = reference(refund.provider_reference)?;
            if uuid::Uuid::try_parse(&refund.refund_id).is_err() {
                refund.refund_id = String::new();
            }
            Report::Refund(refund)
        }
        Report::Dispute(mut dispute) => {
            dispute.amount_minor = amount(dispute.amount_minor, 0)?;
            dispute.currency = currency(&dispute.currency)?;
            dispute.provider_reference = reference(dispute.provider_reference)?;
            dispute.status = cut(&dispute.status, CODE_MAX);
            if dispute.moved.len() > MOVEMENTS_MAX {
                return Err("it moved too often");
            }
            for moved in &mut dispute.moved {
                moved.amount_minor = amount(moved.amount_minor, 1)?;
                moved.provider_reference =
                    reference(std::mem::take(&mut moved.provider_reference))?;
            }
            Report::Dispute(dispute)
        }
        Report::GivenBack(mut given_back) => {
            given_back.total_minor = amount(given_back.total_minor, 1)?;
            given_back.currency = currency(&given_back.currency)?;
            Report::GivenBack(given_back)
        }
        Report::Subscription(mut subscription) => {
            let has_ended = subscription.state() == SubscriptionState::Cancelled;
            let least = i64::from(!has_ended);
            subscription.amount_minor = amount(subscription.amount_minor, least)?;
            subscription.currency = currency(&subscription.currency)?;
            subscription.provider_reference = reference(subscription.provider_reference)?;
            Report::Subscription(subscription)
        }
        Report::Unreadable(why) => Report::Unreadable(cut(&why, WHY_MAX)),
        Report::Unconfirmed(why) => Report::Unconfirmed(cut(&why, WHY_MAX)),
    })
}

/// One that is larger than there can be the core contradicts, so that somebody looks at its payment.
fn amount(minor: i64, least: i64) -> Result<i64, &'static str> {
    (minor >= least)
        .then_some(minor)
        .ok_or("its amount is out of range")
}

fn currency(code: &str) -> Result<String, &'static str> {
    let code = code.to_ascii_uppercase();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
        .then_some(code)
        .ok_or("its currency is no currency")
}

fn reference(reference: String) -> Result<String, &'static str> {
    is_name(&reference, REFERENCE_MAX)
        .then_some(reference)
        .ok_or("it does not say what it is about")
}

/// A name is never cut: that would make it another one.
fn named(text: String, bytes_max: usize) -> String {
    if is_name(&text, bytes_max) {
        text
    } else {
        String::new()
    }
}

/// An account that is not our own never becomes our own, whatever it is called.
fn somebody(account: String) -> String {
    if account.is_empty() || is_name(&account, REFERENCE_MAX) {
        account
    } else {
        digest(account.as_bytes())
    }
}

/// The contract knows the years 1 to 9999; what is said to lie outside happened just now.
fn possible(at: Timestamp) -> Timestamp {
    if (-62_135_596_800..=253_402_300_799).contains(&at.as_second()) {
        at
    } else {
        Timestamp::now()
    }
}

fn is_name(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && !text.contains(char::is_control)
}

fn cut(text: &str, bytes_max: usize) -> String {
    let text = text.replace(char::is_control, " ");
    let end = text.floor_char_boundary(bytes_max.min(text.len()));
    text.get(..end).unwrap_or_default().to_owned()
}

/// The name of an event that has none: the same body gets the same.
pub(super) fn digest(raw: &[u8]) -> String {
    let mut name = "sha256:".to_owned();
    for byte in Sha256::digest(raw) {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::apply_provider_event_request::Report;
    use billing_proto::v1::{PaymentReport, RefundReport};
    use jiff::Timestamp;

    use super::{Event, cut};

    fn event() -> Event {
        Event::unreadable("why", false, b"raw", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_event_without_a_name_is_named_by_its_body() {
        let name = |id: &str| {
            let event = Event {
                id: id.to_owned(),
                ..event()
            };
            event.into_request("p").event_id
        };
        assert_eq!(name("evt_1"), "evt_1");
        let digest = "sha256:5bf07deafb1a4ae0cc2eac1ac76d5b9ecc3ad36ae5e4d2a0fed3adeb0eb9cba0";
        assert_eq!(name("").len(), digest.len());
        assert!(name("").starts_with("sha256:"));
        assert_eq!(name(&"x".repeat(256)), name(""));
        assert_eq!(name("a\0b"), name(""));
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(cut("ééé", 5), "éé");
        assert_eq!(cut("a\0b", 5), "a b");
        let long = Event {
            r#type: "é".repeat(100),
            ..event()
        };
        assert_eq!(long.into_request("p").event_type, "é".repeat(64));
    }

    #[test]
    fn a_name_that_cannot_be_ours_is_left_out() {
        for id in ["../x", "a b", "é", &"a".repeat(81)] {
            let event = Event {
                payment_id: id.to_owned(),
                ..event()
            };
            assert_eq!(event.into_request("p").payment_id, "", "{id}");
        }
        let refund = RefundReport {
            provider_reference: "re_1".to_owned(),
            refund_id: "not a uuid".to_owned(),
            amount_minor: 5,
            currency: "usd".to_owned(),
            ..RefundReport::default()
        };
        let event = Event {
            report: Some(Report::Refund(refund)),
            ..event()
        };
        let Some(Report::Refund(refund)) = event.into_request("p").report else {
            panic!("a refund");
        };
        assert_eq!(
            (refund.refund_id.as_str(), refund.currency.as_str()),
            ("", "USD")
        );
    }

    #[test]
    fn an_amount_that_is_larger_than_there_can_be_comes_to_the_core() {
        let refund = RefundReport {
            provider_reference: "re_1".to_owned(),
            amount_minor: i64::MAX,
            currency: "usd".to_owned(),
            ..RefundReport::default()
        };
        let event = Event {
            report: Some(Report::Refund(refund)),
            ..event()
        };
        let report = event.into_request("p").report;
        assert!(matches!(report, Some(Report::Refund(refund)) if refund.amount_minor == i64::MAX));
    }

    #[test]
    fn an_amount_that_cannot_be_one_makes_it_unreadable() {
        for (amount_minor, currency) in [(-5, "usd"), (5, "dollar"), (5, "u$d"), (5, "")] {
            let payment = PaymentReport {
                amount_minor,
                currency: currency.to_owned(),
                ..PaymentReport::default()
            };
            let event = Event {
                report: Some(Report::Payment(payment)),
                ..event()
            };
            let report = event.into_request("p").report;
            assert!(matches!(report, Some(Report::Unreadable(_))), "{report:?}");
        }
    }
}
