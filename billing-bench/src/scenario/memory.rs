//! How much memory a process has, watched while it works.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_millis(20);

/// Samples a process's resident memory until it is asked for them.
pub struct Watch {
    samples: JoinHandle<Vec<Sample>>,
    stop: tokio::sync::oneshot::Sender<()>,
}

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Since the beginning that the watch was given.
    pub at: Duration,
    pub kib: u64,
}

impl Watch {
    pub fn start(pid: u32, began: Instant) -> Self {
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let samples = tokio::spawn(async move {
            let mut samples = Vec::new();
            let mut turns = interval(EVERY);
            turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                tokio::select! {
                    _ = &mut stopped => return samples,
                    _ = turns.tick() => {}
                }
                if let Ok(kib) = resident_kib(pid) {
                    let at = began.elapsed();
                    samples.push(Sample { at, kib });
                }
            }
        });
        Self { samples, stop }
    }

    pub async fn end(self) -> Result<Vec<Sample>> {
        // A watch that has ended by itself has its samples too.
        let _ = self.stop.send(());
        self.samples.await.context("the watch on memory failed")
    }
}

/// The most between two moments.
pub fn most_kib(samples: &[Sample], from: Duration, to: Duration) -> Option<u64> {
    samples
        .iter()
        .filter(|sample| (from..to).contains(&sample.at))
        .map(|sample| sample.kib)
        .max()
}

fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_kib(&status, "VmRSS:").context("no VmRSS in the process's status")
}

/// Of the whole machine; none where it does not say.
pub fn total_kib() -> Option<u64> {
    parse_kib(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

fn parse_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status() {
        let status = "Name:\tcore\nVmHWM:\t  9999 kB\nVmRSS:\t   12345 kB\n";
        assert_eq!(parse_kib(status, "VmRSS:"), Some(12_345));
        assert_eq!(parse_kib("Name:\tzombie\n", "VmRSS:"), None);
    }

    #[test]
    fn the_most_of_a_time_leaves_the_rest_out() {
        let sample = |secs, kib| Sample {
            at: Duration::from_secs(secs),
            kib,
        };
        let samples = [sample(0, 90), sample(1, 20), sample(2, 30), sample(3, 80)];
        let secs = Duration::from_secs;
        assert_eq!(most_kib(&samples, secs(1), secs(3)), Some(30));
        assert_eq!(most_kib(&samples, secs(4), secs(9)), None);
    }
}
