//! Messages of contributions: nobody reads one on the wall before somebody approved it.

use std::time::Duration;

use metrics::gauge;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use super::queries::{Backlog, WaitingMessage, message_backlog as backlog};

use super::queries;
use crate::id::AccountId;

const SHOWN_EVERY: Duration = Duration::from_secs(15);

/// The oldest messages of a tenant, or of one of its people, that wait.
pub async fn waiting(
    pool: &PgPool,
    tenant: &str,
    account: Option<AccountId>,
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    queries::list_messages(pool, tenant, account, most).await
}

/// The newest messages of a tenant, or of one of its people, that were approved, or refused.
pub async fn judged(
    pool: &PgPool,
    tenant: &str,
    account: Option<AccountId>,
    approved: bool,
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    let state = if approved { "approved" } else { "refused" };
    queries::list_judged(pool, tenant, account, state, most).await
}

/// Shows how many wait and for how long, until `shutdown`.
pub async fn watch(pool: PgPool, shutdown: CancellationToken) {
    loop {
        match backlog(&pool).await {
            Ok(backlog) => show(&backlog),
            Err(error) => warn!(%error, "messages that wait not counted"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(SHOWN_EVERY) => {}
        }
    }
}

fn show(backlog: &Backlog) {
    let shown = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    gauge!("billing_messages_waiting").set(shown(backlog.waiting));
    gauge!("billing_messages_oldest_seconds").set(shown(backlog.oldest_secs));
}
