//! Lines in the log for what took long, and no more of them than somebody can read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;

/// Lines a second for what took long.
const LINES_MAX: u32 = 10;

/// The setting, to be flattened into a service's own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs and traces")]
pub struct SlowOptions {
    /// Milliseconds from which on an answer is told of in the log, with its trace. 0: none is
    #[arg(
        long,
        env = "BILLING_SLOW_MS",
        value_name = "MILLISECONDS",
        default_value_t = 1000
    )]
    pub slow_ms: u64,
}

/// Which answers are told of as slow. Clones count together.
#[derive(Clone, Debug)]
pub struct SlowLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// None: no answer is.
    threshold: Option<Duration>,
    lines: Allowance,
}

impl From<&SlowOptions> for SlowLog {
    fn from(options: &SlowOptions) -> Self {
        let threshold = Duration::from_millis(options.slow_ms);
        Self(Arc::new(Inner {
            threshold: Some(threshold).filter(|threshold| !threshold.is_zero()),
            lines: Allowance::new(LINES_MAX, Duration::from_secs(1)),
        }))
    }
}

impl SlowLog {
    /// Where an answer that took so long is to be told of: how many were not, since the last one.
    pub fn admit(&self, elapsed: Duration) -> Option<u64> {
        if self.0.threshold.is_none_or(|threshold| elapsed < threshold) {
            return None;
        }
        self.0.lines.admit()
    }
}

/// So many in a period, and how many were left out.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: u32,
    period: Duration,
    count: Mutex<Count>,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    admitted: u32,
    left_out: u64,
}

impl Allowance {
    pub(crate) fn new(most: u32, period: Duration) -> Self {
        let count = Mutex::new(Count {
            since: Instant::now(),
            admitted: 0,
            left_out: 0,
        });
        Self {
            most,
            period,
            count,
        }
    }

    pub(crate) fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(count.since) >= self.period {
            count.since = now;
            count.admitted = 0;
        }
        if count.admitted >= self.most {
            count.left_out += 1;
            return None;
        }
        count.admitted += 1;
        Some(std::mem::take(&mut count.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Allowance, SlowLog, SlowOptions};

    #[test]
    fn what_is_left_out_is_counted_for_the_next_line() {
        let allowance = Allowance::new(2, Duration::from_secs(1));
        let now = Instant::now();
        let told =
            [0, 1, 2, 3].map(|millis| allowance.admit_at(now + Duration::from_millis(millis)));
        assert_eq!(told, [Some(0), Some(0), None, None]);
        let later = now + Duration::from_secs(2);
        assert_eq!(allowance.admit_at(later), Some(2));
        assert_eq!(allowance.admit_at(later), Some(0));
    }

    #[test]
    fn a_threshold_of_nothing_tells_of_no_answer() {
        let long = Duration::from_hours(1);
        assert_eq!(SlowLog::from(&SlowOptions { slow_ms: 0 }).admit(long), None);
        let slow = SlowLog::from(&SlowOptions { slow_ms: 1000 });
        assert_eq!(slow.admit(Duration::from_millis(999)), None);
        assert_eq!(slow.admit(Duration::from_secs(1)), Some(0));
    }
}
