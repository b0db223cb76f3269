//! What Fondy says of an order, in the words that all providers share. An answer that was asked for
//! becomes an event too, so that there is one way to read both.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{GivenBackReport, PaymentReport, PaymentState, RefundReport, RefundState};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use super::message::{Fields, Received};
use crate::payment_id::is_payment_id;
use crate::providers::Event;
use crate::providers::event::digest;

/// What is kept of an answer: nothing of the payer.
const KEPT: &[&str] = &[
    "order_id",
    "merchant_id",
    "order_status",
    "amount",
    "currency",
    "actual_amount",
    "actual_currency",
    "reversal_amount",
    "payment_id",
    "reverse_id",
    "reverse_status",
];

/// What an event says of its order; its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Callback,
    /// Where the order stands, because we asked.
    Payment,
    /// What was given back of it, because we asked.
    GivenBack,
    /// How a reversal of ours went.
    Refund,
}

/// Whose events they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merchant {
    pub id: u64,
    pub livemode: bool,
}

impl Kind {
    const ANSWERS: [Self; 3] = [Self::Payment, Self::GivenBack, Self::Refund];

    fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Payment => "retrieved.payment",
            Self::GivenBack => "retrieved.given_back",
            Self::Refund => "answer.refund",
        }
    }
}

impl Merchant {
    /// Whether a message is about an order of this merchant.
    pub(super) fn is_of(self, fields: &Fields) -> bool {
        let merchant_id = fields.whole("merchant_id");
        merchant_id.is_some_and(|id| u64::try_from(id) == Ok(self.id))
    }

    /// What a callback says that was verified.
    pub(super) fn of_callback(self, fields: &Fields, raw: &[u8], at: Timestamp) -> Event {
        self.event(Kind::Callback, fields, raw.to_vec(), at)
    }

    /// Where an order stands, and what was given back of it.
    pub(super) fn of_status(self, fields: &Fields) -> Vec<Event> {
        let mut events = vec![self.of_payment(fields)];
        if given_back(fields) != Ok(0) {
            events.push(self.answered(Kind::GivenBack, fields));
        }
        events
    }

    pub(super) fn of_payment(self, fields: &Fields) -> Event {
        self.answered(Kind::Payment, fields)
    }

    /// How a reversal went, with what was asked for.
    pub(super) fn of_refund(self, fields: &Fields) -> Event {
        self.answered(Kind::Refund, fields)
    }

    fn answered(self, kind: Kind, fields: &Fields) -> Event {
        let fields = fields.only(KEPT);
        let raw = json!({"type": kind.name(), "order": fields}).to_string();
        self.event(kind, &fields, raw.into_bytes(), Timestamp::now())
    }

    /// Reads what was stored: a callback that was verified when it came, or an answer.
    pub(super) fn read(self, raw: &[u8], at: Timestamp) -> Event {
        if let Some((kind, fields)) = stored_answer(raw) {
            return self.event(kind, &fields, raw.to_vec(), at);
        }
        match Received::read(raw) {
            Ok(received) => self.of_callback(&received.trusted(), raw, at),
            Err(refusal) => Event::unreadable(refusal.to_string(), self.livemode, raw, at),
        }
    }

    fn event(self, kind: Kind, fields: &Fields, raw: Vec<u8>, at: Timestamp) -> Event {
        let order_id = fields.text("order_id");
        let event = Event {
            id: id(kind, fields),
            r#type: kind.name().to_owned(),
            livemode: self.livemode,
            provider_account: String::new(),
            occurred_at: at,
            reference: order_id.to_owned(),
            further_references: Vec::new(),
            payment_id: if is_payment_id(order_id) {
                order_id.to_owned()
            } else {
                String::new()
            },
            account_id: String::new(),
            report: report(kind, fields).unwrap_or_else(|why| Some(Report::Unreadable(why))),
            opens: None,
            raw,
        };
        if kind == Kind::Callback && !self.is_of(fields) {
            let merchant = fields.text("merchant_id");
            return unconfirmed(event, format!("it is of merchant {merchant}"));
        }
        event
    }
}

/// The event, with why it is not believed. It has a name of its own, so that it does not stand in the
/// way of the true one.
pub(super) fn unconfirmed(event: Event, why: String) -> Event {
    Event {
        id: if event.id.is_empty() {
            event.id
        } else {
            // Each lie is one of its own, to be looked at.
            format!("{}:unconfirmed:{}", event.id, digest(&event.raw))
        },
        report: Some(Report::Unconfirmed(why)),
        ..event
    }
}

