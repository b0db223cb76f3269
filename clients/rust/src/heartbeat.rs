//! Lets the holds of calls under way live longer: one task for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::call::Shared;

/// Calls by the time at which their hold is extended next. Each waits equally long, so that the first is
/// always due first.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    every: Duration,
    due: Mutex<VecDeque<(Instant, Weak<Shared>)>>,
    filled: Notify,
}

/// The task ends with this.
#[derive(Debug)]
pub(crate) struct Beating(AbortHandle);

impl Heartbeat {
    pub(crate) fn new(hold_ttl: Duration) -> Arc<Self> {
        Arc::new(Self {
            every: hold_ttl / 3,
            due: Mutex::default(),
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
        let is_first = due.is_empty();
        due.push_back((Instant::now() + self.every, call));
        drop(due);
        if is_first {
            self.filled.notify_one();
        }
    }

    async fn beat(self: Arc<Self>) {
        loop {
            let next = self.due().pop_front();
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

    fn due(&self) -> MutexGuard<'_, VecDeque<(Instant, Weak<Shared>)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}
