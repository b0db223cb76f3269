//! What Stripe's events mean, in the words that all providers share. An answer that was asked for
//! becomes an event too, so that there is one way to read both.

use billing_proto::v1::PaymentState;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::objects::{Dispute, Metadata, PaymentIntent, Refund};
use crate::providers::Event;

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
    metadata: Option<Metadata>,
    report: Report,
}

/// Reads an event that was verified, of whatever version. Nothing in it makes this fail: what is
/// not understood is kept as it is.
pub(super) fn read(raw: &[u8], livemode: bool, received_at: Timestamp) -> Event {
    let body: Value = match serde_json::from_slice(raw) {
        Ok(body @ Value::Object(_)) => body,
        Ok(_) => return Event::unreadable("it is not an object", livemode, raw, received_at),
        Err(error) => {
            return Event::unreadable(format!("not JSON: {error}"), livemode, raw, received_at);
        }
    };
    let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut event = Event {
        id: text("id").to_owned(),
        r#type: text("type").to_owned(),
        livemode: body
            .get("livemode")
            .and_then(Value::as_bool)
            .unwrap_or(livemode),
        provider_account: match body.get("account") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(account)) => account.clone(),
            // Whatever it is, it is not our own.
            Some(other) => other.to_string(),
        },
        occurred_at: created(body.get("created")).unwrap_or(received_at),
        reference: String::new(),
        payment_id: String::new(),
        account_id: String::new(),
        report: None,
        raw: raw.to_vec(),
    };
    if body.get("livemode").is_some_and(|mode| !mode.is_boolean()) {
        event.report = Some(Report::Unreadable("its livemode is no boolean".to_owned()));
        return event;
    }
    match said(&event.r#type, body.pointer("/data/object")) {
        None => {}
        Some(Err(why)) => event.report = Some(Report::Unreadable(why)),
        Some(Ok(said)) => {
            event.reference = said.reference.unwrap_or_default();
            let names = said.metadata.unwrap_or_default();
            event.payment_id = names.payment_id.unwrap_or_default();
            event.account_id = names.account_id.unwrap_or_default();
            event.report = Some(said.report);
        }
    }
    event
}

/// Seconds, or RFC 3339 in events of the second version.
fn created(value: Option<&Value>) -> Option<Timestamp> {
    match value {
        Some(Value::Number(seconds)) => seconds
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    }
}

/// None: billing does nothing about such an event.
fn said(event_type: &str, object: Option<&Value>) -> Option<Result<Said, String>> {
    let payment = |state| Some(of_payment(object, state));
    let dispute = |movement| Some(of_dispute(object, movement));
    match event_type {
        "payment_intent.succeeded" => payment(Some(PaymentState::Succeeded)),
        "payment_intent.created" | "payment_intent.processing" => {
            payment(Some(PaymentState::Pending))
        }
        "payment_intent.payment_failed" => Some(of_declined(object)),
        "payment_intent.requires_action" => payment(Some(PaymentState::RequiresAction)),
        "payment_intent.canceled" => payment(Some(PaymentState::Canceled)),
        "retrieved.payment_intent" | "answer.payment_intent" => payment(None),
        "refund.created"
        | "refund.updated"
        | "refund.failed"
        | "charge.refund.updated"
        | "retrieved.refund"
        | "answer.refund" => Some(of_refund(object)),
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
fn of_payment(object: Option<&Value>, state: Option<PaymentState>) -> Result<Said, String> {
    let intent: PaymentIntent = parsed(object)?;
    let state = state.unwrap_or_else(|| intent.state());
    let report = intent.report(state, None)?;
    Ok(of_intent(intent, report))
}

/// An attempt failed, which is not final.
fn of_declined(object: Option<&Value>) -> Result<Said, String> {
    let intent: PaymentIntent = parsed(object)?;
    let code = intent.declined().unwrap_or("unknown");
    let report = intent.report(PaymentState::Pending, Some(code))?;
    Ok(of_intent(intent, report))
}

fn of_intent(intent: PaymentIntent, report: Report) -> Said {
    Said {
        metadata: intent.metadata,
        reference: Some(intent.id),
        report,
    }
}

fn of_refund(object: Option<&Value>) -> Result<Said, String> {
    let refund: Refund = parsed(object)?;
    Ok(Said {
        reference: refund
            .payment_intent
            .as_ref()
            .map(|id| id.text().to_owned()),
        report: refund.report(),
        metadata: refund.metadata,
    })
}

fn of_dispute(object: Option<&Value>, movement: Movement) -> Result<Said, String> {
    let dispute: Dispute = parsed(object)?;
    Ok(Said {
        reference: dispute
            .payment_intent
            .as_ref()
            .map(|id| id.text().to_owned()),
        metadata: None,
        report: dispute.report(movement),
    })
}

fn parsed<T: DeserializeOwned>(object: Option<&Value>) -> Result<T, String> {
    let object = object.ok_or("it has no object")?;
    serde_json::from_value(object.clone()).map_err(|error| error.to_string())
}

/// The event that an answer about a payment amounts to. Equal answers have equal ids.
pub(super) fn of_answered_payment(origin: Origin, intent: &PaymentIntent, livemode: bool) -> Event {
    let received = intent.amount_received.unwrap_or_default();
    let sequel = format!("{}:{}:{received}", intent.id, intent.status);
    made(origin, "payment_intent", &sequel, intent, livemode)
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
    let origin = match origin {
        Origin::Retrieved => "retrieved",
        Origin::Answer => "answer",
    };
    let envelope = json!({
        "id": format!("{origin}:{sequel}"),
        "object": "event",
        "type": format!("{origin}.{object_type}"),
        "created": Timestamp::now().as_second(),
        "livemode": livemode,
        "data": {"object": object},
    });
    read(envelope.to_string().as_bytes(), livemode, Timestamp::now())
}
