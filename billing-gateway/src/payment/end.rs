//! Ending a payment that its payer does not go on with.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{ApplyProviderEventResponse, Payment, PaymentReport, PaymentState};
use jiff::Timestamp;
use serde_json::json;

use crate::core::Core;
use crate::payment::{apply, attach, note};
use crate::problem::{ApiError, PaymentError};
use crate::providers::{Event, HostedPages, Provider, ProviderError};

/// Ends a payment's page, so that it cannot be paid there any more, and tells the core how it then stands:
/// perhaps it was paid after all. May be repeated.
pub(crate) async fn end(
    core: &Core,
    provider: &dyn Provider,
    pages: &dyn HostedPages,
    payment: &Payment,
) -> Result<(), ApiError> {
    let mut reference = payment.provider_reference.clone();
    if reference.is_empty() {
        reference = find(core, pages, payment).await?;
    }
    if reference.is_empty() {
        let applied = tell(core, provider, expired(payment, payment.livemode)).await?;
        // Whoever was opening it meanwhile has noted its name before, or learns by noting it that it has ended.
        let payment = applied.payment.unwrap_or_default();
        reference = payment.provider_reference;
    }
    if reference.is_empty() {
        return Ok(());
    }
    let events = match pages.expire(&reference).await {
        Ok(events) => events,
        // It does not know it, or not any more.
        Err(ProviderError::Refused { .. }) => vec![expired(payment, payment.livemode)],
        Err(error) => return Err(PaymentError::from(error).into()),
    };
    for event in events {
        tell(core, provider, event).await?;
    }
    Ok(())
}

/// What the provider calls a payment whose creation was not answered; empty: it does not know it.
async fn find(core: &Core, pages: &dyn HostedPages, payment: &Payment) -> Result<String, ApiError> {
    let customer = attach(core, payment, String::new(), String::new()).await?;
    let found = pages.find(payment, &customer).await;
    let Some(opened) = found.map_err(PaymentError::from)? else {
        return Ok(String::new());
    };
    note(core, payment, &opened).await?;
    Ok(opened.reference)
}

async fn tell(
    core: &Core,
    provider: &dyn Provider,
    event: Event,
) -> Result<ApplyProviderEventResponse, ApiError> {
    let applied = apply(core, provider.name(), event).await;
    applied.map_err(|error| error.into_api(&[]))
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
        raw: raw.into_bytes(),
        id,
    }
}
