//! What came of the operations, counted by those that carry them out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::Outcome;
use super::errand::Failure;

/// Longer is counted as this long.
const LONGEST: Duration = Duration::from_mins(2);

/// Of one thread: its lock is always free.
#[derive(Clone)]
pub struct Tally(Arc<Mutex<Outcome>>);

impl Tally {
    pub fn new() -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(nothing()?))))
    }

    fn counts(&self) -> MutexGuard<'_, Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self, ended: &Result<(), Failure>, took: Duration) {
        let mut counts = self.counts();
        match ended {
            Ok(()) => {
                counts.answered += 1;
                counts.latency.saturating_record(micros(took));
            }
            Err(failure) => *counts.errors.entry(failure.label()).or_default() += 1,
        }
    }

    /// Calls of which nothing was heard.
    pub fn count_silence(&self, calls: u64) {
        let mut counts = self.counts();
        *counts.errors.entry(Failure::Silence.label()).or_default() += calls;
    }

    pub fn outcome(&self, elapsed: Duration, own_cpu: Duration) -> Outcome {
        Outcome {
            elapsed,
            own_cpu,
            ..self.counts().clone()
        }
    }
}

/// Three digits of latencies are kept.
fn nothing() -> Result<Outcome> {
    Ok(Outcome {
        answered: 0,
        errors: BTreeMap::new(),
        latency: Histogram::new_with_bounds(1, micros(LONGEST), 3)?,
        elapsed: Duration::ZERO,
        own_cpu: Duration::ZERO,
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Of threads that worked side by side.
pub fn together(outcomes: Vec<Outcome>) -> Result<Outcome> {
    let mut whole = nothing()?;
    for outcome in outcomes {
        whole.answered += outcome.answered;
        for (label, count) in outcome.errors {
            *whole.errors.entry(label).or_default() += count;
        }
        whole.latency.add(outcome.latency)?;
        whole.elapsed = whole.elapsed.max(outcome.elapsed);
        whole.own_cpu += outcome.own_cpu;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_did_side_by_side_is_added_but_not_its_time() {
        let one = Tally::new().unwrap();
        one.count(&Ok(()), Duration::from_micros(100));
        one.count(&Ok(()), Duration::from_micros(200));
        let other = Tally::new().unwrap();
        other.count(&Ok(()), Duration::from_millis(3));
        other.count(&Err(Failure::Silence), Duration::from_secs(9));
        other.count_silence(2);
        let secs = Duration::from_secs;
        let whole = together(vec![
            one.outcome(secs(2), secs(1)),
            other.outcome(secs(3), secs(1)),
        ])
        .unwrap();
        assert_eq!(whole.answered, 3);
        assert_eq!(whole.errors, BTreeMap::from([("NO_ANSWER".to_owned(), 3)]));
        assert_eq!(whole.latency.len(), 3, "what failed has no latency");
        assert_eq!(whole.latency.min(), 100);
        assert_eq!((whole.elapsed, whole.own_cpu), (secs(3), secs(2)));
    }
}
