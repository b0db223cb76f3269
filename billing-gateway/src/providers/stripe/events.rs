//! What Stripe's events mean, in the words that all providers share. An answer that was asked for
//! becomes an event too, so that there is one way to read both.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{PaymentOpening, PaymentState};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::invoice::{Billed, Invoice};
use super::objects::{Dispute, Metadata, PaymentIntent, Refund};
use super::session::Session;
use super::subscription::{Mentioned, Subscription, are_ours};
use crate::providers::Event;
use crate::wire;

/// How an answer came to be an event. The first part of its id and type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// We asked how it stands.
    Retrieved,
    /// We asked for a change.
    Answer,
}

/// What an object says, and of which payment.
struct Said {
    reference: Option<String>,
    further_references: Vec<String>,
    metadata: Option<Metadata>,
    report: Report,
    opens: Option<PaymentOpening>,
}

/// What an event holds besides its object. Members are read one by one, so that none is unread because
/// of another.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "member")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "member")]
    r#type: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "member")]
    livemode: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "member")]
    account: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "member")]
    created: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "member")]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

/// A member that is there, also where it is null.
fn member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads an event that was verified, of whatever version. Nothing in it makes this fail: what is
/// not understood is kept as it is.
pub(super) fn read(raw: &[u8], livemode: bool, received_at: Timestamp) -> Event {
    let unreadable = |why: String| Event::unreadable(why, livemode, raw, received_at);
    let Ok(json) = str::from_utf8(wire::unmarked(raw)) else {
        return unreadable("it is not UTF-8".to_owned());
    };
    let body: Envelope<'_> = match wire::object(json) {
        Ok(body) => body,
        Err(error) => return unreadable(format!("no JSON object: {error}")),
    };
    let mut event = Event {
        id: text(body.id).unwrap_or_default(),
        r#type: text(body.r#type).unwrap_or_default(),
        livemode: flag(body.livemode).unwrap_or(livemode),
        provider_account: match body.account.map(RawValue::get) {
            None | Some("null") => String::new(),
            // Whatever it is, it is not our own.
            Some(other) => text(body.account).unwrap_or_else(|| other.to_owned()),
        },
        occurred_at: created(body.created).unwrap_or(received_at),
        reference: String::new(),
        further_references: Vec::new(),
        payment_id: String::new(),
        account_id: String::new(),
        report: None,
        opens: None,
        raw: raw.to_vec(),
    };
    if body.livemode.is_some() && flag(body.livemode).is_none() {
        event.report = Some(Report::Unreadable("its livemode is no boolean".to_owned()));
        return event;
    }
    if body.r#type.is_some() && text(body.r#type).is_none() {
        event.report = Some(Report::Unreadable("its type is no text".to_owned()));
        return event;
    }
    match said(&event.r#type, body.data) {
        None => {
            // Of somebody who is erased no body is kept, also where nothing is done about it.
            let names = mentioned(&event.r#type, body.data).unwrap_or_default();
            event.payment_id = names.payment_id.unwrap_or_default();
            event.account_id = names.account_id.unwrap_or_default();
        }
        Some(Err(why)) => event.report = Some(Report::Unreadable(why)),
        Some(Ok(said)) => {
            event.reference = said.reference.unwrap_or_default();
            event.further_references = said.further_references;
            let names = said.metadata.unwrap_or_default();
            event.payment_id = names.payment_id.unwrap_or_default();
            event.account_id = names.account_id.unwrap_or_default();
            event.report = Some(said.report);
            event.opens = said.opens;
        }
    }
    event
}

fn text(member: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(member?.get()).ok()
}

fn flag(member: Option<&RawValue>) -> Option<bool> {
    serde_json::from_str(member?.get()).ok()
}

/// Seconds, or RFC 3339 in events of the second version.
fn created(member: Option<&RawValue>) -> Option<Timestamp> {
    match wire::whole(member?.get()) {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => text(member)?.parse().ok(),
    }
}

/// Our names in what is asked about, or passed by.
fn mentioned(event_type: &str, data: Option<&RawValue>) -> Option<Metadata> {
    let names = if event_type.starts_with("invoice.") {
        parsed::<Billed>(data).ok()?.names()
    } else if event_type.starts_with("customer.subscription.") {
        parsed::<Mentioned>(data).ok()?.metadata
    } else {
        None
    };
    names.filter(are_ours)
}

