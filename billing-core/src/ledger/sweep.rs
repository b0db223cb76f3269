//! What falls due without a call: holds expire, and users are told what it was too early to tell them.

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::batcher::Batcher;
use super::command::{Action, Command};
use super::queries::{due_warnings, expired_holds};

const SWEEP_EVERY: Duration = Duration::from_millis(500);
const SWEEP_MAX: i64 = 500;
/// What is not carried out in this time is found by the next sweep.
const DEADLINE: Duration = Duration::from_secs(5);

/// Gives back what expired holds had set aside, within a second, and looks at warnings that are due, until
/// `shutdown`. Several cores may sweep the same: each hold expires once, and a user is told once.
pub async fn sweep(pool: PgPool, batcher: Batcher, shutdown: CancellationToken) {
    loop {
        match sweep_once(&pool, &batcher).await {
            Ok(Swept::MoreMayWait) => continue,
            Ok(Swept::All) => {}
            Err(error) => warn!(%error, "expired holds and due warnings not swept"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(SWEEP_EVERY) => {}
        }
    }
}

enum Swept {
    All,
    MoreMayWait,
}

async fn sweep_once(pool: &PgPool, batcher: &Batcher) -> Result<Swept, sqlx::Error> {
    let holds = expired_holds(pool, SWEEP_MAX).await?;
    let warnings = due_warnings(pool, SWEEP_MAX).await?;
    let is_full = [holds.len(), warnings.len()]
        .into_iter()
        .any(|found| i64::try_from(found) == Ok(SWEEP_MAX));
    let expiries = holds
        .into_iter()
        .map(|(account, hold)| (account, Action::Expire(hold)));
    let warnings = warnings
        .into_iter()
        .map(|account| (account, Action::WarnAgain));
    let mut due = JoinSet::new();
    let deadline = Instant::now() + DEADLINE;
    for (account, action) in expiries.chain(warnings) {
        let batcher = batcher.clone();
        let command = Command { account, action };
        due.spawn(async move { batcher.submit(command, deadline).await });
    }
    let mut failed = 0;
    while let Some(done) = due.join_next().await {
        failed += usize::from(!matches!(done, Ok(Ok(_))));
    }
    if failed > 0 {
        warn!(failed, "left for the next sweep");
    }
    Ok(if is_full && failed == 0 {
        Swept::MoreMayWait
    } else {
        Swept::All
    })
}
