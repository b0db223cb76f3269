//! One lane of the batcher: takes batches, carries each out in a transaction, answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::apply::ApplyError;
#[cfg(feature = "seeded-bugs")]
use super::attempt::reply_first;
use super::attempt::{Failure, Outcome, attempt};
use super::batcher::{Job, LedgerError, Waiter};
use super::command::Command;
use super::decide::Answer;
use super::fair_queue::FairQueue;
use super::queries;
use super::session::Session;
use crate::database::Database;
use crate::id::AccountId;
use crate::price::CataloguePulse;

const ATTEMPTS: usize = 3;
/// For the question whose rows are locked, which waits for nothing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two looks for a server that was lost at COMMIT.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Lane {
    number: usize,
    session: Session,
    catalogue: CataloguePulse,
    batch_max: usize,
    depth: Arc<AtomicUsize>,
    meters: Meters,
}

struct Meters {
    batch_size: Histogram,
    batch_duration: Histogram,
    queue_depth: Gauge,
    retried: Counter,
    refused_by_database: Counter,
}

impl Meters {
    fn new(lane: usize) -> Self {
        let lane = lane.to_string();
        Self {
            batch_size: histogram!("billing_batch_size", "lane" => lane.clone()),
            batch_duration: histogram!("billing_batch_duration_seconds", "lane" => lane.clone()),
            queue_depth: gauge!("billing_queue_depth", "lane" => lane.clone()),
            retried: counter!("billing_batch_retries_total", "lane" => lane.clone()),
            refused_by_database: counter!("billing_batch_refused_by_database_total", "lane" => lane),
        }
    }

    /// Counts what nothing but a defect explains.
    fn refused(&self, meaning: Option<&str>) {
        if meaning.is_none() {
            self.refused_by_database.increment(1);
        }
    }

    fn batch(&self, size: usize, elapsed: Duration) {
        self.batch_size
            .record(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        self.batch_duration.record(elapsed);
    }
}

/// Commands that share a transaction, and who waits for each.
struct Part {
    commands: Vec<Command>,
    waiting: Vec<Waiter>,
    /// A transaction with these commands may have committed already.
    in_doubt: bool,
}

/// What became of a part.
enum Ending {
    Committed(Vec<Outcome>),
    /// The database refused something in it.
    Refused(ApplyError),
    /// Somebody holds the lock of an account in it. Nothing was done.
    Blocked(ApplyError),
    /// Nothing was done.
    Unavailable,
    OutcomeUnknown,
}

impl Lane {
    pub fn new(
        number: usize,
        database: &Database,
        catalogue: &CataloguePulse,
        batch_max: usize,
        depth: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            number,
            session: Session::new(format!("lane {number}"), database),
            catalogue: catalogue.clone(),
            batch_max,
            depth,
            meters: Meters::new(number),
        }
    }

