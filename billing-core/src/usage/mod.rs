//! Usage: what an account has spent, by local day and by tool.
//!
//! The entries say it. Those of long histories are summed up, each once, by whoever asks first; a
//! question then reads sums of quarter hours, and of entries only those at its ends and the newest.

mod days;
pub mod grpc;
mod queries;
mod sums;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use sqlx::PgPool;

use crate::entry::first_at_or_after;
use crate::id::{AccountId, EntrySeq};
use crate::money::Micros;

pub use days::{Spent, TenantUsage, check as check_days, of_tenant};
pub use queries::summed;

/// What was spent in one of a list of spans, or on one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage<T> {
    pub of: T,
    /// Charges less refunds.
    pub spent: Micros,
    pub charges: i64,
}

/// What is asked about: `to` is not included.
#[derive(Clone, Debug)]
pub struct Question {
    pub account: AccountId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Where the local days begin that the span touches, sorted.
    pub days: Vec<Timestamp>,
    /// The database's clock: nothing lies behind it.
    pub now: Timestamp,
}

/// By the number of the day, from 1, and by tool; days and tools of which there is nothing are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub days: Vec<Usage<usize>>,
    /// The most spent first. The empty name stands for charges by amount.
    pub tools: Vec<Usage<String>>,
}

/// Sums up what must be, then answers. Where the caller leaves, what has been summed up stays.
pub async fn of(pool: &PgPool, question: &Question) -> Result<Answer, sqlx::Error> {
    let account = question.account;
    let (from, to) = sums::whole_quarters(question);
    let first = first_at_or_after(pool, account, question.from).await?;
    let end = if question.to >= question.now {
        EntrySeq::new(i64::MAX)
    } else {
        first_at_or_after(pool, account, question.to).await?
    };
    let (first_whole, end_whole) = if from < to {
        let first_whole = first_at_or_after(pool, account, from).await?;
        let end_whole = first_at_or_after(pool, account, to).await?;
        sums::extend(pool, account, first_whole, end_whole).await?;
        (first_whole, end_whole)
    } else {
        (end, end)
    };
    let sequences = queries::Sequences {
        first,
        first_whole,
        end_whole,
        end,
    };
    queries::answer(pool, question, (from, to), &sequences).await
}
