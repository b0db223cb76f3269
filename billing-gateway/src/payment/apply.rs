//! Telling the core what a provider reported.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{ApplyProviderEventResponse, Payment, PaymentReport, PaymentState};
use jiff::Timestamp;
use serde_json::json;

use crate::core::{Core, CoreError};
use crate::providers::{Event, made_unreadable};

/// Stores the event and books its effect. One that the core does not take as it is, is stored as
/// one that cannot be read: the provider must not repeat it for days, and nothing must be lost.
pub(crate) async fn apply(
    core: &Core,
    provider: &'static str,
    event: Event,
) -> Result<ApplyProviderEventResponse, CoreError> {
    let request = event.into_request(provider);
    match core.apply_provider_event(request.clone()).await {
        Err(CoreError::InvalidField { field, description }) => {
            let why = format!("{field} {description}");
            tracing::warn!(
                provider,
                event_id = request.event_id,
                why,
                "an event does not fit"
            );
            core.apply_provider_event(made_unreadable(request, &why))
                .await
        }
        answered => answered,
    }
}

/// The provider never knew it, and will not be told any more.
pub(crate) fn expired(payment: &Payment, livemode: bool) -> Event {
    let id = format!("expired:{}", payment.payment_id);
    let raw = json!({"id": id, "type": "expired", "livemode": livemode}).to_string();
    Event {
        r#type: "expired".to_owned(),
        livemode,
        provider_account: String::new(),
        occurred_at: Timestamp::now(),
        reference: String::new(),
        further_references: Vec::new(),
        payment_id: payment.payment_id.clone(),
        account_id: String::new(),
        report: Some(Report::Payment(PaymentReport {
            state: PaymentState::Expired.into(),
            amount_minor: payment.amount_minor,
            currency: payment.currency.clone(),
            decline_code: String::new(),
            ordered_minor: None,
            processing: false,
        })),
        opens: None,
        raw: raw.into_bytes(),
        id,
    }
}
