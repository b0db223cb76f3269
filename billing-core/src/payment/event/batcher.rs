//! Events that wait share one transaction, as the ledger's commands do: there is no timer, and a lone
//! event pays for nothing but its own. No answer leaves before COMMIT has been answered.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use billing_telemetry::span::{Span, within};
use metrics::{Histogram, histogram};
use sqlx::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::super::{ATTEMPTS, PaymentError, commit};
use super::batch::{self, Brought};
use super::report::{Applied, ProviderEvent};
use super::tell;
use crate::auth::Caller;
use crate::database::Database;
use crate::ledger::{Locks, Session, hardly_wait};
use crate::price::CataloguePulse;

/// Answers that leave together. Those of a full batch are spread over the rest: each of them makes a
/// gateway busy with the next event.
const ANSWERS_AT_ONCE: usize = 2;
/// Most of what they may bring along, unless one alone brings more.
const BATCH_BYTES: usize = 1024 * 1024;
/// Most events that may wait.
const QUEUE_MAX: usize = 512;
/// What somebody keeps locked for longer, a person for example, must not hold up the others: a batch of the
/// ledger has a row for some milliseconds.
const LOCK_WAIT: &str = "200ms";
/// Longer than the statement and lock time-outs of the session: it ends only what the server itself
/// no longer answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);

/// How much of the machine a storm of events may take. Nobody waits for a provider's event; checks and charges
/// wait while the processors are busy with them.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Most events in one transaction.
    pub batch_max: usize,
    /// After a full batch the task rests for three times as long as it has worked, but no longer than this.
    pub rest_max: Duration,
}

impl Pace {
    /// How many answers of a full batch leave together, and how long after each the task rests: no less
    /// than the millisecond that a timer knows.
    fn spread(self, worked: Duration) -> (usize, Duration) {
        let rest = (worked * 3).min(self.rest_max);
        let steps = self.batch_max.div_ceil(ANSWERS_AT_ONCE);
        let most = usize::try_from(self.rest_max.as_millis()).unwrap_or(usize::MAX);
        let steps = steps.min(most).max(1);
        let each = rest / u32::try_from(steps).unwrap_or(1);
        (self.batch_max.div_ceil(steps), each)
    }
}

/// An event on its way, and who waits for it.
struct Job {
    brought: Brought,
    /// The call's.
    span: Span,
    reply: oneshot::Sender<Result<Applied, PaymentError>>,
    /// The same event, brought once more while this one waited.
    repeats: Vec<Job>,
}

impl Job {
    /// Answers, and returns the repeats that this does not answer: those of an event that may be
    /// applied again, that the database refused, or that say something else.
    fn answer(mut self, answer: Result<Applied, PaymentError>) -> Vec<Self> {
        let mut unanswered = Vec::new();
        for repeat in std::mem::take(&mut self.repeats) {
            let event = &repeat.brought.event;
            let same = event.meaning() == self.brought.event.meaning();
            match repeated(&answer, &repeat.brought.caller).filter(|_| same) {
                Some(answer) => drop(repeat.answer(answer)),
                None => unanswered.push(repeat),
            }
        }
        if let Ok(applied) = &answer {
            tell(&self.brought.event, applied);
        }
        // Whoever asked may have gone: what came of the event is stored.
        drop(self.reply.send(answer));
        unanswered
    }
}

/// The answer to a repeat, where the first one's says it.
fn repeated(
    answer: &Result<Applied, PaymentError>,
    caller: &Caller,
) -> Option<Result<Applied, PaymentError>> {
    let first = match answer {
        Ok(first) if !first.outcome.is_open() => first,
        Ok(_) => return None,
        Err(error) => return error.of_all().map(Err),
    };
    let payment = first.payment.clone();
    Some(Ok(Applied {
        duplicate: true,
        ..Applied::nothing(
            first.outcome,
            payment.filter(|payment| caller.may_act_for(&payment.tenant_id)),
        )
    }))
}

/// The way into the books for what providers report. Cheap to clone; when the last clone is gone, what
/// still waits is carried out, and the task ends.
#[derive(Clone)]
pub struct EventBatcher(mpsc::Sender<Job>);

