//! A log that says the same only once a minute, and how often it was left out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const ONCE_A: Duration = Duration::from_mins(1);

/// Tools can be named by callers; so many and reasons are told apart.
const TOLD_APART: usize = 1000;

/// When each tool and reason was last said.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    said: Mutex<HashMap<(String, String), Said>>,
}

#[derive(Debug)]
struct Said {
    at: Instant,
    left_out: u64,
}

impl Quiet {
    /// A call of the tool was refused without a decision of the core.
    pub(crate) fn refused(&self, tool: &str, reason: &str, detail: &str) {
        if let Some(left_out) = self.is_due(tool, reason, Instant::now()) {
            tracing::error!(
                tool,
                reason,
                detail,
                left_out,
                "a call was refused: billing gives no clear yes"
            );
        }
    }

    /// A call of the tool passed without a decision of the core.
    pub(crate) fn passed(&self, tool: &str, reason: &str, detail: &str) {
        if let Some(left_out) = self.is_due(tool, &format!("passed: {reason}"), Instant::now()) {
            tracing::warn!(
                tool,
                reason,
                detail,
                left_out,
                "a call passed without a decision and is charged later"
            );
        }
    }

    /// A call of the tool ended well and reported nothing.
    pub(crate) fn unreported(&self, tool: &str) {
        if let Some(left_out) = self.is_due(tool, "unreported", Instant::now()) {
            tracing::warn!(
                tool,
                left_out,
                "a call reported nothing and is charged as estimated"
            );
        }
    }

    /// A hold of the tool could not be made to live longer.
    pub(crate) fn not_extended(&self, tool: &str, reason: &str, detail: &str) {
        if let Some(left_out) = self.is_due(tool, &format!("extend: {reason}"), Instant::now()) {
            tracing::warn!(
                tool,
                reason,
                detail,
                left_out,
                "a hold could not be extended"
            );
        }
    }

    /// Whether it is to be said now, and how often it was not since the last time.
    fn is_due(&self, tool: &str, reason: &str, now: Instant) -> Option<u64> {
        let mut said = self.said();
        let what = (tool.to_owned(), reason.to_owned());
        if let Some(last) = said.get_mut(&what) {
            if now.saturating_duration_since(last.at) < ONCE_A {
                last.left_out += 1;
                return None;
            }
            last.at = now;
            return Some(std::mem::take(&mut last.left_out));
        }
        if said.len() >= TOLD_APART {
            said.retain(|_, last| now.saturating_duration_since(last.at) < ONCE_A);
        }
        if said.len() < TOLD_APART {
            let left_out = 0;
            said.insert(what, Said { at: now, left_out });
        }
        Some(0)
    }

    fn said(&self) -> MutexGuard<'_, HashMap<(String, String), Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ONCE_A, Quiet};

    #[test]
    fn a_tool_and_a_reason_are_said_once_a_minute_with_the_number_left_out() {
        let quiet = Quiet::default();
        let start = Instant::now();
        assert_eq!(quiet.is_due("search", "UNAVAILABLE", start), Some(0));
        for second in [0, 1, 59] {
            let at = start + Duration::from_secs(second);
            assert_eq!(quiet.is_due("search", "UNAVAILABLE", at), None);
        }
        assert_eq!(quiet.is_due("search", "CANCELLED", start), Some(0));
        assert_eq!(quiet.is_due("ping", "UNAVAILABLE", start), Some(0));
        let later = start + ONCE_A;
        assert_eq!(quiet.is_due("search", "UNAVAILABLE", later), Some(3));
    }
}
