//! Events that no core delivers itself: they are handed over to endpoints, and leave the outbox.
//!
//! A core does so only while no core at all has a broker or a folder (`outbox_channel` says so), so that one
//! that was started without the others' settings takes nothing away from a broker.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::queries::events::{are_for_endpoints, next_events, take_events};
use super::queries::{lease_shares, release_shares};
use super::relay::show;
use crate::outbox::Channel;

/// Longer than a round takes.
const LEASE_SECS: i64 = 60;
const ROUND_MAX: i64 = 500;
const PAUSE: Duration = Duration::from_millis(200);
/// Between looks at whether there is anything to do here.
const OFF_PAUSE: Duration = Duration::from_secs(1);
/// Counting what waits reads all of it.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// What a round came to.
enum Ended {
    /// Events are off, or some core delivers them.
    Off,
    Idle,
    /// More may wait.
    HandedOver(u64),
}

/// Hands events over until `shutdown`. Several cores share the work.
pub(super) async fn run(pool: PgPool, shutdown: CancellationToken) {
    let owner = Uuid::now_v7().to_string();
    let (mut handed_over, mut shown_at): (u64, Option<Instant>) = (0, None);
    let mut has_shares = false;
    loop {
        let ended = round(&pool, &owner).await.unwrap_or_else(|error| {
            warn!(channel = Channel::Event.name(), %error, "outbox not read");
            Ended::Off
        });
        let is_off = matches!(ended, Ended::Off);
        if is_off && std::mem::take(&mut has_shares) {
            give_back(&pool, &owner).await;
        }
        has_shares |= !is_off;
        let pause = match ended {
            Ended::Off => OFF_PAUSE,
            Ended::Idle => PAUSE,
            Ended::HandedOver(number) => {
                handed_over = handed_over.saturating_add(number);
                Duration::ZERO
            }
        };
        let is_shown = shown_at.is_some_and(|at| at.elapsed() < SHOW_EVERY);
        if !is_off && !is_shown {
            shown_at = Some(Instant::now());
            if let Err(error) = show(&pool, Channel::Event, std::mem::take(&mut handed_over)).await
            {
                warn!(%error, "events that wait not counted");
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    give_back(&pool, &owner).await;
}

/// Else the others would wait for the lease to run out.
async fn give_back(pool: &PgPool, owner: &str) {
    if let Err(error) = release_shares(pool, Channel::Event, owner).await {
        warn!(channel = Channel::Event.name(), %error, "shares of the outbox not given back");
    }
}

async fn round(pool: &PgPool, owner: &str) -> Result<Ended, sqlx::Error> {
    if !are_for_endpoints(pool).await? {
        return Ok(Ended::Off);
    }
    let shares = lease_shares(pool, Channel::Event, owner, LEASE_SECS).await?;
    let (accounts, seqs) = next_events(pool, &shares, ROUND_MAX).await?;
    if accounts.is_empty() {
        return Ok(Ended::Idle);
    }
    take_events(pool, &accounts, &seqs).await?;
    Ok(Ended::HandedOver(
        u64::try_from(accounts.len()).unwrap_or(u64::MAX),
    ))
}
