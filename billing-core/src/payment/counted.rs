//! What operators watch of a provider's payments, shown before there is any of it: whoever asks for the
//! increase of a series sees nothing of the event with which the series begins.

use metrics::{counter, describe_counter};
use sqlx::PgPool;

use super::{Outcome, Purpose, queries};

/// Of every provider that has had a payment.
pub async fn begin_with_all(pool: &PgPool) -> Result<(), sqlx::Error> {
    describe();
    for provider in queries::paid_by(pool).await? {
        begin(&provider);
    }
    Ok(())
}

/// Of one provider. May be repeated.
pub fn begin(provider: &str) {
    for name in [
        "billing_payments_created_total",
        "billing_payments_paused_total",
    ] {
        counter!(name, "provider" => provider.to_owned()).increment(0);
    }
    for name in [
        "billing_payments_received_micros_total",
        "billing_payments_reversed_micros_total",
    ] {
        for purpose in Purpose::ALL {
            counter!(name, "provider" => provider.to_owned(), "purpose" => purpose.name())
                .increment(0);
        }
    }
    for outcome in Outcome::ALL {
        counter!("billing_provider_events_total", "provider" => provider.to_owned(),
            "outcome" => outcome.name(), "duplicate" => "false")
        .increment(0);
    }
    for (state, declined) in [
        ("succeeded", "false"),
        ("failed", "true"),
        ("requires_action", "true"),
    ] {
        counter!("billing_payment_reports_total", "provider" => provider.to_owned(),
            "state" => state, "declined" => declined)
        .increment(0);
    }
}

fn describe() {
    describe_counter!(
        "billing_payments_created_total",
        "Payments that began, by provider."
    );
    describe_counter!(
        "billing_payments_paused_total",
        "Payments that were refused since too many of their tenant's were declined, by provider."
    );
    describe_counter!(
        "billing_payments_received_micros_total",
        "Micros of a USD that payments brought in, by provider and purpose: committed, each once. Exact \
         up to 9 billion USD."
    );
    describe_counter!(
        "billing_payments_reversed_micros_total",
        "Micros of a USD that refunds and disputes took of payments, by provider and purpose: committed, \
         each once. What a bank gives back counts as received."
    );
    describe_counter!(
        "billing_provider_events_total",
        "What providers reported, by what became of it, and whether it had been reported before."
    );
    describe_counter!(
        "billing_payment_reports_total",
        "Reports of payments that had an effect, by state, and whether the attempt was declined."
    );
}
