//! Fills the product's tables as years of use would, by SQL as their owner.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::time::Instant;

use crate::load::{self, CHUNK, Member, Pattern};

const MILLIS_PER_THOUSAND_ROWS: u64 = 100;

pub const TABLES: [&str; 4] = ["account", "account_profile", "entry", "idempotency_key"];

/// How large the tables are to be.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub accounts: u64,
    pub entries_each: u64,
}

/// Of an account and its profile with their indexes, and of an entry and its key with theirs:
/// measured, and rounded up.
const BYTES_PER_ACCOUNT: u64 = 600;
const BYTES_PER_ENTRY: u64 = 500;
/// What the audit at the end sorts on disk: measured, and rounded up.
const AUDIT_BYTES_PER_ENTRY: u64 = 100;
/// The small database, and the least that stays of the WAL.
const BYTES_BESIDE: u64 = 2_000_000_000;
/// The most that stays of the WAL, by the server's settings.
const WAL_BYTES: u64 = 9_000_000_000;

impl Size {
    /// Room on the disk.
    pub fn needed_bytes(self) -> u64 {
        let entries = self.accounts.saturating_mul(self.entries_each);
        let data = self
            .accounts
            .saturating_mul(BYTES_PER_ACCOUNT)
            .saturating_add(entries.saturating_mul(BYTES_PER_ENTRY));
        // What is written passes through the WAL.
        BYTES_BESIDE
            .saturating_add(data)
            .saturating_add(data.min(WAL_BYTES))
            .saturating_add(entries.saturating_mul(AUDIT_BYTES_PER_ENTRY))
    }

    /// More than it takes on any machine that is worth measuring.
    pub fn time_to_fill(self) -> Duration {
        let rows = self
            .accounts
            .saturating_mul(2 + self.entries_each.saturating_mul(2));
        let millis = (rows / 1000).saturating_mul(MILLIS_PER_THOUSAND_ROWS);
        Duration::from_mins(1) + Duration::from_millis(millis)
    }

    pub fn rows_of(self, table: &str) -> u64 {
        match table {
            "account" | "account_profile" => self.accounts,
            _ => self.accounts.saturating_mul(self.entries_each),
        }
    }
}

/// Of a charge that the product has made.
pub async fn read_pattern(owner: &mut PgConnection) -> Result<Pattern> {
    let row = sqlx::query(
        "select octet_length(key) as key_bytes, answer from idempotency_key
        where left(key, 2) = 'c:' limit 1",
    )
    .fetch_optional(owner)
    .await?
    .context("no charge has been made that could be a pattern")?;
    Ok(Pattern {
        key_bytes: row.try_get("key_bytes")?,
        answer: row.try_get("answer")?,
    })
}

/// Fills empty tables, and puts them in order as autovacuum would. Answers with how long it took.
pub async fn fill(owner_url: &str, size: Size, pattern: &Pattern) -> Result<Duration> {
    let began = Instant::now();
    let most = size.time_to_fill();
    tokio::time::timeout(most, fill_all(owner_url, size, pattern))
        .await
        .with_context(|| format!("filling the tables was given up after {most:?}"))??;
    Ok(began.elapsed())
}

async fn fill_all(owner_url: &str, size: Size, pattern: &Pattern) -> Result<()> {
    let members = members(size.accounts);
    // Two connections: one would leave the second core idle.
    let (first, second) = members.split_at(members.len() / 2);
    tokio::try_join!(
        fill_part(owner_url, first, size, pattern),
        fill_part(owner_url, second, size, pattern),
    )?;
    let mut owner = PgConnection::connect(owner_url).await?;
    for table in TABLES {
        sqlx::raw_sql(AssertSqlSafe(format!("vacuum (analyze) {table}")))
            .execute(&mut owner)
            .await?;
    }
    owner.close().await?;
    Ok(())
}

/// Sorted by id: so the indexes grow at one end and not all over.
fn members(accounts: u64) -> Vec<Member> {
    let mut members = load::members(0..accounts);
    members.sort_unstable();
    members
}

/// Each account has charges of 1,000 micros after its first entry, all of today, with a key for each.
async fn fill_part(
    owner_url: &str,
    members: &[Member],
    size: Size,
    pattern: &Pattern,
) -> Result<()> {
    let mut owner = PgConnection::connect(owner_url).await?;
    for chunk in members.chunks(CHUNK) {
        let written =
            load::open_accounts(&mut owner, chunk, size.entries_each, Some(pattern)).await?;
        ensure!(
            usize::try_from(written) == Ok(chunk.len()),
            "{written} of {} accounts were written",
            chunk.len()
        );
    }
    owner.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_by_id_and_none_is_missing() {
        let members = members(100);
        assert!(members.is_sorted());
        let mut numbers: Vec<u64> = members.iter().map(|(_, account)| *account).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }
}
