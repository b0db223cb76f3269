//! Charges at given rates, each on time whatever became of the ones before it.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::load::charge_request;
use crate::scenario::callers::{Callers, Line, key};
use crate::scenario::told::Told;

/// So much is asked for so long.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    pub per_second: u64,
    pub lasts: Duration,
}

/// A call to its end. Times are since the load began.
#[derive(Clone, Debug)]
pub struct Call {
    pub number: u64,
    pub sent: Duration,
    pub answered: Duration,
    pub told: Told,
}

/// Sends the phases' charges over the accounts in turn, and waits for the end of each.
pub async fn offer(
    line: Line,
    phases: Vec<Phase>,
    accounts: u64,
    began: Instant,
) -> Result<Vec<Call>> {
    let callers = Callers::connect(&line).await?;
    let (sender, mut ended) = mpsc::unbounded_channel();
    let length: Duration = phases.iter().map(|phase| phase.lasts).sum();
    let mut turns = interval(Duration::from_millis(1));
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut next = 0;
    let mut calls = Vec::new();
    loop {
        turns.tick().await;
        let elapsed = began.elapsed();
        let due = due(&phases, elapsed);
        for number in next..due {
            let (callers, sender) = (callers.clone(), sender.clone());
            tokio::spawn(async move {
                let sent = began.elapsed();
                let charge = charge_request(number % accounts, key(number), 1);
                let told = callers.send(number, &charge).await;
                let answered = began.elapsed();
                // The other end is there until the last call has ended.
                let _ = sender.send(Call {
                    number,
                    sent,
                    answered,
                    told,
                });
            });
        }
        next = due;
        while let Ok(call) = ended.try_recv() {
            calls.push(call);
        }
        if elapsed >= length {
            break;
        }
    }
    drop(sender);
    while let Some(call) = ended.recv().await {
        calls.push(call);
    }
    Ok(calls)
}

/// How many calls should have been sent after so much time.
fn due(phases: &[Phase], elapsed: Duration) -> u64 {
    let mut left = elapsed;
    let mut due = 0;
    for phase in phases {
        let spent = u64::try_from(left.min(phase.lasts).as_micros()).unwrap_or(u64::MAX);
        due += phase.per_second.saturating_mul(spent) / 1_000_000;
        left = left.saturating_sub(phase.lasts);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_asks_at_its_own_rate_and_no_longer_than_it_lasts() {
        let phase = |per_second, secs| Phase {
            per_second,
            lasts: Duration::from_secs(secs),
        };
        let phases = [phase(10, 2), phase(30, 1)];
        let after = |millis| due(&phases, Duration::from_millis(millis));
        assert_eq!(after(0), 0);
        assert_eq!(after(1500), 15);
        assert_eq!(after(2500), 35);
        assert_eq!(after(9000), 50);
    }
}