/// None: billing does nothing about such an event.
fn said(event_type: &str, data: Option<&RawValue>) -> Option<Result<Said, String>> {
    let payment = |state| Some(of_payment(data, state));
    let dispute = |movement| Some(of_dispute(data, movement));
    let session = |state| of_session(data, state).transpose();
    match event_type {
        "checkout.session.completed" => session(Session::completed),
        "checkout.session.async_payment_succeeded" => session(|_| PaymentState::Succeeded),
        "checkout.session.async_payment_failed" => session(|_| PaymentState::Failed),
        "checkout.session.expired" => session(|_| PaymentState::Expired),
        "retrieved.checkout.session" | "answer.checkout.session" => session(Session::state),
        "retrieved.invoice" => Some(of_invoice(data)),
        "payment_intent.succeeded" => payment(Some(PaymentState::Succeeded)),
        "payment_intent.created" | "payment_intent.processing" => {
            payment(Some(PaymentState::Pending))
        }
        "payment_intent.payment_failed" => Some(of_declined(data)),
        "payment_intent.requires_action" => payment(Some(PaymentState::RequiresAction)),
        "payment_intent.canceled" => payment(Some(PaymentState::Canceled)),
        "retrieved.payment_intent" | "answer.payment_intent" => payment(None),
        "refund.created"
        | "refund.updated"
        | "refund.failed"
        | "charge.refund.updated"
        | "retrieved.refund"
        | "answer.refund" => Some(of_refund(data)),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "retrieved.dispute" => dispute(Movement::None),
        "charge.dispute.funds_withdrawn" | "retrieved.dispute.funds_withdrawn" => {
            dispute(Movement::FundsWithdrawn)
        }
        "charge.dispute.funds_reinstated" | "retrieved.dispute.funds_reinstated" => {
            dispute(Movement::FundsReinstated)
        }
        _ => None,
    }
}

/// Without a state of the event: the object's own. Its last error is left out: each attempt that is
/// declined has an event of its own, and counts once.
fn of_payment(data: Option<&RawValue>, state: Option<PaymentState>) -> Result<Said, String> {
    let intent: PaymentIntent = parsed(data)?;
    let state = state.unwrap_or_else(|| intent.state());
    let report = intent.report(state, None)?;
    Ok(of_intent(intent, report))
}

/// An attempt failed, which is not final.
fn of_declined(data: Option<&RawValue>) -> Result<Said, String> {
    let intent: PaymentIntent = parsed(data)?;
    let code = intent.declined().unwrap_or("unknown");
    let report = intent.report(PaymentState::Pending, Some(code))?;
    Ok(of_intent(intent, report))
}

fn of_intent(intent: PaymentIntent, report: Report) -> Said {
    Said {
        metadata: intent.metadata,
        reference: Some(intent.id),
        further_references: Vec::new(),
        report,
        opens: None,
    }
}

/// A page names the payment that was made on it besides. None: it does not tell.
fn of_session(
    data: Option<&RawValue>,
    state: fn(&Session) -> PaymentState,
) -> Result<Option<Said>, String> {
    let session: Session = parsed(data)?;
    let state = state(&session);
    if !session.tells(state) {
        return Ok(None);
    }
    let report = session.report(state)?;
    let mut names = Metadata {
        payment_id: session.payment_id().map(str::to_owned),
        ..Metadata::default()
    };
    names.account_id = session.metadata.and_then(|written| written.account_id);
    Ok(Some(Said {
        reference: Some(session.id),
        further_references: session
            .payment_intent
            .map(|payment| payment.id)
            .into_iter()
            .collect(),
        metadata: Some(names),
        report,
        opens: None,
    }))
}

/// A paid invoice of a subscription of ours. The first one is of the payment that was asked for here; any other
/// one opens a payment.
fn of_invoice(data: Option<&RawValue>) -> Result<Said, String> {
    let invoice: Invoice = parsed(data)?;
    let report = invoice.report()?;
    let mut names = invoice
        .names()
        .cloned()
        .ok_or("its subscription is none of ours")?;
    let opens = invoice.opens(&names)?;
    if opens.is_some() {
        names.payment_id = None;
    }
    Ok(Said {
        further_references: invoice.intent().map(str::to_owned).into_iter().collect(),
        reference: Some(invoice.id),
        metadata: Some(names),
        report,
        opens,
    })
}

fn of_refund(data: Option<&RawValue>) -> Result<Said, String> {
    let refund: Refund = parsed(data)?;
    Ok(Said {
        reference: refund
            .payment_intent
            .as_ref()
            .map(|id| id.text().to_owned()),
        further_references: Vec::new(),
        report: refund.report(),
        metadata: refund.metadata,
        opens: None,
    })
}

fn of_dispute(data: Option<&RawValue>, movement: Movement) -> Result<Said, String> {
    let dispute: Dispute = parsed(data)?;
    Ok(Said {
        reference: dispute
            .payment_intent
            .as_ref()
            .map(|id| id.text().to_owned()),
        further_references: Vec::new(),
        metadata: None,
        report: dispute.report(movement),
        opens: None,
    })
}

