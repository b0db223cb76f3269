//! One lane of the batcher: takes batches, carries each out in a transaction, answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use super::apply::{Applied, ApplyError, apply};
use super::batcher::{Job, LedgerError, Waiter};
use super::command::Command;
use super::fair_queue::FairQueue;
use super::known::KnownAccounts;
use super::queries;
use crate::database::is_unreachable;
use crate::price::CataloguePulse;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than the statement and lock time-outs of the session: it ends only what the server itself
/// no longer answers.
const BATCH_TIMEOUT: Duration = Duration::from_secs(6);
const ATTEMPTS: usize = 3;

pub(super) struct Lane {
    number: usize,
    database: PgConnectOptions,
    connection: Option<PgConnection>,
    catalogue: CataloguePulse,
    known: KnownAccounts,
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
}

/// What became of a batch.
enum Batch {
    Committed(Applied),
    /// The database refused something in it. Nothing was done.
    Refused(ApplyError),
    /// Nothing was done.
    Unavailable,
    OutcomeUnknown,
}

/// Why one attempt did not commit.
enum Failure {
    /// Rolled back for a reason that may not hold the next time.
    Again(ApplyError),
    Refused(ApplyError),
    /// The connection was lost before COMMIT was sent; another may work.
    Lost(ApplyError),
    /// The server cannot be reached, or does not answer. COMMIT was not sent.
    Unreachable,
    /// COMMIT was sent and not answered.
    LostAtCommit(Applied),
}

