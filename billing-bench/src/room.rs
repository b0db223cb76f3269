//! How much of the disk a run may take.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

/// Where a stage's server keeps its data.
pub const FOLDER: &str = "/tmp";

/// What must be free at the beginning.
const NEEDED_BYTES: u64 = 5 << 30;

/// What must stay free all the time.
const LEFT_BYTES: u64 = 1 << 30;

/// More than any run of the usual length takes.
const MOST_BYTES: i64 = 10 << 30;

/// Refuses to start where the disk has too little room.
pub fn require_free() -> Result<()> {
    enough(free_bytes()?)
}

/// What is free where a stage's server keeps its data.
pub fn free_bytes() -> Result<u64> {
    let volume = rustix::fs::statvfs(FOLDER)
        .with_context(|| format!("cannot ask for the free room in {FOLDER}"))?;
    Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
}

fn enough(free_bytes: u64) -> Result<()> {
    ensure!(
        free_bytes >= NEEDED_BYTES,
        "the benchmark needs {} GiB free in {FOLDER}, and there are {}: make room",
        NEEDED_BYTES >> 30,
        free_bytes >> 30
    );
    Ok(())
}

/// Ends a run whose database has grown beyond all expectation.
pub fn require_bounded(database_bytes: i64) -> Result<()> {
    ensure!(
        database_bytes <= MOST_BYTES,
        "the database has grown to {} GiB, more than the {} GiB that a run may take: choose fewer \
         --pairs or shorter --slice-secs",
        database_bytes >> 30,
        MOST_BYTES >> 30
    );
    Ok(())
}

/// Lets it go on as long as there is room: it may be filling the disk itself.
pub async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        filled = filled() => Err(filled),
    }
}

/// Returns when too little is left.
async fn filled() -> anyhow::Error {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        if let Err(error) = free_bytes().and_then(left) {
            return error;
        }
        sleep(EVERY).await;
    }
}

fn left(free_bytes: u64) -> Result<()> {
    ensure!(
        free_bytes >= LEFT_BYTES,
        "less than {} GiB are left free in {FOLDER}: make room, or choose fewer --pairs",
        LEFT_BYTES >> 30
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_bounded_at_both_ends() {
        assert!(enough(NEEDED_BYTES).is_ok());
        let refused = enough(NEEDED_BYTES - 1).unwrap_err().to_string();
        assert!(refused.contains("needs 5 GiB free"), "{refused}");
        assert!(require_bounded(MOST_BYTES).is_ok());
        let ended = require_bounded(MOST_BYTES + 1).unwrap_err().to_string();
        assert!(ended.contains("--slice-secs"), "{ended}");
        assert!(left(LEFT_BYTES).is_ok() && left(LEFT_BYTES - 1).is_err());
    }
}
