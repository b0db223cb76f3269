//! Room on the disk: enough before a soak begins, and not too much while it runs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::fs::statvfs;

use crate::options::Options;

/// What the server needs before anything is written, and its write-ahead log at most.
const SERVER_BYTES: u64 = 2 << 30;
/// Rows, indexes, and logs for one operation.
const OPERATION_BYTES: u64 = 2 << 10;
/// Where it all lies.
pub const PLACE: &str = "/tmp";

/// The most that a soak may take.
fn most(options: &Options) -> u64 {
    let operations = u64::from(options.pace()) * options.lasts().as_secs();
    SERVER_BYTES + operations * OPERATION_BYTES
}

/// An error unless there is room for all of it.
pub fn before(options: &Options) -> Result<()> {
    let place = statvfs(PLACE).with_context(|| format!("cannot see how much room {PLACE} has"))?;
    let free = place.f_bavail.saturating_mul(place.f_frsize);
    let needed = most(options);
    ensure!(
        free >= needed,
        "{PLACE} has {} MiB left, and a soak of this length may take {} MiB: make room, or let it \
         be shorter (--minutes, --seconds) or slower (--per-second)",
        free >> 20,
        needed >> 20
    );
    Ok(())
}

/// An error where it has taken more than that.
pub fn during(folder: &Path, options: &Options) -> Result<()> {
    let (taken, most) = (bytes_in(folder), most(options));
    ensure!(
        taken <= most,
        "the soak has taken {} MiB of the disk, and {} MiB were to be enough",
        taken >> 20,
        most >> 20
    );
    Ok(())
}

/// Files come and go meanwhile: what is not there any more takes no room.
fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_folder_takes_what_its_files_take() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(folder.path().join("one"), [0; 10]).unwrap();
        fs::write(inner.join("other"), [0; 20]).unwrap();
        assert_eq!(bytes_in(folder.path()), 30);
        let options = Options::parse_from(["billing-soak"]);
        assert!(during(folder.path(), &options).is_ok());
    }
}