impl EventBatcher {
    /// Starts the one task and its one connection, which is made when there is something to do: so a
    /// storm of events leaves the other connections, and most of the processors, to everybody else.
    pub fn start(
        database: &Database,
        catalogue: &CataloguePulse,
        rate_age_max: Duration,
        pace: Pace,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE_MAX);
        let task = BatcherTask {
            session: Session::new("events".to_owned(), database).waiting_for_locks(LOCK_WAIT),
            catalogue: catalogue.clone(),
            rate_age_max,
            pace,
            meters: Meters {
                size: histogram!("billing_event_batch_size"),
                duration: histogram!("billing_event_batch_duration_seconds"),
            },
        };
        tasks.spawn(task.run(jobs));
        Self(sender)
    }

    /// Stores an event and books what follows from it, together with whatever else waits. What it
    /// answers is committed.
    pub async fn apply(
        &self,
        event: ProviderEvent,
        caller: Arc<Caller>,
    ) -> Result<Applied, PaymentError> {
        let (reply, answer) = oneshot::channel();
        let brought = Brought { event, caller };
        self.0
            .try_send(Job {
                brought,
                span: Span::current(),
                reply,
                repeats: Vec::new(),
            })
            .map_err(|_full_or_ending| PaymentError::Overloaded)?;
        // Without an answer the task is gone, and the process is ending.
        answer.await.unwrap_or(Err(PaymentError::OutcomeUnknown))
    }
}

struct Meters {
    size: Histogram,
    duration: Histogram,
}

