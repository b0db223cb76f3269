//! How many calls are under way, so that a backend can wait for them when it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Calls from their beginning until their end was delivered, or kept for later.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    calls: AtomicUsize,
    is_closed: AtomicBool,
    /// A call or a kept end has gone.
    pub(crate) changed: Notify,
}

/// One call, until it is dropped.
#[derive(Debug)]
pub(crate) struct Entered(Arc<UnderWay>);

impl UnderWay {
    /// None: no new calls are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Entered> {
        // Counted first, so that whoever closes sees every call that was let in.
        self.calls.fetch_add(1, Ordering::SeqCst);
        let entered = Entered(Arc::clone(self));
        (!self.is_closed()).then_some(entered)
    }

    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::UnderWay;

    #[test]
    fn a_closed_backend_takes_no_new_calls_and_counts_those_under_way() {
        let under_way = Arc::new(UnderWay::default());
        let call = under_way.enter().unwrap();
        under_way.close();
        assert!(under_way.enter().is_none());
        assert_eq!(under_way.calls(), 1);
        drop(call);
        assert_eq!(under_way.calls(), 0);
    }
}
