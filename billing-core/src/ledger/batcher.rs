//! Concurrent requests share one transaction instead of waiting for each other.
//!
//! A few lanes, one connection each; an account's lane is the same in every core. A lane takes what
//! queued while its previous batch was in flight: there is no timer, and a lone request pays for
//! nothing but its own transaction. No answer leaves before COMMIT has been answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billing_telemetry::span::Span;
use metrics::{Gauge, describe_gauge, gauge};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::command::Command;
use super::decide::{Answer, Refusal};
use super::lane::Lane;
use crate::database::Database;
use crate::price::CataloguePulse;

/// How the batcher is laid out.
#[derive(Clone, Copy, Debug)]
pub struct BatcherOptions {
    /// Connections that write, each with its own share of the accounts.
    pub lanes: usize,
    /// Most commands in one transaction.
    pub batch_max: usize,
    /// Most commands that may wait in one lane.
    pub queue_max: usize,
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many wait. This attempt was not begun.
    #[error("too many requests are waiting")]
    Overloaded,
    /// No answer in time. Whether the command was carried out is unknown to the caller.
    #[error("no answer by the deadline")]
    DeadlineExceeded,
    /// This attempt did nothing. An earlier one with the same key may stand at its COMMIT.
    #[error("the database cannot be reached")]
    Unavailable,
    /// This attempt did nothing. Whoever keeps the lock may be an earlier one with the same key.
    #[error("another session keeps the account locked")]
    Locked,
    /// The connection was lost at COMMIT, and what became of it could not be learned in time.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// Refused by the database, and logged. This attempt did nothing.
    #[error("internal error")]
    Internal,
}

/// A command on its way, and who waits for it.
pub(super) struct Job {
    pub command: Command,
    pub waiter: Waiter,
}

pub(super) struct Waiter {
    pub deadline: Instant,
    /// Since when it has waited for what another session keeps locked.
    pub aside_since: Option<Instant>,
    /// The call's.
    pub span: Span,
    reply: oneshot::Sender<Result<Answer, LedgerError>>,
}

impl Waiter {
    /// Nobody waits for the answer any more.
    pub fn is_gone(&self, now: Instant) -> bool {
        self.deadline <= now || self.reply.is_closed()
    }

    pub fn answer(self, answer: Result<Answer, LedgerError>) {
        // Whoever asked may have gone: the answer is stored under its key.
        drop(self.reply.send(answer));
    }
}

struct LaneHandle {
    sender: mpsc::UnboundedSender<Job>,
    depth: Arc<AtomicUsize>,
    shown: Gauge,
}

/// The way into the ledger for single commands. Cheap to clone; when the last clone is gone, the
/// lanes carry out what still waits and end.
#[derive(Clone)]
pub struct Batcher {
    lanes: Arc<[LaneHandle]>,
    queue_max: usize,
}

impl Batcher {
    /// Starts the lanes; they connect when there is something to do. The tasks end when the last
    /// clone of the batcher is dropped, and must not end before.
    pub fn start(
        database: &Database,
        catalogue: &CataloguePulse,
        options: BatcherOptions,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        describe_gauge!("billing_queue_depth", "Commands that wait in a lane.");
        describe_gauge!("billing_queue_max", "Commands that may wait in a lane.");
        gauge!("billing_queue_max").set(shown(options.queue_max));
        let lanes = (0..options.lanes.max(1))
            .map(|number| {
                let (sender, jobs) = mpsc::unbounded_channel();
                let depth = Arc::new(AtomicUsize::new(0));
                let lane = Lane::new(
                    number,
                    database,
                    catalogue,
                    options.batch_max,
                    Arc::clone(&depth),
                );
                tasks.spawn(lane.run(jobs));
                let shown = gauge!("billing_queue_depth", "lane" => number.to_string());
                LaneHandle {
                    sender,
                    depth,
                    shown,
                }
            })
            .collect();
        Self {
            lanes,
            queue_max: options.queue_max,
        }
    }

    /// Shows how many wait. Not by the lanes: one that stands still would show nothing.
    pub fn show(&self) {
        for lane in self.lanes.iter() {
            lane.shown.set(shown(lane.depth.load(Ordering::Relaxed)));
        }
    }

    /// Carries out one command, together with whatever else waits. What it answers is committed.
    pub async fn submit(&self, command: Command, deadline: Instant) -> Result<Answer, LedgerError> {
        let lane = self.lane(&command);
        if lane.depth.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            lane.depth.fetch_sub(1, Ordering::Relaxed);
            return Err(LedgerError::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        let waiter = Waiter {
            deadline,
            aside_since: None,
            span: Span::current(),
            reply,
        };
        let job = Job { command, waiter };
        if lane.sender.send(job).is_err() {
            return Err(LedgerError::Unavailable);
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            // The lane is gone, and the process is ending.
            Ok(Err(_)) => Err(LedgerError::OutcomeUnknown),
            Err(_) => Err(LedgerError::DeadlineExceeded),
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is at least one lane, and the index is below their number"
    )]
    fn lane(&self, command: &Command) -> &LaneHandle {
        let lanes = self.lanes.len();
        let spread = usize::try_from(command.account.spread() & 0xffff).unwrap_or_default();
        &self.lanes[spread % lanes]
    }
}

fn shown(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
