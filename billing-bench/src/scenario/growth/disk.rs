//! Whether there is room for a grown database.

use anyhow::{Result, ensure};

use crate::room::{FOLDER, free_bytes};

/// Refuses to start where the disk has less than this free.
pub fn require_free(needed_bytes: u64) -> Result<()> {
    let free = free_bytes()?;
    ensure!(
        free >= needed_bytes,
        "the scenario `growth` needs {} GB free in {FOLDER}, and there are {}: choose smaller \
         --growth-accounts and --growth-entries, or make room",
        gigabytes(needed_bytes),
        gigabytes(free)
    );
    Ok(())
}

/// With one decimal.
fn gigabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_refused_with_what_is_needed() {
        let refused = require_free(u64::MAX).unwrap_err().to_string();
        assert!(refused.contains("--growth-accounts"), "{refused}");
        require_free(1).unwrap();
    }

    #[test]
    fn sizes_are_told_in_gigabytes() {
        assert_eq!(gigabytes(12_345_678_901), "12.3");
        assert_eq!(gigabytes(999), "0.0");
    }
}