impl Meters {
    fn batch(&self, size: usize, elapsed: Duration) {
        self.size
            .record(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        self.duration.record(elapsed);
    }
}

/// Divides what waits into a batch and the rest. A repeat of an event goes with the first one.
fn take(waiting: Vec<Job>, batch_max: usize) -> (Vec<Job>, Vec<Job>) {
    let (mut batch, mut later) = (Vec::<Job>::new(), Vec::new());
    let mut places = HashMap::new();
    let mut bytes = 0;
    for job in waiting {
        let event = &job.brought.event;
        let name = (event.provider.clone(), event.event_id.clone());
        let first = places
            .get(&name)
            .and_then(|place| batch.get_mut::<usize>(*place));
        if let Some(first) = first {
            first.repeats.push(job);
            continue;
        }
        let size = event.raw.len();
        let fits = batch.is_empty() || batch.len() < batch_max && bytes + size <= BATCH_BYTES;
        if fits && later.is_empty() {
            places.insert(name, batch.len());
            bytes += size;
            batch.push(job);
        } else {
            later.push(job);
        }
    }
    (batch, later)
}

struct BatcherTask {
    session: Session,
    catalogue: CataloguePulse,
    /// How old a rate may be that a payment is opened with.
    rate_age_max: Duration,
    pace: Pace,
    meters: Meters,
}

impl BatcherTask {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                match jobs.recv().await {
                    Some(job) => waiting.push(job),
                    None => return,
                }
                // Whoever is ready now comes along.
                tokio::task::yield_now().await;
            }
            while waiting.len() < QUEUE_MAX
                && let Ok(job) = jobs.try_recv()
            {
                waiting.push(job);
            }
            waiting.retain(|job| !job.reply.is_closed());
            if waiting.is_empty() {
                continue;
            }
            let (batch, later) = take(std::mem::take(&mut waiting), self.pace.batch_max);
            let (is_full, began) = (batch.len() >= self.pace.batch_max, Instant::now());
            let mut answers = self.carry_out(batch).await.into_iter();
            let (at_once, rest) = self.pace.spread(began.elapsed());
            while answers.len() > 0 {
                for (job, answer) in answers.by_ref().take(at_once) {
                    waiting.extend(job.answer(answer));
                }
                if is_full {
                    sleep(rest).await;
                }
            }
            waiting.extend(later);
        }
    }

    /// Carries out a batch. Where the database refuses it, or somebody has locked a row of it, each event
    /// stands alone, and waits for locks no longer.
    async fn carry_out(&mut self, batch: Vec<Job>) -> Vec<(Job, Result<Applied, PaymentError>)> {
        let jobs: Vec<&Job> = batch.iter().collect();
        let cause = match self.attempts(&jobs, Locks::Await).await {
            Ok(applied) => return batch.into_iter().zip(applied.into_iter().map(Ok)).collect(),
            Err(cause) if batch.len() == 1 => {
                return batch.into_iter().zip([Err(cause)]).collect();
            }
            Err(cause) => cause,
        };
        let mut all = cause.of_all();
        if all.is_none() {
            warn!(size = batch.len(), %cause, "batch of events refused, carrying out each alone");
        }
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            let answer = match all.as_ref().and_then(PaymentError::of_all) {
                Some(error) => Err(error),
                None => self.attempts(&[&job], Locks::Hardly).await,
            };
            if let Err(error) = &answer {
                all = error.of_all();
            }
            let answer = answer.and_then(|mut one| one.pop().ok_or(PaymentError::OutcomeUnknown));
            answers.push((job, answer));
        }
        answers
    }

    /// Tries a few times where that may help, and nothing has been done for certain.
    async fn attempts(
        &mut self,
        batch: &[&Job],
        locks: Locks,
    ) -> Result<Vec<Applied>, PaymentError> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let outcome = self.traced_attempt(batch, attempt, locks).await;
            match outcome {
                Ok(applied) => {
                    self.meters.batch(batch.len(), started.elapsed());
                    return Ok(applied);
                }
                Err(error) if error.is_lost() => {
                    self.session.close();
                    if error.of_all().is_some() {
                        return Err(error);
                    }
                    if attempt >= ATTEMPTS {
                        return Err(PaymentError::Unavailable);
                    }
                    // Perhaps long ago, while nobody needed it.
                    warn!(cause = %error, "database lost before commit");
                }
                Err(error) if attempt < ATTEMPTS && error.may_pass() => {
                    info!(cause = %error, "batch of events tried again");
                }
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// With a span where a call that waits for it has one.
    async fn traced_attempt(
        &mut self,
        batch: &[&Job],
        number: u32,
        locks: Locks,
    ) -> Result<Vec<Applied>, PaymentError> {
        let brought: Vec<&Brought> = batch.iter().map(|job| &job.brought).collect();
        let calls = batch
            .iter()
            .flat_map(|job| iter::once(*job).chain(&job.repeats));
        let span = Span::shared("payment.events", calls.map(|job| &job.span));
        let Some(trace) = span.context() else {
            return self.attempt(&brought, locks).await;
        };
        let ended = within(trace, span.clone(), self.attempt(&brought, locks)).await;
        let outcome = match &ended {
            Ok(_) => "committed",
            Err(PaymentError::OutcomeUnknown) => "in_doubt",
            Err(error) if error.is_lost() => "lost",
            Err(_) => "refused",
        };
        let size = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        span.set("db.system.name", "postgresql");
        span.set("billing.batch.size", size);
        span.set("billing.batch.attempt", i64::from(number));
        span.set("billing.batch.outcome", outcome);
        if ended.is_err() {
            span.fail(outcome);
        }
        span.end();
        ended
    }

    async fn attempt(
        &mut self,
        batch: &[&Brought],
        locks: Locks,
    ) -> Result<Vec<Applied>, PaymentError> {
        let prices = self.catalogue.reading();
        prices.switches()?;
        let Some(connection) = self.session.open().await else {
            return Err(PaymentError::Unavailable);
        };
        let begun = async {
            let mut transaction = connection.begin().await?;
            if locks == Locks::Hardly {
                hardly_wait(&mut transaction).await?;
            }
            let applied = batch::apply(&mut transaction, &prices, self.rate_age_max, batch).await?;
            Ok::<_, PaymentError>((transaction, applied))
        };
        let (transaction, applied) = timeout(ATTEMPT_TIMEOUT, begun)
            .await
            .unwrap_or(Err(PaymentError::Unavailable))
            .map_err(PaymentError::before_commit)?;
        timeout(ATTEMPT_TIMEOUT, commit(transaction))
            .await
            .unwrap_or(Err(PaymentError::OutcomeUnknown))?;
        Ok(applied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_a_full_batch_are_spread_over_the_rest_a_millisecond_apart_at_the_least() {
        for (batch_max, rest_millis, expected) in [
            (16, 10, (2, 1_250)),
            (1, 10, (1, 10_000)),
            (512, 10, (52, 1_000)),
            (512, 1_000, (2, 3_906)),
            (16, 1, (16, 1_000)),
        ] {
            let pace = Pace {
                batch_max,
                rest_max: Duration::from_millis(rest_millis),
            };
            let (at_once, rest) = pace.spread(Duration::from_mins(1));
            let told = (at_once, rest.as_micros());
            assert_eq!(told, expected, "{batch_max} in {rest_millis} ms");
        }
    }
}