fn parsed<T: DeserializeOwned>(data: Option<&RawValue>) -> Result<T, String> {
    let read = || {
        let data: Data<'_> = wire::object(data?.get()).ok()?;
        Some(wire::object(data.object.get()))
    };
    let object = read().ok_or("it has no object")?;
    object.map_err(|error| error.to_string())
}

/// The object of an event, read as what only some of its members are needed of.
pub(super) fn object_of<T: DeserializeOwned>(event: &Event) -> Option<T> {
    let json = str::from_utf8(wire::unmarked(&event.raw)).ok()?;
    let body: Envelope<'_> = wire::object(json).ok()?;
    parsed(body.data).ok()
}

/// The event that an answer about a payment amounts to. Equal answers have equal ids.
pub(super) fn of_answered_payment(origin: Origin, intent: &PaymentIntent, livemode: bool) -> Event {
    let received = intent.amount_received.unwrap_or_default();
    let sequel = format!("{}:{}:{received}", intent.id, intent.status);
    made(origin, "payment_intent", &sequel, intent, livemode)
}

pub(super) fn of_answered_session(origin: Origin, session: &Session, livemode: bool) -> Event {
    let paid_by = session.payment_intent.as_ref();
    let said = [
        Some(session.id.as_str()),
        session.status.as_deref(),
        session.payment_status.as_deref(),
        paid_by.and_then(|payment| payment.status.as_deref()),
    ];
    let sequel = said.map(Option::unwrap_or_default).join(":");
    made(origin, "checkout.session", &sequel, session, livemode)
}

/// That an invoice was paid is one event, however often it is asked about.
pub(super) fn of_paid_invoice(invoice: &Invoice, livemode: bool) -> Event {
    let sequel = format!("{}:paid", invoice.id);
    let paid_at = invoice
        .paid_at()
        .unwrap_or_else(|| Timestamp::now().as_second());
    made_at(
        Origin::Retrieved,
        "invoice",
        &sequel,
        invoice,
        livemode,
        paid_at,
    )
}

/// Nothing that a subscription says is final, so that each answer is an event of its own. Its report is not read of
/// the body again: a subscription is asked.
pub(super) fn of_answered_subscription(
    origin: Origin,
    subscription: &Subscription,
    as_of: Timestamp,
    livemode: bool,
) -> Event {
    let sequel = format!("{}:{}", subscription.id, as_of.as_nanosecond());
    made(
        origin,
        "customer.subscription",
        &sequel,
        subscription,
        livemode,
    )
}

pub(super) fn of_answered_refund(origin: Origin, refund: &Refund, livemode: bool) -> Event {
    let status = refund.status.as_deref().unwrap_or("pending");
    let sequel = format!("{}:{status}", refund.id);
    made(origin, "refund", &sequel, refund, livemode)
}

/// One event of all that moved, where it has names; else one for each way that money moved.
pub(super) fn of_answered_dispute(dispute: &Dispute, livemode: bool) -> Vec<Event> {
    let moved = dispute.moved().len();
    if moved > 0 {
        let status = dispute.status.as_deref().unwrap_or_default();
        let sequel = format!("{}:{status}:{moved}", dispute.id);
        return vec![made(
            Origin::Retrieved,
            "dispute",
            &sequel,
            dispute,
            livemode,
        )];
    }
    let moved = dispute.movements().into_iter().map(|movement| {
        let object = match movement {
            Movement::FundsReinstated => "dispute.funds_reinstated",
            _ => "dispute.funds_withdrawn",
        };
        let sequel = format!("{}:{object}", dispute.id);
        let mut event = made(Origin::Retrieved, object, &sequel, dispute, livemode);
        // It was withdrawn when it began, and reinstated at some time before now.
        if movement == Movement::FundsWithdrawn
            && let Some(began) = dispute
                .created
                .and_then(|at| Timestamp::from_second(at).ok())
        {
            event.occurred_at = began;
        }
        event
    });
    moved.collect()
}

fn made(
    origin: Origin,
    object_type: &str,
    sequel: &str,
    object: &impl Serialize,
    livemode: bool,
) -> Event {
    let now = Timestamp::now().as_second();
    made_at(origin, object_type, sequel, object, livemode, now)
}

/// `happened`: in Unix seconds.
fn made_at(
    origin: Origin,
    object_type: &str,
    sequel: &str,
    object: &impl Serialize,
    livemode: bool,
    happened: i64,
) -> Event {
    let origin = match origin {
        Origin::Retrieved => "retrieved",
        Origin::Answer => "answer",
    };
    let envelope = json!({
        "id": format!("{origin}:{sequel}"),
        "object": "event",
        "type": format!("{origin}.{object_type}"),
        "created": happened,
        "livemode": livemode,
        "data": {"object": object},
    });
    read(envelope.to_string().as_bytes(), livemode, Timestamp::now())
}
