//! What a provider reported: stored and booked in one transaction, once.
//!
//! `batcher` takes what waits, `batch` is its transaction, `effect` what one event makes of its payment.

mod batch;
mod batcher;
mod contradiction;
mod effect;
mod opening;
pub(super) mod queries;
mod report;
#[cfg(test)]
mod tests;

pub use batcher::{EventBatcher, Pace};
pub use opening::PaymentOpening;
pub use report::{
    Applied, EVENT_ID_BYTES, GivenBackReport, Outcome, PaymentReport, ProviderEvent, Report,
};

use tracing::warn;

use crate::money::Micros;

/// What operators watch. Only what was committed counts.
fn tell(event: &ProviderEvent, applied: &Applied) {
    metrics::counter!("billing_provider_events_total", "provider" => event.provider.clone(),
        "outcome" => applied.outcome.name(), "duplicate" => applied.duplicate.to_string())
    .increment(1);
    if applied.duplicate {
        return;
    }
    if applied.outcome == Outcome::Contradiction {
        warn!(
            provider = event.provider,
            event = event.event_id,
            payment = applied
                .payment
                .as_ref()
                .map(|payment| payment.id.to_string()),
            "a provider's event contradicts the payment's record: `billing-core payments review`"
        );
    }
    let moved = applied.worth();
    if let Some(payment) = applied.payment.as_ref().filter(|_| moved != Micros::ZERO) {
        let name = if moved.is_positive() {
            "billing_payments_received_micros_total"
        } else {
            "billing_payments_reversed_micros_total"
        };
        metrics::counter!(name, "provider" => event.provider.clone(), "purpose" => payment.purpose.name())
            .increment(moved.get().unsigned_abs());
    }
    if let Report::Payment(report) = &event.report
        && (applied.outcome == Outcome::Applied || moved.is_positive())
    {
        metrics::counter!("billing_payment_reports_total", "provider" => event.provider.clone(),
            "state" => report.state.name(), "declined" => report.decline_code.is_some().to_string())
        .increment(1);
    }
}