/// Equal messages have equal ids. Empty: it does not say what it is about.
fn id(kind: Kind, fields: &Fields) -> String {
    let text = |name| fields.text(name);
    let (order_id, status) = (text("order_id"), text("order_status"));
    if order_id.is_empty() {
        return String::new();
    }
    let given_back = match text("reversal_amount") {
        "" => "0",
        amount => amount,
    };
    match kind {
        Kind::Callback => format!("{order_id}:{status}:{given_back}"),
        Kind::Payment => {
            let amount = text("amount");
            match received(fields).map(|received| received.to_string()) {
                Ok(less) if less != amount => {
                    format!("retrieved:{order_id}:{status}:{amount}:{less}")
                }
                _ => format!("retrieved:{order_id}:{status}:{amount}"),
            }
        }
        Kind::GivenBack => format!("retrieved:{order_id}:given_back:{given_back}"),
        Kind::Refund => {
            let (reverse_id, status) = (text("reverse_id"), text("reverse_status"));
            format!("answer:{reverse_id}:{status}")
        }
    }
}

fn stored_answer(raw: &[u8]) -> Option<(Kind, Fields)> {
    #[derive(serde::Deserialize)]
    struct Stored<'a> {
        r#type: String,
        #[serde(borrow)]
        order: &'a RawValue,
    }
    let stored: Stored<'_> = serde_json::from_slice(raw).ok()?;
    let kind = Kind::ANSWERS
        .into_iter()
        .find(|kind| kind.name() == stored.r#type)?;
    Some((kind, Fields::of_json(stored.order.get())?))
}

/// None: billing does nothing about it. An error: it should say something and cannot be read.
fn report(kind: Kind, fields: &Fields) -> Result<Option<Report>, String> {
    if fields.text("order_id").is_empty() {
        return Err("it names no order".to_owned());
    }
    let given_back = given_back(fields)?;
    match kind {
        Kind::Callback if given_back > 0 => Ok(Some(of_given_back(given_back, fields))),
        Kind::Callback => of_payment(fields, fields.text("response_code")),
        // An attempt that was declined has a callback of its own, and counts once.
        Kind::Payment => of_payment(fields, ""),
        Kind::GivenBack => Ok(Some(of_given_back(given_back, fields))),
        Kind::Refund => of_refund(fields).map(Some),
    }
}

fn of_payment(fields: &Fields, decline_code: &str) -> Result<Option<Report>, String> {
    let given_back = given_back(fields)?;
    let (state, decline_code) = match fields.text("order_status") {
        "created" | "processing" => (PaymentState::Pending, ""),
        // Not final within the order's lifetime.
        "declined" => (PaymentState::Pending, decline_code),
        "approved" => (PaymentState::Succeeded, ""),
        // What was given back was paid before.
        "reversed" if given_back > 0 => (PaymentState::Succeeded, ""),
        "reversed" => return Err("it is reversed, and nothing was given back".to_owned()),
        "expired" => (PaymentState::Expired, ""),
        _ => return Ok(None),
    };
    let is_paid = state == PaymentState::Succeeded;
    let ordered = minor(fields, "amount")?;
    Ok(Some(Report::Payment(PaymentReport {
        state: state.into(),
        amount_minor: if is_paid { received(fields)? } else { ordered },
        ordered_minor: is_paid.then_some(ordered),
        currency: fields.text("currency").to_owned(),
        decline_code: decline_code.to_owned(),
        processing: false,
    })))
}

/// What the payer has paid of an order, whatever was given back of it later. Less than the order's amount
/// counts; more does not, since fees of the payer's are in it.
fn received(fields: &Fields) -> Result<i64, String> {
    let ordered = minor(fields, "amount")?;
    let currency = fields.text("actual_currency");
    if fields.text("actual_amount").is_empty()
        || !currency.is_empty() && currency != fields.text("currency")
    {
        return Ok(ordered);
    }
    Ok(minor(fields, "actual_amount")?.min(ordered))
}

fn of_given_back(total_minor: i64, fields: &Fields) -> Report {
    Report::GivenBack(GivenBackReport {
        total_minor,
        currency: fields.text("currency").to_owned(),
    })
}

fn of_refund(fields: &Fields) -> Result<Report, String> {
    let state = match fields.text("reverse_status") {
        "approved" => RefundState::Succeeded,
        _ => RefundState::Pending,
    };
    Ok(Report::Refund(RefundReport {
        provider_reference: fields.text("reverse_id").to_owned(),
        refund_id: fields.text("reverse_id").to_owned(),
        amount_minor: minor(fields, "amount")?,
        currency: fields.text("currency").to_owned(),
        state: state.into(),
    }))
}

fn given_back(fields: &Fields) -> Result<i64, String> {
    match fields.text("reversal_amount") {
        "" => Ok(0),
        _ => minor(fields, "reversal_amount"),
    }
}

fn minor(fields: &Fields, name: &str) -> Result<i64, String> {
    fields
        .whole(name)
        .filter(|minor| *minor >= 0)
        .ok_or_else(|| format!("its {name} is no amount"))
}
