//! Child processes that do not outlive this one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::config;

/// A command that ends with this program even if that is killed: by `setpriv` (util-linux)
/// where there is one. Elsewhere it ends only with [`Command::kill_on_drop`] and the like.
///
/// The signal comes when the *thread* that spawned the child ends, so spawn from the main thread
/// or a runtime's worker, never from `spawn_blocking`.
pub fn bound_to_parent(program: &Path, signal: &str) -> Command {
    if find_program("setpriv").is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Where the search path has the program.
pub fn find_program(name: &str) -> Option<PathBuf> {
    config::search_path()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Opens a log for appending. What has grown beyond 16 MiB is set aside as `<name>.old` first.
pub fn open_log(path: &Path) -> Result<File> {
    const SET_ASIDE_BYTES: u64 = 16 << 20;
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > SET_ASIDE_BYTES) {
        let aside = path.with_added_extension("old");
        fs::rename(path, &aside).with_context(|| format!("cannot set {} aside", path.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// How long a log is now: where what follows will begin.
pub fn log_end(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// What a log holds from a position on, at most its last 16 KiB; empty where it cannot be read.
pub fn log_since(path: &Path, position: u64) -> String {
    const SHOWN_BYTES: u64 = 16 << 10;
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let from = position.max(log_end(path).saturating_sub(SHOWN_BYTES));
        // A log that cannot be read shows as empty: there is a first error to tell already.
        let _ = file
            .seek(SeekFrom::Start(from))
            .and_then(|_| file.read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last lines of a text, indented for an error message.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.split_at(lines.len().saturating_sub(count)).1;
    format!("    {}\n", shown.join("\n    "))
}

/// Returns when a person or a supervisor asks this program to end (Ctrl-C, SIGTERM, SIGHUP).
pub async fn interrupted() {
    tokio::select! {
        () = arrived(SignalKind::interrupt()) => {}
        () = arrived(SignalKind::terminate()) => {}
        () = arrived(SignalKind::hangup()) => {}
    }
}

async fn arrived(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        // Then the signal ends this program without our doing.
        Err(_) => std::future::pending().await,
    }
}