    pub async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        // The first request should not wait for the connection.
        self.session.open().await;
        let mut queue = FairQueue::default();
        loop {
            if queue.is_empty() {
                match jobs.recv().await {
                    Some(job) => queue.push(job.command.account, job),
                    None => return,
                }
                // Whoever is ready now comes along.
                tokio::task::yield_now().await;
            }
            while let Ok(job) = jobs.try_recv() {
                queue.push(job.command.account, job);
            }
            let batch = queue.take(self.batch_max);
            let waiting = self.depth.fetch_sub(batch.len(), Ordering::Relaxed) - batch.len();
            self.meters
                .queue_depth
                .set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
            self.carry_out(batch).await;
        }
    }

    /// Carries out a batch. Where the database refuses it, halves it until the culprit stands alone;
    /// where somebody has locked an account of it, goes on without that account first.
    async fn carry_out(&mut self, batch: Vec<Job>) {
        let now = Instant::now();
        let mut whole = Part {
            commands: Vec::with_capacity(batch.len()),
            waiting: Vec::with_capacity(batch.len()),
            in_doubt: false,
        };
        for Job { command, waiter } in batch {
            if waiter.is_gone(now) {
                // It has not been decided, and never will be.
                waiter.answer(Err(LedgerError::DeadlineExceeded));
            } else {
                whole.commands.push(command);
                whole.waiting.push(waiter);
            }
        }
        let mut parts = vec![whole];
        while let Some(mut part) = parts.pop() {
            match self.transact(&mut part).await {
                Ending::Committed(outcomes) => {
                    for (waiter, outcome) in part.waiting.into_iter().zip(outcomes) {
                        waiter.answer(outcome.map_err(LedgerError::from));
                    }
                }
                Ending::Blocked(cause) if part.has_several_accounts() => {
                    warn!(lane = self.number, size = part.commands.len(), %cause, "batch blocked, setting accounts aside");
                    let blocked = self.split_off_blocked(&mut part).await;
                    parts.push(blocked);
                    parts.push(part);
                }
                Ending::Refused(cause) if part.commands.len() > 1 => {
                    warn!(lane = self.number, size = part.commands.len(), %cause, "batch refused, halving it");
                    let second = part.split_off_half();
                    parts.push(second);
                    parts.push(part);
                }
                Ending::Refused(cause) => {
                    let meaning = cause.explained();
                    self.meters.refused(meaning);
                    let account = part.commands.first().map(|command| command.account);
                    error!(lane = self.number, ?account, %cause, meaning, "command refused by the database");
                    let in_doubt = part.in_doubt;
                    part.answer_all(|| {
                        if in_doubt {
                            LedgerError::OutcomeUnknown
                        } else {
                            LedgerError::Internal
                        }
                    });
                }
                Ending::Blocked(cause) => {
                    let account = part.commands.first().map(|command| command.account);
                    warn!(lane = self.number, ?account, %cause, "account locked by another session");
                    part.answer_all(|| LedgerError::Unavailable);
                }
                Ending::Unavailable => part.answer_all(|| LedgerError::Unavailable),
                Ending::OutcomeUnknown => part.answer_all(|| LedgerError::OutcomeUnknown),
            }
        }
    }

    /// Carries a part out, again and again where that may help: a few times while it is certain that
    /// nothing was done, until the last deadline while that is in doubt.
    ///
    /// A COMMIT without an answer is settled by carrying the same commands out again. They need the
    /// same row locks, so they wait until the old transaction has ended; what it committed then
    /// answers from its keys and holds, and what it did not is decided now.
    async fn transact(&mut self, part: &mut Part) -> Ending {
        let started = Instant::now();
        let Some(until) = part.waiting.iter().map(|waiter| waiter.deadline).max() else {
            return Ending::Committed(Vec::new());
        };
        let mut first_answers = None;
        for number in 1.. {
            let failure = match self.attempt(&part.commands).await {
                Ok(outcomes) => {
                    self.meters.batch(part.commands.len(), started.elapsed());
                    return Ending::Committed(settle(first_answers, outcomes));
                }
                Err(failure) => failure,
            };
            self.meters.retried.increment(1);
            let unreachable = matches!(failure, Failure::Unreachable);
            match failure {
                Failure::Refused(cause) => return Ending::Refused(cause),
                // One account must not hold up the others: no second try before it stands alone.
                Failure::Blocked(cause) if !part.in_doubt => return Ending::Blocked(cause),
                Failure::Again(cause) if number >= ATTEMPTS && !part.in_doubt => {
                    return Ending::Refused(cause);
                }
                // In doubt, it may be the old transaction that still holds it.
                Failure::Again(cause) | Failure::Blocked(cause) => {
                    info!(lane = self.number, %cause, "batch tried again");
                }
                Failure::Lost(cause) => {
                    warn!(lane = self.number, %cause, "database lost before commit");
                    self.session.close();
                }
                Failure::Unreachable => self.session.close(),
                Failure::LostAtCommit(outcomes) => {
                    warn!(
                        lane = self.number,
                        "database lost at commit, carrying the batch out again"
                    );
                    self.session.close();
                    part.in_doubt = true;
                    first_answers.get_or_insert(outcomes);
                }
            }
            if !part.in_doubt && (unreachable || number >= ATTEMPTS) {
                return Ending::Unavailable;
            }
            if part.in_doubt {
                if Instant::now() >= until {
                    return Ending::OutcomeUnknown;
                }
                sleep(PAUSE).await;
            }
        }
        Ending::Unavailable
    }

    /// Takes out of the part the commands of accounts that somebody has locked; half of it, where
    /// that cannot be seen any more.
    async fn split_off_blocked(&mut self, part: &mut Part) -> Part {
        let ids: Vec<Uuid> = part
            .commands
            .iter()
            .map(|command| command.account.uuid())
            .collect();
        let free = match self.session.open().await {
            None => Vec::new(),
            Some(connection) => {
                let asking = queries::unlocked_accounts(connection, &ids);
                let answer = timeout(PROBE_TIMEOUT, asking).await;
                if let Ok(Ok(free)) = answer {
                    free
                } else {
                    self.session.close();
                    Vec::new()
                }
            }
        };
        let free: HashSet<AccountId> = free.into_iter().collect();
        let blocked = part.split_off(|command| !free.contains(&command.account));
        if part.commands.is_empty() {
            *part = blocked;
            return part.split_off_half();
        }
        if blocked.commands.is_empty() {
            return part.split_off_half();
        }
        blocked
    }

    async fn attempt(&mut self, commands: &[Command]) -> Result<Vec<Outcome>, Failure> {
        let prices = self.catalogue.reading();
        #[cfg(feature = "seeded-bugs")]
        if crate::seeded::is(crate::seeded::Bug::ReplyBeforeCommit) {
            return reply_first(&mut self.session, &prices, commands).await;
        }
        let Some(session) = self.session.open().await else {
            return Err(Failure::Unreachable);
        };
        attempt(session, &prices, commands).await
    }
}

