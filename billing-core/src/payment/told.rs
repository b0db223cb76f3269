//! The notices of a payment: to other systems, and as mail to the payer. What its purpose makes of it, the
//! purpose's slice tells.

use serde_json::{Value, json};

use super::Payment;
use crate::money::Micros;
use crate::outbox::{Channel, Notice};

/// The notices of a payment that has ended without money: to other systems, and a mail to a payer who tried.
pub fn ended(payment: &Payment) -> Vec<Notice> {
    let ended = Notice {
        channel: Channel::Event,
        kind: "payment.ended",
        payload: described(payment),
    };
    [ended]
        .into_iter()
        .chain(payment.told_as_failed())
        .collect()
}

/// What every notice of a payment says.
pub fn described(payment: &Payment) -> Value {
    json!({
        "payment_id": payment.id.to_string(),
        "tenant_id": payment.tenant_id,
        "user_id": payment.user_id,
        "provider": &*payment.provider,
        "purpose": payment.purpose.name(),
        "state": payment.state.name(),
        "amount_minor": payment.amount_minor,
        "received_minor": payment.received_minor,
        "currency": payment.currency,
        "credit_micros": Micros::get(payment.credit),
    })
}
