//! What was asked of the product and what it answered, kept outside of it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// One operation, told to its end.
#[derive(Clone, Debug)]
pub struct Operation {
    pub user: &'static str,
    pub asked: Asked,
    pub told: Told,
    /// At least one try ended without saying whether it was carried out.
    pub doubtful: bool,
}

#[derive(Clone, Debug)]
pub enum Asked {
    Grant {
        key: String,
        amount_micros: i64,
    },
    Charge {
        key: String,
        amount_micros: i64,
    },
    Place {
        key: String,
        amount_micros: i64,
        ttl_secs: i64,
    },
    Capture {
        hold_id: String,
        /// The key of the hold's placement.
        placed_by: String,
        amount_micros: i64,
    },
    Release {
        hold_id: String,
    },
    Refund {
        key: String,
        charge: String,
        /// None: all that is left.
        amount_micros: Option<i64>,
    },
}

#[derive(Clone, Debug)]
pub enum Told {
    /// Money moved, by this entry.
    Entry {
        entry_id: String,
        moved_micros: i64,
        replayed: bool,
    },
    /// The amount is held.
    Held {
        hold_id: String,
        replayed: bool,
    },
    /// The hold was given back.
    Freed,
    Denied,
    /// Refused: the hold has ended in this state.
    HoldEnded(String),
    /// Refused: more than is left of the charge.
    RefundTooMuch,
    /// Something that no caller should ever be told, or no definite answer in all the time.
    Astray(String),
}

/// Takes operations from many workers.
#[derive(Debug, Default)]
pub struct Journal {
    operations: Mutex<Vec<Operation>>,
    count: watch::Sender<usize>,
}

impl Journal {
    pub fn record(&self, operation: Operation) {
        let mut operations = self
            .operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        operations.push(operation);
        self.count.send_replace(operations.len());
    }

    /// Waits until so many more operations have been answered.
    pub async fn grown_by(&self, more: usize) {
        let mut count = self.count.subscribe();
        let wanted = *count.borrow() + more;
        // The sender lives in self.
        let _ = count.wait_for(|count| *count >= wanted).await;
    }

    pub fn operations(&self) -> Vec<Operation> {
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
