//! Temporary folders that no run leaves behind for good: one that is killed cannot delete its own, so
//! whoever comes next does.

use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::leftover;
use super::place::lock;

/// Locked by a folder's owner as long as that lives.
const OWNER: &str = "owner";

/// What a folder is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A stage: a server in `postgres`, and logs.
    Stage,
    /// A server alone.
    Server,
    /// The benchmark's files.
    Bench,
}

/// A temporary folder, deleted with this; if this program is killed, by [`remove_abandoned`] of
/// another.
#[derive(Debug)]
pub struct Scratch {
    /// Deleted while the lock is held.
    folder: TempDir,
    _lock: File,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Stage, Self::Server, Self::Bench];

    /// What the folder's name begins with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Stage => "billing-stage-",
            Self::Server => "billing-pg-",
            Self::Bench => "billing-bench-",
        }
    }
}

impl Scratch {
    /// An empty folder.
    pub fn new(parent: &Path, purpose: Purpose) -> Result<Self> {
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let folder = tempfile::Builder::new()
                .prefix(purpose.prefix())
                .tempdir_in(parent)?;
            let owner = folder.path().join(OWNER);
            // Until it is locked, somebody who tidies up may take it for abandoned.
            if let Some(lock) = take(&owner)?
                && is_still_at(&lock, &owner)
            {
                return Ok(Self {
                    folder,
                    _lock: lock,
                });
            }
        }
        bail!("every new folder in {} is taken away", parent.display());
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Deletes the temporary folders whose owners are dead, and ends the servers that still run in them.
/// What cannot be deleted is told, and is no error: nobody needs it.
pub async fn remove_abandoned(parent: &Path) {
    // The server's processes tell their folder without links.
    let Ok(entries) = fs::canonicalize(parent).and_then(fs::read_dir) else {
        return;
    };
    for folder in entries.flatten().filter(is_ours).map(|entry| entry.path()) {
        match remove_if_abandoned(&folder).await {
            Ok(true) => eprintln!(
                "removed {}, left by a run that was killed",
                folder.display()
            ),
            Ok(false) => {}
            Err(error) => eprintln!(
                "{} was left by a run that was killed, and cannot be removed: {error:#}",
                folder.display()
            ),
        }
    }
}

/// By its name and its owner's account: in a folder that everybody writes to, others may use the
/// name.
fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let named = Purpose::ALL
        .iter()
        .any(|purpose| name.to_string_lossy().starts_with(purpose.prefix()));
    let own = rustix::process::geteuid().as_raw();
    // Not of what a link leads to.
    named && fs::symlink_metadata(entry.path()).is_ok_and(|is| is.is_dir() && is.uid() == own)
}

/// Answers whether it was.
async fn remove_if_abandoned(folder: &Path) -> Result<bool> {
    let Some(_lock) = take(&folder.join(OWNER))? else {
        return Ok(false);
    };
    let mut locks = Vec::new();
    for cluster in [folder.to_path_buf(), folder.join("postgres")] {
        if !cluster.join("lock").exists() {
            continue;
        }
        let Some(lock) = take(&cluster.join("lock"))? else {
            return Ok(false);
        };
        locks.push(lock);
        leftover::destroy(&cluster.join("data")).await?;
    }
    // It may hold gigabytes: whoever interrupts this need not wait.
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).context("its files do not go")
        }
        _ => Ok(true),
    }
}

/// The lock; none where somebody has it, or the folder is gone.
fn take(path: &Path) -> Result<Option<File>> {
    match lock(path) {
        Ok(taken) => Ok(taken.ok()),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether the name still leads to the file: it may have been deleted before it was locked.
fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(is), Ok(there)) => (is.dev(), is.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
