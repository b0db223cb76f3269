//! Fills the product's tables as years of use would, by SQL as their owner.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::time::Instant;
use uuid::Uuid;

use crate::load;

/// Accounts that one statement opens, with all that belongs to them.
const CHUNK: usize = 20_000;
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
const AUDIT_BYTES_PER_ENTRY: u64 = 250;
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

/// A key and an answer as the product has written them: what is filled in is of the same length.
pub struct Pattern {
    key_bytes: i32,
    answer: Vec<u8>,
}

impl Pattern {
    /// Of a charge that the product has made.
    pub async fn read(owner: &mut PgConnection) -> Result<Self> {
        let row = sqlx::query(
            "select octet_length(key) as key_bytes, answer from idempotency_key
            where left(key, 2) = 'c:' limit 1",
        )
        .fetch_optional(owner)
        .await?
        .context("no charge has been made that could be a pattern")?;
        Ok(Self {
            key_bytes: row.try_get("key_bytes")?,
            answer: row.try_get("answer")?,
        })
    }
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

/// The accounts' ids and users, sorted by id: so the indexes grow at one end and not all over.
fn members(accounts: u64) -> Vec<(Uuid, u64)> {
    let mut members: Vec<(Uuid, u64)> = (0..accounts)
        .map(|account| {
            (
                load::account_id(load::TENANT, &load::user(account)),
                account,
            )
        })
        .collect();
    members.sort_unstable();
    members
}

async fn fill_part(
    owner_url: &str,
    members: &[(Uuid, u64)],
    size: Size,
    pattern: &Pattern,
) -> Result<()> {
    let mut owner = PgConnection::connect(owner_url).await?;
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|(id, _)| *id).collect();
        let users: Vec<String> = chunk
            .iter()
            .map(|(_, account)| load::user(*account))
            .collect();
        let written = insert(&mut owner, &ids, &users, size, pattern).await?;
        ensure!(
            usize::try_from(written) == Ok(chunk.len()),
            "{written} of {} accounts were written",
            chunk.len()
        );
    }
    owner.close().await?;
    Ok(())
}

/// Each account has a grant as its first entry and charges of 1,000 micros after it, all of today,
/// with a key for each: books that the audit accepts.
async fn insert(
    owner: &mut PgConnection,
    ids: &[Uuid],
    users: &[String],
    size: Size,
    pattern: &Pattern,
) -> Result<i64> {
    let written = sqlx::query_scalar(
        "with member as materialized (
            select * from unnest($1::uuid[], $2::text[]) as m (account_id, user_id)
        ), profiles as (
            insert into account_profile (account_id, tenant_id, user_id)
            select account_id, $3, user_id from member
        ), entries as (
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros,
                counterparty, created_at, day_no, month_no, request_id)
            select account_id, seq, case seq when 1 then 'grant' else 'charge' end,
                case seq when 1 then $5 else -1000 end, $5 - 1000 * (seq - 1),
                case seq when 1 then 'grants' else 'usage' end, now(), 1, 1,
                case when seq > 1 then lpad(seq::text, $6 - 2, 'f') end
            from member cross join generate_series(1, $4::bigint) as seq
        ), keys as (
            insert into idempotency_key (account_id, key, command_hash, answer)
            select account_id, 'c:' || lpad(seq::text, $6 - 2, 'f'),
                uuid_send(account_id) || uuid_send(account_id), $7
            from member cross join generate_series(1, $4::bigint) as seq
        ), accounts as (
            insert into account (account_id, settled_micros, spent_on, day_spent_micros,
                month_spent_micros, total_spent_micros, request_count, last_request_at, entry_seq,
                version)
            select account_id, $5 - 1000 * ($4 - 1), (now() at time zone 'UTC')::date,
                1000 * ($4 - 1), 1000 * ($4 - 1), 1000 * ($4 - 1), $4 - 1, now(), $4, $4
            from member
            returning 1
        )
        select count(*) from accounts",
    )
    .bind(ids)
    .bind(users)
    .bind(load::TENANT)
    .bind(i64::try_from(size.entries_each)?)
    .bind(load::FUNDS_MICROS)
    .bind(pattern.key_bytes)
    .bind(&pattern.answer)
    .fetch_one(owner)
    .await
    .context("cannot fill the tables")?;
    Ok(written)
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
