//! Messages of contributions: nobody reads one on the wall before somebody approved it.

use std::time::Duration;

use metrics::gauge;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

pub use super::queries::{Backlog, ContributionRow, WaitingMessage, message_backlog as backlog};

use super::queries;

const SHOWN_EVERY: Duration = Duration::from_secs(15);

/// The oldest messages of a tenant that wait.
pub async fn waiting(
    pool: &PgPool,
    tenant: &str,
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    queries::list_messages(pool, tenant, most).await
}

/// Approves or refuses a message, also one that was judged before. None where the tenant has no such
/// contribution with a message. May be repeated.
pub async fn judge(
    pool: &PgPool,
    tenant: &str,
    number: Uuid,
    approve: bool,
    actor: &str,
) -> Result<Option<ContributionRow>, sqlx::Error> {
    if !queries::judge_message(pool, tenant, number, approve, actor).await? {
        return Ok(None);
    }
    queries::find_contribution(pool, tenant, number).await
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
