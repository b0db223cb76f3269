//! What is refused or cut off since there is too much of it: each is counted, and the log has a line
//! once in a while.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const LOG_PAUSE: Duration = Duration::from_secs(10);

static TURNED_AWAY: Mutex<Unsaid> = Mutex::new(Unsaid::NOTHING);
static NOT_ACCEPTED: Mutex<Unsaid> = Mutex::new(Unsaid::NOTHING);

struct Unsaid {
    number: u64,
    said: Option<Instant>,
}

impl Unsaid {
    const NOTHING: Self = Self {
        number: 0,
        said: None,
    };

    /// Counts one more. How many there were since it was last said, where it is time to say so.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.number = self.number.saturating_add(1);
        let recently = |at: Instant| now.saturating_duration_since(at) < LOG_PAUSE;
        if self.said.is_some_and(recently) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.number))
    }
}

/// `what` is one of few: a label of the metric.
pub(crate) fn count(what: &'static str) {
    metrics::counter!("http.server.turned_away", "what" => what).increment(1);
    if let Some(number) = add(&TURNED_AWAY) {
        tracing::warn!(number, last = what, "too much at once: some is turned away");
    }
}

/// No connection could be accepted.
pub(crate) fn not_accepted(error: &io::Error) {
    if let Some(number) = add(&NOT_ACCEPTED) {
        tracing::warn!(number, %error, "no connection can be accepted");
    }
}

fn add(unsaid: &Mutex<Unsaid>) -> Option<u64> {
    let mut unsaid = unsaid.lock().unwrap_or_else(PoisonError::into_inner);
    unsaid.add(Instant::now())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Unsaid;

    #[test]
    fn a_thousand_refusals_in_a_second_are_said_once_and_counted() {
        let mut unsaid = Unsaid::NOTHING;
        let start = Instant::now();
        assert_eq!(unsaid.add(start), Some(1));
        for millis in 0..1000 {
            assert_eq!(unsaid.add(start + Duration::from_millis(millis)), None);
        }
        assert_eq!(unsaid.add(start + Duration::from_secs(10)), Some(1001));
    }
}
