//! Reads that wait share one query. Always from the primary, never from memory: a read joins only a
//! query that starts after it has arrived.

use std::time::Duration;

use billing_telemetry::span::{Span, within};
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, warn};

use super::session::Session;
use crate::database::{Database, explained, is_unreachable};

const QUERY_TIMEOUT: Duration = Duration::from_secs(6);
/// Most reads that one query serves. Few enough that callers who all wait do not all wait for the same
/// query: while it is answered, this process encodes the answers of the one before.
const BATCH_MAX: usize = 64;
/// Most reads that may wait.
const QUEUE_MAX: usize = 2_048;

/// A read that can be asked together with others of its kind.
pub trait Question: Sized + Send + Sync + 'static {
    type Answer: Send;

    /// Asks all of them at once. As many answers as questions, in their order.
    fn ask(
        connection: &mut PgConnection,
        questions: &[&Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, sqlx::Error>> + Send;
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error("too many requests are waiting")]
    Overloaded,
    #[error("no answer by the deadline")]
    DeadlineExceeded,
    #[error("the database cannot be reached")]
    Unavailable,
    /// Refused by the database, and logged.
    #[error("internal error")]
    Internal,
}

struct Read<Q: Question> {
    question: Q,
    /// The call's.
    span: Span,
    reply: oneshot::Sender<Result<Q::Answer, ReadError>>,
}

/// The way to committed state. Cheap to clone.
pub struct JointReads<Q: Question>(mpsc::Sender<Read<Q>>);

impl<Q: Question> Clone for JointReads<Q> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q: Question> JointReads<Q> {
    /// Starts the one task and its one connection; more gain nothing. It ends when the last clone
    /// is dropped, and must not end before. The name is for the log.
    pub fn start(name: &'static str, database: &Database, tasks: &mut JoinSet<()>) -> Self {
        let (sender, reads) = mpsc::channel(QUEUE_MAX);
        let task = Task {
            name,
            session: Session::new(name.to_owned(), database),
        };
        tasks.spawn(task.run(reads));
        Self(sender)
    }

    /// What is committed, by a query that has not begun yet.
    pub async fn read(&self, question: Q, deadline: Instant) -> Result<Q::Answer, ReadError> {
        let (reply, answer) = oneshot::channel();
        let read = Read {
            question,
            span: Span::current(),
            reply,
        };
        self.0.try_send(read).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ReadError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ReadError::Unavailable,
        })?;
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(ReadError::Unavailable),
            Err(_) => Err(ReadError::DeadlineExceeded),
        }
    }
}

struct Task {
    name: &'static str,
    session: Session,
}

impl Task {
    async fn run<Q: Question>(mut self, mut reads: mpsc::Receiver<Read<Q>>) {
        self.session.open().await;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            // Where reads wait, the next query starts at once.
            if reads.is_empty() {
                match reads.recv().await {
                    Some(read) => batch.push(read),
                    None => return,
                }
                // Whoever is ready now comes along.
                tokio::task::yield_now().await;
            }
            while batch.len() < BATCH_MAX
                && let Ok(read) = reads.try_recv()
            {
                batch.push(read);
            }
            batch.retain(|read: &Read<Q>| !read.reply.is_closed());
            if batch.is_empty() {
                continue;
            }
            // Whoever asked may have gone.
            match self.traced_round(&batch).await {
                Ok(answers) => {
                    for (read, answer) in batch.drain(..).zip(answers) {
                        drop(read.reply.send(Ok(answer)));
                    }
                }
                Err(error) => {
                    for read in batch.drain(..) {
                        drop(read.reply.send(Err(error.clone())));
                    }
                }
            }
        }
    }

    /// With a span where a call that waits for it has one.
    async fn traced_round<Q: Question>(
        &mut self,
        reads: &[Read<Q>],
    ) -> Result<Vec<Q::Answer>, ReadError> {
        let span = Span::shared("ledger.read", reads.iter().map(|read| &read.span));
        let Some(trace) = span.context() else {
            return self.round(reads).await;
        };
        let answers = within(trace, span.clone(), self.round(reads)).await;
        span.set("db.system.name", "postgresql");
        span.set("billing.reader", self.name);
        let size = i64::try_from(reads.len()).unwrap_or(i64::MAX);
        span.set("billing.batch.size", size);
        if answers.is_err() {
            span.fail("unanswered");
        }
        span.end();
        answers
    }

    /// Asks once, and once more on a new connection where the old one had died meanwhile.
    async fn round<Q: Question>(&mut self, reads: &[Read<Q>]) -> Result<Vec<Q::Answer>, ReadError> {
        let questions: Vec<&Q> = reads.iter().map(|read| &read.question).collect();
        for _ in 0..2 {
            let Some(session) = self.session.open().await else {
                return Err(ReadError::Unavailable);
            };
            match timeout(QUERY_TIMEOUT, Q::ask(session, &questions)).await {
                Ok(Ok(answers)) => return Ok(answers),
                Ok(Err(cause)) => {
                    self.session.close();
                    if !is_unreachable(&cause) {
                        let meaning = explained(&cause);
                        error!(%cause, meaning, "read refused by the database");
                        return Err(ReadError::Internal);
                    }
                    warn!(%cause, "database lost while reading");
                }
                Err(_) => {
                    self.session.close();
                    warn!("database lost while reading: no answer");
                    return Err(ReadError::Unavailable);
                }
            }
        }
        Err(ReadError::Unavailable)
    }
}
