//! What came of the operations, counted by those that carry them out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::Outcome;
use super::errand::Failure;

/// Longer is counted as this long.
const LONGEST: Duration = Duration::from_mins(2);

/// Of one thread: its lock is always free.
#[derive(Clone)]
pub struct Tally(Arc<Mutex<Counts>>);

struct Counts {
    answered: u64,
    errors: BTreeMap<String, u64>,
    latency: Histogram<u64>,
}

impl Tally {
    pub fn new() -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Counts {
            answered: 0,
            errors: BTreeMap::new(),
            latency: new_histogram()?,
        }))))
    }

    pub fn count(&self, ended: &Result<(), Failure>, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(()) => counts.answered += 1,
            Err(failure) => {
                *counts.errors.entry(failure.label()).or_default() += 1;
                return;
            }
        }
        counts.latency.saturating_record(micros(took));
    }

    /// Calls of which nothing was heard.
    pub fn count_silence(&self, calls: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.errors.entry(Failure::Silence.label()).or_default() += calls;
    }

    pub fn outcome(&self, elapsed: Duration, own_cpu: Duration) -> Outcome {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            answered: counts.answered,
            errors: counts.errors.clone(),
            latency: counts.latency.clone(),
            elapsed,
            own_cpu,
        }
    }
}

/// Three digits are kept.
pub fn new_histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, micros(LONGEST), 3)?)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Of threads that worked side by side.
pub fn together(outcomes: Vec<Outcome>) -> Result<Outcome> {
    let mut whole = Outcome {
        answered: 0,
        errors: BTreeMap::new(),
        latency: new_histogram()?,
        elapsed: Duration::ZERO,
        own_cpu: Duration::ZERO,
    };
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
