//! What is seen of endpoints from outside, and events that are kept no longer.

use std::time::Duration;

use metrics::{describe_counter, describe_gauge, gauge};
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::queries::delivery::{self, Backlog};
use super::{COUNTED, KEPT_HOURS};

const EVERY: Duration = Duration::from_secs(15);
/// Events of one statement: some milliseconds.
const FORGOTTEN_AT_ONCE: i64 = 1_000;
/// Subjects of each endpoint that wait for longer than any pause is.
const HURRIED_AT_ONCE: i64 = 1_000;

/// Shows how many wait, and forgets what is kept no longer, until `shutdown`.
pub(super) async fn run(pool: PgPool, shutdown: CancellationToken) {
    describe();
    loop {
        match delivery::backlog(&pool, COUNTED).await {
            Ok(backlog) => show(&backlog),
            Err(error) => warn!(%error, "deliveries that wait not counted"),
        }
        if let Err(error) = delivery::hurry_from_afar(&pool, HURRIED_AT_ONCE).await {
            warn!(%error, "deliveries that wait for too long not made due");
        }
        if let Err(error) = forget(&pool, &shutdown).await {
            warn!(%error, "events that were kept for long enough not forgotten");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(EVERY) => {}
        }
    }
}

/// Piece by piece, so that nobody waits for it.
async fn forget(pool: &PgPool, shutdown: &CancellationToken) -> Result<(), sqlx::Error> {
    let mut deliveries: i64 = 0;
    while !shutdown.is_cancelled() {
        let piece = delivery::forget(pool, KEPT_HOURS, FORGOTTEN_AT_ONCE).await?;
        deliveries = deliveries.saturating_add(piece.deliveries);
        if piece.events < FORGOTTEN_AT_ONCE {
            break;
        }
    }
    if deliveries > 0 {
        warn!(
            deliveries,
            "events were kept for long enough, and endpoints never took them"
        );
    }
    Ok(())
}

fn describe() {
    describe_counter!(
        "billing_endpoint_deliveries_total",
        "Attempts to deliver an event to an endpoint, by what came of them."
    );
    describe_gauge!("billing_endpoints", "Endpoints, by their state.");
    describe_gauge!(
        "billing_endpoint_waiting",
        "Deliveries to endpoints that are enabled, 100,000 at most."
    );
    describe_gauge!(
        "billing_endpoint_oldest_seconds",
        "The age of the oldest event of those."
    );
}

fn show(backlog: &Backlog) {
    let shown = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    let well = backlog.enabled.saturating_sub(backlog.failing);
    gauge!("billing_endpoints", "state" => "enabled").set(shown(well));
    gauge!("billing_endpoints", "state" => "failing").set(shown(backlog.failing));
    gauge!("billing_endpoints", "state" => "disabled").set(shown(backlog.disabled));
    gauge!("billing_endpoint_waiting").set(shown(backlog.waiting));
    gauge!("billing_endpoint_oldest_seconds").set(shown(backlog.oldest_secs));
}
