//! Lets the holds of calls under way live longer: one task for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::call::Shared;

/// Fewer calls are not worth a search for those that have ended.
const SWEPT_FROM: usize = 1024;

/// Calls by the time at which their hold is extended next. Each waits equally long, so that the first is
/// always due first.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    every: Duration,
    due: Mutex<Due>,
    filled: Notify,
}

#[derive(Debug)]
struct Due {
    calls: VecDeque<(Instant, Weak<Shared>)>,
    /// So many calls are searched for those that have ended, whose memory is not free until they are
    /// dropped here: with a long ttl that is long after.
    sweep_at: usize,
}

/// The task ends with this.
#[derive(Debug)]
pub(crate) struct Beating(AbortHandle);

impl Heartbeat {
    pub(crate) fn new(hold_ttl: Duration) -> Arc<Self> {
        Arc::new(Self {
            every: hold_ttl / 3,
            due: Mutex::new(Due {
                calls: VecDeque::new(),
                sweep_at: SWEPT_FROM,
            }),
            filled: Notify::new(),
        })
    }

    /// Must be called within a Tokio runtime.
    pub(crate) fn start(self: &Arc<Self>) -> Beating {
        let task = tokio::spawn(Arc::clone(self).beat());
        Beating(task.abort_handle())
    }

    /// Extends the call's hold from now on, until the call has ended.
    pub(crate) fn add(&self, call: Weak<Shared>) {
        let mut due = self.due();
        let is_first = due.calls.is_empty();
        if due.calls.len() >= due.sweep_at {
            due.calls.retain(|(_, call)| call.strong_count() > 0);
            due.sweep_at = SWEPT_FROM.max(due.calls.len() * 2);
        }
        due.calls.push_back((Instant::now() + self.every, call));
        drop(due);
        if is_first {
            self.filled.notify_one();
        }
    }

    async fn beat(self: Arc<Self>) {
        loop {
            let next = self.due().calls.pop_front();
            let Some((at, call)) = next else {
                self.filled.notified().await;
                continue;
            };
            tokio::time::sleep_until(at).await;
            let Some(call) = call.upgrade().filter(|call| call.is_working()) else {
                continue;
            };
            self.add(Arc::downgrade(&call));
            tokio::spawn(async move { call.extend().await });
        }
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::time::Duration;

    use super::{Heartbeat, SWEPT_FROM};

    #[test]
    fn calls_that_have_ended_are_forgotten_long_before_they_are_due() {
        let heartbeat = Heartbeat::new(Duration::from_hours(24));
        for _ in 0..10 * SWEPT_FROM {
            // Of a call that is gone.
            heartbeat.add(Weak::new());
            assert!(heartbeat.due().calls.len() <= SWEPT_FROM);
        }
    }
}