impl Part {
    fn has_several_accounts(&self) -> bool {
        let mut accounts = self.commands.iter().map(|command| command.account);
        let first = accounts.next();
        accounts.any(|account| Some(account) != first)
    }

    /// Takes those commands out, and those who wait for them.
    fn split_off(&mut self, which: impl Fn(&Command) -> bool) -> Self {
        let commands = std::mem::take(&mut self.commands);
        let waiting = std::mem::take(&mut self.waiting);
        let mut off = Self {
            commands: Vec::new(),
            waiting: Vec::new(),
            in_doubt: self.in_doubt,
        };
        for (command, waiter) in commands.into_iter().zip(waiting) {
            let part = if which(&command) {
                &mut off
            } else {
                &mut *self
            };
            part.commands.push(command);
            part.waiting.push(waiter);
        }
        off
    }

    fn split_off_half(&mut self) -> Self {
        let half = self.commands.len() / 2;
        Self {
            commands: self.commands.split_off(half),
            waiting: self.waiting.split_off(half),
            in_doubt: self.in_doubt,
        }
    }

    fn answer_all(self, error: impl Fn() -> LedgerError) {
        for waiter in self.waiting {
            waiter.answer(Err(error()));
        }
    }
}

/// The outcomes of a batch that was carried out again: what only repeats the first answer is that
/// answer, and no replay to whoever asked once.
fn settle(first_answers: Option<Vec<Outcome>>, outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let Some(first_answers) = first_answers else {
        return outcomes;
    };
    outcomes
        .into_iter()
        .zip(first_answers)
        .map(|outcomes| match outcomes {
            (Ok(again), Ok(first))
                if again.replayed
                    && again.entry == first.entry
                    && again.hold_id() == first.hold_id() =>
            {
                Ok(Answer {
                    replayed: first.replayed,
                    ..again
                })
            }
            (again, _) => again,
        })
        .collect()
}
