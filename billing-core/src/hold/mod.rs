//! Holds: amounts set aside for one call. How they are placed and how they end is decided in the
//! ledger; here is the sweep.

pub mod grpc;

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::ledger::{Action, Batcher, Command, expired_holds};

const SWEEP_EVERY: Duration = Duration::from_millis(500);
const SWEEP_MAX: i64 = 500;
/// An expiry that is not carried out in this time is found by the next sweep.
const EXPIRY_DEADLINE: Duration = Duration::from_secs(5);

/// Gives back what expired holds had set aside, within a second, until `shutdown`. Several cores
/// may sweep the same holds: each expires once.
pub async fn sweep(pool: PgPool, batcher: Batcher, shutdown: CancellationToken) {
    loop {
        match sweep_once(&pool, &batcher).await {
            // More may be waiting.
            Ok(swept) if i64::try_from(swept) == Ok(SWEEP_MAX) => continue,
            Ok(_) => {}
            Err(error) => warn!(%error, "expired holds not swept"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(SWEEP_EVERY) => {}
        }
    }
}

async fn sweep_once(pool: &PgPool, batcher: &Batcher) -> Result<usize, sqlx::Error> {
    let holds = expired_holds(pool, SWEEP_MAX).await?;
    let swept = holds.len();
    let mut expiries = JoinSet::new();
    let deadline = Instant::now() + EXPIRY_DEADLINE;
    for (account, hold) in holds {
        let batcher = batcher.clone();
        let command = Command {
            account,
            action: Action::Expire(hold),
        };
        expiries.spawn(async move { batcher.submit(command, deadline).await });
    }
    let mut failed = 0;
    while let Some(expiry) = expiries.join_next().await {
        failed += usize::from(!matches!(expiry, Ok(Ok(_))));
    }
    if failed > 0 {
        warn!(failed, "expired holds left for the next sweep");
        return Ok(0);
    }
    Ok(swept)
}
