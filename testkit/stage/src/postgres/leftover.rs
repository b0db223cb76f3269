//! Processes of a cluster whose supervisor, or whose postmaster, is gone.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep, timeout};

/// Every process that works in the data folder: the postmaster and its children, also those
/// whose postmaster was killed.
pub(super) fn processes(data: &Path) -> Vec<Pid> {
    if cfg!(target_os = "linux") {
        return working_in(data);
    }
    // Without /proc: the postmaster alone. Its orphans are noticed by the next one, which
    // refuses to start until they are gone.
    postmaster(data)
        .into_iter()
        .filter(|pid| serves(*pid, data))
        .collect()
}

fn working_in(data: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .collect()
}

/// Whether it was started as the data folder's server.
fn serves(pid: Pid, data: &Path) -> bool {
    std::process::Command::new("ps")
        .args(["-ww", "-o", "args=", "-p"])
        .arg(pid.as_raw_nonzero().to_string())
        .output()
        .is_ok_and(|output| {
            let line = String::from_utf8_lossy(&output.stdout);
            line.contains("postgres") && line.contains(&*data.to_string_lossy())
        })
}

/// The postmaster that the data folder names, running or not.
fn postmaster(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

/// Ends what still runs in the data folder. The caller holds the cluster's lock, so no living
/// supervisor is robbed of its server.
pub(super) async fn end(data: &Path, socket: &Path) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(15);
    let named = postmaster(data);
    let deadline = Instant::now() + PATIENCE;
    let mut asked = false;
    // Stopped, they would hear nothing.
    signal_all(&processes(data), Signal::CONT);
    loop {
        let found = processes(data);
        if found.is_empty() {
            break;
        }
        // Orphans end by themselves when they notice that their postmaster is gone.
        if let Some(pid) = named.filter(|pid| found.contains(pid))
            && !asked
        {
            eprintln!(
                "postgres: ending a server that was left running on {}",
                data.display()
            );
            signal_all(&[pid], Signal::INT);
            asked = true;
        }
        if Instant::now() > deadline {
            bail!("processes of an earlier server do not end: {found:?}; end them by hand");
        }
        sleep(Duration::from_millis(20)).await;
    }
    forget_reused_pid(data, socket, named)
}

/// Ends what still runs in a data folder that nobody needs any more. The caller holds the cluster's
/// lock.
pub(super) async fn destroy(data: &Path) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let found = processes(data);
    // The postmaster gives back what it has of the system, if it can.
    if let Some(pid) = postmaster(data).filter(|pid| found.contains(pid)) {
        signal_all(&[pid], Signal::QUIT);
    }
    signal_all(&found, Signal::CONT);
    if timeout(PATIENCE, all_gone(data)).await.is_err() {
        signal_all(&processes(data), Signal::KILL);
        timeout(PATIENCE, all_gone(data))
            .await
            .with_context(|| format!("processes in {} do not end", data.display()))?;
    }
    Ok(())
}

async fn all_gone(data: &Path) {
    while !processes(data).is_empty() {
        sleep(Duration::from_millis(20)).await;
    }
}

/// One that has ended meanwhile needs no signal.
fn signal_all(processes: &[Pid], signal: Signal) {
    for process in processes {
        let _ = kill_process(*process, signal);
    }
}

/// A postmaster's number that by now is another program's (or that its parent never collected)
/// makes the server believe that it already runs. Nothing works in the folder any more, so its
/// lock files say nothing true.
fn forget_reused_pid(data: &Path, socket: &Path, named: Option<Pid>) -> Result<()> {
    if named.is_none_or(|pid| rustix::process::test_kill_process(pid).is_err()) {
        return Ok(());
    }
    for file in [
        data.join("postmaster.pid"),
        socket.join(".s.PGSQL.5432.lock"),
    ] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
