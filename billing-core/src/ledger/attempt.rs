//! One try to carry a batch out, in a transaction of its own.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use tracing::warn;

use super::apply::{ApplyError, apply};
use super::command::Command;
use super::decide::{Answer, Refusal};
use super::queries::hardly_wait;
use crate::database::{is_rolled_back, is_unreachable};
use crate::price::Reading;

/// Longer than the statement and lock time-outs of the session: it ends only what the server itself
/// no longer answers.
const BATCH_TIMEOUT: Duration = Duration::from_secs(6);

/// How long a batch waits for the locks of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// As its session says.
    Await,
    /// Less: somebody is known to keep locks for longer.
    Hardly,
}

pub type Outcome = Result<Answer, Refusal>;

/// Why an attempt did not commit.
pub enum Failure {
    /// Rolled back for a reason that may not hold the next time.
    Again(ApplyError),
    Refused(ApplyError),
    /// A row's lock could not be had in time.
    Blocked(ApplyError),
    /// The connection was lost before the commit was asked for; another may work.
    Lost(ApplyError),
    /// The server cannot be reached, or does not answer. The commit was not asked for.
    Unreachable,
    /// The commit was asked for and not answered: what the batch decided, which may stand or not.
    LostAtCommit(Vec<Outcome>),
}

impl Failure {
    /// In traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Again(_) => "again",
            Self::Refused(_) => "refused",
            Self::Blocked(_) => "blocked",
            Self::Lost(_) => "lost",
            Self::Unreachable => "unreachable",
            Self::LostAtCommit(_) => "in_doubt",
        }
    }
}

/// Carries the commands out and answers with their outcomes once they are committed.
pub async fn attempt(
    connection: &mut PgConnection,
    prices: &Reading,
    commands: &[Command],
    locks: Locks,
) -> Result<Vec<Outcome>, Failure> {
    let begun = async {
        let mut transaction = connection.begin().await?;
        if locks == Locks::Hardly {
            hardly_wait(&mut transaction).await?;
        }
        let outcomes = apply(&mut transaction, prices, commands).await?;
        Ok::<_, ApplyError>((transaction, outcomes))
    };
    let (transaction, outcomes) = match timeout(BATCH_TIMEOUT, begun).await {
        Ok(Ok(begun)) => begun,
        Ok(Err(cause)) => return Err(before_commit(cause)),
        Err(_) => {
            warn!("database does not answer");
            return Err(Failure::Unreachable);
        }
    };
    match timeout(BATCH_TIMEOUT, transaction.commit()).await {
        Ok(Ok(())) => Ok(outcomes),
        Ok(Err(cause)) if is_rolled_back(&cause) => Err(before_commit(cause.into())),
        // Also where the server has sent an error: one that ends the session, or cancels what it
        // does, may come after the transaction was committed.
        Ok(Err(_)) | Err(_) => Err(Failure::LostAtCommit(outcomes)),
    }
}

/// What an error says of a transaction that is certain not to have committed.
fn before_commit(cause: ApplyError) -> Failure {
    let error = match &cause {
        ApplyError::RowsMissed { .. } => return Failure::Refused(cause),
        ApplyError::Sql(error) => error,
    };
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        // Serialization failure, deadlock.
        Some("40001" | "40P01") => Failure::Again(cause),
        // Somebody holds the lock of a row for longer than any batch does.
        Some("55P03") => Failure::Blocked(cause),
        // A statement took longer than it may: the server is there and cannot keep up.
        Some("57014") => Failure::Unreachable,
        _ if is_unreachable(error) => Failure::Lost(cause),
        _ => Failure::Refused(cause),
    }
}
