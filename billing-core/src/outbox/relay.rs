//! The relay: leases shares of the accounts, reads what waits, delivers it, and deletes it in a
//! second short transaction. Each channel has a loop of its own.

use std::path::PathBuf;
use std::time::Duration;

use metrics::{counter, gauge};
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::queries::{self, Waiting};
use super::{Channel, files};

/// How long a core has a share before another may take it. Far longer than a round takes.
const LEASE_SECS: i64 = 30;
const PAUSE: Duration = Duration::from_millis(500);
const ROUND_MAX: i64 = 200;

/// Delivers what one channel has, until `shutdown`. Several cores share the work; each message is
/// delivered at least once, in the order of its account.
pub async fn run(pool: PgPool, channel: Channel, folder: PathBuf, shutdown: CancellationToken) {
    let owner = Uuid::now_v7().to_string();
    loop {
        let delivered = match round(&pool, channel, &folder, &owner).await {
            Ok(delivered) => delivered,
            Err(error) => {
                warn!(channel = channel.name(), %error, "outbox not read");
                0
            }
        };
        if delivered > 0 && !shutdown.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = sleep(PAUSE) => {}
        }
    }
    // Else the others would wait for the lease to run out.
    if let Err(error) = queries::release_shares(&pool, channel, &owner).await {
        warn!(channel = channel.name(), %error, "shares of the outbox not given back");
    }
}

/// One round: answers with how many messages were delivered.
async fn round(
    pool: &PgPool,
    channel: Channel,
    folder: &std::path::Path,
    owner: &str,
) -> Result<usize, sqlx::Error> {
    let shares = queries::lease_shares(pool, channel, owner, LEASE_SECS).await?;
    let waiting = queries::waiting(pool, channel, &shares, ROUND_MAX).await?;
    let mut done: (Vec<Uuid>, Vec<i64>) = (Vec::new(), Vec::new());
    let mut stuck: Option<Uuid> = None;
    for message in &waiting {
        // An account's messages come one after the other.
        if stuck == Some(message.account_id) {
            continue;
        }
        match files::deliver(folder, channel, message).await {
            Ok(()) => {
                done.0.push(message.account_id);
                done.1.push(message.seq);
            }
            Err(error) => {
                stuck = Some(message.account_id);
                postpone(pool, channel, message, &error.to_string()).await?;
            }
        }
    }
    if !done.0.is_empty() {
        queries::delete_delivered(pool, channel, &done.0, &done.1).await?;
    }
    count(pool, channel, done.0.len()).await?;
    Ok(done.0.len())
}

async fn postpone(
    pool: &PgPool,
    channel: Channel,
    message: &Waiting,
    error: &str,
) -> Result<(), sqlx::Error> {
    warn!(channel = channel.name(), account = %message.account_id, attempts = message.attempts, error,
        "message not delivered, it waits");
    queries::postpone(pool, channel, message, error).await
}

async fn count(pool: &PgPool, channel: Channel, delivered: usize) -> Result<(), sqlx::Error> {
    let (waiting, oldest_secs) = queries::backlog(pool, channel).await?;
    let name = channel.name();
    let delivered = u64::try_from(delivered).unwrap_or(u64::MAX);
    counter!("billing_outbox_delivered_total", "channel" => name).increment(delivered);
    let shown = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    gauge!("billing_outbox_waiting", "channel" => name).set(shown(waiting));
    gauge!("billing_outbox_oldest_seconds", "channel" => name).set(shown(oldest_secs));
    Ok(())
}
