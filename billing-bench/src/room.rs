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
    require(NEEDED_BYTES, "the benchmark", "make room")
}

/// Refuses to start where less is free than `who` needs.
pub fn require(needed_bytes: u64, who: &str, remedy: &str) -> Result<()> {
    enough(free_bytes()?, needed_bytes, who, remedy)
}

fn free_bytes() -> Result<u64> {
    let volume = rustix::fs::statvfs(FOLDER)
        .with_context(|| format!("cannot ask for the free room in {FOLDER}"))?;
    Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
}

fn enough(free_bytes: u64, needed_bytes: u64, who: &str, remedy: &str) -> Result<()> {
    ensure!(
        free_bytes >= needed_bytes,
        "{who} needs {} GiB free in {FOLDER}, and there are {}: {remedy}",
        gibibytes(needed_bytes),
        gibibytes(free_bytes)
    );
    Ok(())
}

/// With one decimal.
fn gibibytes(bytes: u64) -> String {
    let tenths = (bytes >> 20) * 10 / 1024;
    format!("{}.{}", tenths / 10, tenths % 10)
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
        let kept = require(LEFT_BYTES, "the run", "make room, or choose fewer --pairs");
        if let Err(error) = kept {
            return error;
        }
        sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_bounded_at_both_ends() {
        let enough = |free| enough(free, NEEDED_BYTES, "the benchmark", "make room");
        assert!(enough(NEEDED_BYTES).is_ok());
        let refused = enough(NEEDED_BYTES - 1).unwrap_err().to_string();
        assert!(
            refused.contains("needs 5.0 GiB free in /tmp, and there are 4.9"),
            "{refused}"
        );
        require(1, "nobody", "").unwrap();
        assert!(require_bounded(MOST_BYTES).is_ok());
        let ended = require_bounded(MOST_BYTES + 1).unwrap_err().to_string();
        assert!(ended.contains("--slice-secs"), "{ended}");
    }
}
