//! One lane of the batcher: takes batches, carries each out in a transaction, answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use billing_telemetry::span::{Span, within};
use metrics::{Counter, Histogram, counter, histogram};
use sqlx::Connection;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::apply::ApplyError;
use super::aside::{Aside, Found, LOOK_EVERY};
use super::attempt::{Failure, Locks, Outcome, attempt};
use super::batcher::{Job, LedgerError, Waiter};
use super::command::Command;
use super::decide::Answer;
use super::fair_queue::FairQueue;
use super::moved::Moved;
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
    aside: Aside,
    meters: Meters,
    moved: Moved,
}

struct Meters {
    batch_size: Histogram,
    batch_duration: Histogram,
    retried: Counter,
    refused_by_database: Counter,
}

impl Meters {
    fn new(lane: usize) -> Self {
        let lane = lane.to_string();
        Self {
            batch_size: histogram!("billing_batch_size", "lane" => lane.clone()),
            batch_duration: histogram!("billing_batch_duration_seconds", "lane" => lane.clone()),
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
    /// Somebody holds the lock of an account in it. This attempt did nothing; that somebody may be an
    /// earlier one.
    Blocked(ApplyError),
    /// This attempt did nothing; of an earlier one nothing is known.
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
            aside: Aside::default(),
            meters: Meters::new(number),
            moved: Moved::new(),
        }
    }

    pub async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        // The first request should not wait for the connection.
        self.session.open().await;
        let mut queue = FairQueue::default();
        loop {
            if queue.is_empty() {
                match self.first(&mut jobs).await {
                    Some(job) => queue.push(job.command.account, job),
                    None if self.aside.is_empty() => return,
                    // Time to look at what is locked.
                    None => {}
                }
                // Whoever is ready now comes along.
                tokio::task::yield_now().await;
            }
            while let Ok(job) = jobs.try_recv() {
                queue.push(job.command.account, job);
            }
            let batch = queue.take(self.batch_max);
            self.depth.fetch_sub(batch.len(), Ordering::Relaxed);
            let batch = self.without_locked(batch);
            if !batch.is_empty() {
                self.carry_out(batch).await;
            }
            self.look_aside().await;
        }
    }

    /// The next command; none where there is something else to do first, or nothing will come any more.
    async fn first(&self, jobs: &mut mpsc::UnboundedReceiver<Job>) -> Option<Job> {
        if self.aside.is_empty() {
            return jobs.recv().await;
        }
        let Ok(job) = timeout(LOOK_EVERY, jobs.recv()).await else {
            return None;
        };
        if job.is_none() {
            sleep(LOOK_EVERY).await;
        }
        job
    }

    /// The batch but for the commands of accounts that are known to be locked, which are set aside.
    fn without_locked(&mut self, batch: Vec<Job>) -> Vec<Job> {
        self.aside.forget(Instant::now());
        let (locked, free): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|job| self.aside.remembers(job.command.account));
        self.set_aside(locked, Found::Row);
        free
    }

    fn set_aside(&mut self, locked: impl IntoIterator<Item = Job>, found: Found) {
        let now = Instant::now();
        for job in locked {
            self.aside.put(job, found, now);
        }
    }

    /// Carries out what waits aside and is not locked any more.
    async fn look_aside(&mut self) {
        let Some(accounts) = self.aside.due(Instant::now()) else {
            return;
        };
        let locked = self.locked_of(&accounts).await.unwrap_or_else(|| {
            // Nobody can see: as before.
            accounts.into_iter().map(AccountId::from_uuid).collect()
        });
        for free in self.aside.take_free(&locked, Instant::now()) {
            self.carry_out(free).await;
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
                    for (command, outcome) in part.commands.iter().zip(&outcomes) {
                        self.aside.forgive(command.account);
                        self.moved.count(command, outcome);
                    }
                    for (waiter, outcome) in part.waiting.into_iter().zip(outcomes) {
                        waiter.answer(outcome.map_err(LedgerError::from));
                    }
                }
                Ending::Blocked(cause) => {
                    warn!(lane = self.number, size = part.commands.len(), %cause, "batch blocked, setting accounts aside");
                    parts.extend(self.split_off_blocked(part).await);
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
            let failure = match self.traced_attempt(part, number).await {
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

    /// Sets those commands of a blocked part aside whose accounts somebody has locked. Answers with the
    /// others; with its halves, where that cannot be seen any more, and all of it is not of one account.
    async fn split_off_blocked(&mut self, mut part: Part) -> Vec<Part> {
        let ids: Vec<Uuid> = part
            .commands
            .iter()
            .map(|command| command.account.uuid())
            .collect();
        self.aside.worry(Instant::now());
        let locked = self.locked_of(&ids).await.unwrap_or_default();
        let blocked = part.split_off(|command| locked.contains(&command.account));
        if !blocked.commands.is_empty() {
            self.set_aside(blocked.into_jobs(), Found::Row);
            return vec![part];
        }
        if part.has_several_accounts() {
            let second = part.split_off_half();
            return vec![second, part];
        }
        self.set_aside(part.into_jobs(), Found::Otherwise);
        Vec::new()
    }

    /// Those of the accounts that somebody has locked; none where the database does not answer.
    async fn locked_of(&mut self, accounts: &[Uuid]) -> Option<HashSet<AccountId>> {
        let connection = self.session.open().await?;
        let asking = async {
            let mut transaction = connection.begin().await?;
            let locked = queries::locked_accounts(&mut transaction, accounts).await?;
            // A COMMIT would wait for the disk, which may be why they are locked.
            transaction.rollback().await?;
            Ok::<_, sqlx::Error>(locked)
        };
        if let Ok(Ok(locked)) = timeout(PROBE_TIMEOUT, asking).await {
            return Some(locked.into_iter().collect());
        }
        self.session.close();
        None
    }

    /// With a span where a call that waits for it has one.
    async fn traced_attempt(
        &mut self,
        part: &Part,
        number: usize,
    ) -> Result<Vec<Outcome>, Failure> {
        let calls = part.waiting.iter().map(|waiter| &waiter.span);
        let span = Span::shared("ledger.batch", calls);
        let Some(trace) = span.context() else {
            return self.attempt(&part.commands).await;
        };
        let ended = within(trace, span.clone(), self.attempt(&part.commands)).await;
        let outcome = ended.as_ref().map_or_else(Failure::name, |_| "committed");
        span.set("db.system.name", "postgresql");
        span.set("billing.lane", count(self.number));
        span.set("billing.batch.size", count(part.commands.len()));
        span.set("billing.batch.attempt", count(number));
        span.set("billing.batch.outcome", outcome);
        if ended.is_err() {
            span.fail(outcome);
        }
        span.end();
        ended
    }

    async fn attempt(&mut self, commands: &[Command]) -> Result<Vec<Outcome>, Failure> {
        let prices = self.catalogue.reading();
        let Some(session) = self.session.open().await else {
            return Err(Failure::Unreachable);
        };
        let locks = if self.aside.is_uneasy(Instant::now()) {
            Locks::Hardly
        } else {
            Locks::Await
        };
        attempt(session, &prices, commands, locks).await
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

    fn into_jobs(self) -> impl Iterator<Item = Job> {
        let commands = self.commands.into_iter().zip(self.waiting);
        commands.map(|(command, waiter)| Job { command, waiter })
    }

    fn answer_all(self, error: impl Fn() -> LedgerError) {
        for waiter in self.waiting {
            waiter.answer(Err(error()));
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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
                    besides: first.besides,
                    ..again
                })
            }
            (again, _) => again,
        })
        .collect()
}
