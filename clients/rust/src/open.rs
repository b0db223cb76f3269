//! Calls that pass while the core gives no decision, and how much they may cost together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cost::Cost;

/// As for the log: tools can be named by callers.
const TOOLS: usize = 10_000;

/// What has passed without a decision and is not billed yet.
#[derive(Debug)]
pub(crate) struct OpenCalls {
    limit_micros: i64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passed_micros: i64,
    /// The most that the core has asked for each tool.
    asked_micros: HashMap<String, i64>,
}

/// Counts for its cost until it is dropped: when the call is billed, or will not be.
#[derive(Debug)]
pub(crate) struct OpenCost {
    pub(crate) micros: i64,
    calls: Arc<OpenCalls>,
}

impl OpenCalls {
    /// 0: no call passes.
    pub(crate) fn new(limit_micros: i64) -> Arc<Self> {
        Arc::new(Self {
            limit_micros,
            state: Mutex::default(),
        })
    }

    /// The core has asked so much for a call of the tool.
    pub(crate) fn asked(&self, tool: &str, micros: i64) {
        if self.limit_micros == 0 {
            return;
        }
        let mut state = self.state();
        if let Some(most) = state.asked_micros.get_mut(tool) {
            *most = micros.max(*most);
            return;
        }
        if state.asked_micros.len() < TOOLS {
            state.asked_micros.insert(tool.to_owned(), micros);
        }
    }

    /// None: the call may not pass.
    pub(crate) fn pass(self: &Arc<Self>, tool: &str, estimate: &Cost) -> Option<OpenCost> {
        if self.limit_micros == 0 {
            return None;
        }
        let mut state = self.state();
        let micros = match estimate {
            Cost::AmountMicros(micros) => *micros,
            Cost::Quantities(_) => *state.asked_micros.get(tool)?,
        };
        let sum = state.passed_micros.checked_add(micros)?;
        if sum > self.limit_micros {
            return None;
        }
        state.passed_micros = sum;
        drop(state);
        let calls = Arc::clone(self);
        Some(OpenCost { micros, calls })
    }

    /// Counts one that passed in an earlier life of this backend.
    pub(crate) fn recall(self: &Arc<Self>, micros: i64) -> OpenCost {
        let mut state = self.state();
        state.passed_micros = state.passed_micros.saturating_add(micros);
        drop(state);
        let calls = Arc::clone(self);
        OpenCost { micros, calls }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenCost {
    fn drop(&mut self) {
        let mut state = self.calls.state();
        state.passed_micros = state.passed_micros.saturating_sub(self.micros);
    }
}

#[cfg(test)]
mod tests {
    use super::OpenCalls;
    use crate::cost::Cost;

    #[test]
    fn calls_pass_up_to_the_limit_until_they_are_billed() {
        let open = OpenCalls::new(1_000_000);
        let amount = Cost::AmountMicros(400_000);
        let first = open.pass("search", &amount).unwrap();
        let _second = open.pass("search", &amount).unwrap();
        assert!(open.pass("search", &amount).is_none());
        drop(first);
        assert!(open.pass("search", &amount).is_some());
        assert!(open.pass("search", &Cost::AmountMicros(i64::MAX)).is_none());
    }

    #[test]
    fn a_tool_costs_the_most_that_was_asked_for_it_and_the_unknown_is_refused() {
        let open = OpenCalls::new(1_000_000);
        assert!(open.pass("search", &Cost::per_call()).is_none());
        for micros in [20_000, 30_000, 10_000] {
            open.asked("search", micros);
        }
        let passed = open.pass("search", &Cost::per_call()).unwrap();
        assert_eq!(passed.micros, 30_000);
        let closed = OpenCalls::new(0);
        closed.asked("search", 0);
        assert!(closed.pass("search", &Cost::per_call()).is_none());
    }
}