impl Lane {
    pub fn new(
        number: usize,
        database: &PgConnectOptions,
        catalogue: &CataloguePulse,
        batch_max: usize,
        depth: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            number,
            database: super::hot_path(database),
            connection: None,
            catalogue: catalogue.clone(),
            known: KnownAccounts::default(),
            batch_max,
            depth,
            meters: Meters::new(number),
        }
    }

    pub async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        // The first request should not wait for the connection.
        self.connect().await;
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

    /// Carries out a batch; where the database refuses it, halves it until the culprit stands alone.
    async fn carry_out(&mut self, batch: Vec<Job>) {
        let now = Instant::now();
        let mut whole = (
            Vec::with_capacity(batch.len()),
            Vec::with_capacity(batch.len()),
        );
        for Job { command, waiter } in batch {
            if waiter.is_gone(now) {
                // It has not been decided, and never will be.
                waiter.answer(Err(LedgerError::DeadlineExceeded));
            } else {
                whole.0.push(command);
                whole.1.push(waiter);
            }
        }
        let mut parts = vec![whole];
        while let Some((mut commands, mut waiting)) = parts.pop() {
            let Some(until) = waiting.iter().map(|waiter| waiter.deadline).max() else {
                continue;
            };
            match self.transact(&commands, until).await {
                Batch::Committed(applied) => {
                    for (waiter, outcome) in waiting.into_iter().zip(applied.outcomes) {
                        waiter.answer(outcome.map_err(LedgerError::from));
                    }
                }
                Batch::Refused(cause) if waiting.len() > 1 => {
                    warn!(lane = self.number, size = waiting.len(), %cause, "batch refused, halving it");
                    let half = waiting.len() / 2;
                    parts.push((commands.split_off(half), waiting.split_off(half)));
                    parts.push((commands, waiting));
                }
                Batch::Refused(cause) => {
                    self.meters.refused_by_database.increment(1);
                    error!(lane = self.number, account = ?commands.first().map(|command| command.account), %cause,
                        "command refused by the database");
                    answer_all(waiting, || LedgerError::Internal);
                }
                Batch::Unavailable => answer_all(waiting, || LedgerError::Unavailable),
                Batch::OutcomeUnknown => answer_all(waiting, || LedgerError::OutcomeUnknown),
            }
        }
    }

    async fn transact(&mut self, commands: &[Command], until: Instant) -> Batch {
        let started = Instant::now();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let failure = match self.attempt(commands).await {
                Ok(applied) => {
                    self.meters
                        .batch_size
                        .record(f64::from(u32::try_from(commands.len()).unwrap_or(u32::MAX)));
                    self.meters.batch_duration.record(started.elapsed());
                    self.remember(commands);
                    return Batch::Committed(applied);
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Refused(cause) => return Batch::Refused(cause),
                Failure::Again(cause) => {
                    if matches!(cause, ApplyError::AccountGone) {
                        self.known.forget_all();
                    }
                    info!(lane = self.number, %cause, "batch tried again");
                    last = Some(cause);
                }
                Failure::Lost(cause) => {
                    warn!(lane = self.number, %cause, "database lost before commit");
                    self.connection = None;
                    last = None;
                }
                Failure::Unreachable => {
                    self.connection = None;
                    return Batch::Unavailable;
                }
                Failure::LostAtCommit(applied) => {
                    self.connection = None;
                    match self.learn_outcome(&applied.transaction, until).await {
                        Some(true) => {
                            self.remember(commands);
                            return Batch::Committed(applied);
                        }
                        Some(false) => last = None,
                        None => return Batch::OutcomeUnknown,
                    }
                }
            }
            self.meters.retried.increment(1);
        }
        last.map_or(Batch::Unavailable, Batch::Refused)
    }

    async fn attempt(&mut self, commands: &[Command]) -> Result<Applied, Failure> {
        if self.connection.is_none() {
            self.connect().await;
        }
        let Some(connection) = &mut self.connection else {
            return Err(Failure::Unreachable);
        };
        let prices = self.catalogue.reading();
        let begun = async {
            let mut transaction = connection.begin().await?;
            let applied = apply(&mut transaction, &prices, &self.known, commands).await?;
            Ok::<_, ApplyError>((transaction, applied))
        };
        let (transaction, applied) = match timeout(BATCH_TIMEOUT, begun).await {
            Ok(Ok(begun)) => begun,
            Ok(Err(cause)) => return Err(before_commit(cause)),
            Err(_) => {
                warn!(lane = self.number, "database does not answer");
                return Err(Failure::Unreachable);
            }
        };
        match timeout(BATCH_TIMEOUT, transaction.commit()).await {
            Ok(Ok(())) => Ok(applied),
            // The server itself says that it rolled back.
            Ok(Err(cause @ sqlx::Error::Database(_))) => Err(before_commit(cause.into())),
            Ok(Err(_)) | Err(_) => Err(Failure::LostAtCommit(applied)),
        }
    }

    async fn connect(&mut self) {
        match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&self.database)).await {
            Ok(Ok(connection)) => self.connection = Some(connection),
            Ok(Err(cause)) => warn!(lane = self.number, %cause, "cannot connect to the database"),
            Err(_) => warn!(
                lane = self.number,
                "cannot connect to the database: no answer"
            ),
        }
    }

    /// Whether a transaction whose COMMIT got no answer has committed. The old backend may still be
    /// at it, so a key that is absent would prove nothing: the server is asked about the
    /// transaction itself. `None` where that cannot be learned in time.
    async fn learn_outcome(&mut self, transaction: &str, until: Instant) -> Option<bool> {
        warn!(
            lane = self.number,
            transaction, "database lost at commit, asking what became of it"
        );
        while Instant::now() < until {
            if self.connection.is_none() {
                self.connect().await;
            }
            if let Some(connection) = &mut self.connection {
                let status = timeout(
                    CONNECT_TIMEOUT,
                    queries::transaction_status(connection, transaction),
                )
                .await;
                match status
                    .as_ref()
                    .map(|status| status.as_ref().map(|status| status.as_deref()))
                {
                    Ok(Ok(Some("committed"))) => return Some(true),
                    Ok(Ok(Some("aborted"))) => return Some(false),
                    Ok(Ok(Some("in progress"))) => {}
                    // The server does not know: another one, or one restored to an earlier time.
                    Ok(Ok(_) | Err(sqlx::Error::Database(_))) => return None,
                    Ok(Err(_)) | Err(_) => self.connection = None,
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// What was committed exists.
    fn remember(&mut self, commands: &[Command]) {
        for command in commands
            .iter()
            .filter(|command| command.action.opening().is_some())
        {
            self.known.insert(command.account);
        }
    }
}

fn answer_all(waiting: Vec<Waiter>, error: impl Fn() -> LedgerError) {
    for waiter in waiting {
        waiter.answer(Err(error()));
    }
}

/// What an error says that came before COMMIT was sent, or that the server itself reports.
fn before_commit(cause: ApplyError) -> Failure {
    let error = match &cause {
        ApplyError::AccountGone => return Failure::Again(cause),
        ApplyError::RowsMissed { .. } => return Failure::Refused(cause),
        ApplyError::Sql(error) => error,
    };
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        // Serialization failure, deadlock, lock time-out.
        Some("40001" | "40P01" | "55P03") => Failure::Again(cause),
        // A statement took longer than it may: the server is there and cannot keep up.
        Some("57014") => Failure::Unreachable,
        _ if is_unreachable(error) => Failure::Lost(cause),
        _ => Failure::Refused(cause),
    }
}
