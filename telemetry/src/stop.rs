//! How a service is told to stop.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::admin::Readiness;

/// Cancelled when the service is to stop. That is `leave` after SIGTERM: meanwhile the service is not
/// ready and answers whatever still comes, until whoever spreads requests has seen it. It is at once after
/// SIGINT, and where a second signal comes.
pub fn on_signals(readiness: Readiness, leave: Duration) -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        let leave = tokio::select! {
            _ = terminate.recv() => leave,
            _ = interrupt.recv() => Duration::ZERO,
        };
        readiness.leave();
        info!(leave_secs = leave.as_secs(), "stopping");
        tokio::select! {
            () = sleep(leave) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopped.cancel();
    });
    Ok(stop)
}
