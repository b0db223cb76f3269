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

use super::count;

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
    let amount = applied.moved.get().unsigned_abs();
    if applied.moved.is_positive() {
        count(
            "billing_payments_received_micros_total",
            &event.provider,
            amount,
        );
    } else if amount > 0 {
        count(
            "billing_payments_reversed_micros_total",
            &event.provider,
            amount,
        );
    }
    if let Report::Payment(report) = &event.report
        && (applied.outcome == Outcome::Applied || applied.moved.is_positive())
    {
        metrics::counter!("billing_payment_reports_total", "provider" => event.provider.clone(),
            "state" => report.state.name(), "declined" => report.decline_code.is_some().to_string())
        .increment(1);
    }
}
