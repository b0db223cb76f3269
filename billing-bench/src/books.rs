//! Whether the books are right after each slice, and whether what was acknowledged is in them.
//!
//! Each account is compared with what was seen of it before the slice: whatever changed must follow
//! from the entries that are new since then. So a check costs by what the slice wrote, not by what
//! the database holds; the product's own audit reads everything at the end of the run.

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection, Row};

pub struct Books {
    connection: PgConnection,
}

/// What a slice has left in the books.
#[derive(Debug)]
pub struct Page {
    /// New charges, each with a key of its own.
    pub charges: i64,
    /// What is wrong; empty where the books are right.
    pub findings: Vec<String>,
}

impl Books {
    /// Remembers every account as it is now. As the superuser; in a schema of its own.
    pub async fn open(superuser_url: &str) -> Result<Self> {
        let mut books = Self::reopen(superuser_url).await?;
        sqlx::raw_sql(
            "create schema if not exists bench;
            create unlogged table bench.seen (account_id uuid primary key, entry_seq bigint not null,
                settled_micros bigint not null, total_spent_micros bigint not null,
                request_count bigint not null);
            insert into bench.seen
            select account_id, entry_seq, settled_micros, total_spent_micros, request_count from account;
            analyze bench.seen",
        )
        .execute(&mut books.connection)
        .await
        .context("cannot remember the books")?;
        Ok(books)
    }

    /// After the server has started anew: what is remembered lies in it.
    pub async fn reopen(superuser_url: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(superuser_url).await?;
        sqlx::raw_sql("set synchronous_commit = off; set work_mem = '64MB'; set jit = off")
            .execute(&mut connection)
            .await?;
        Ok(Self { connection })
    }

    /// Checks what is new since the last check, and remembers it.
    pub async fn check(&mut self) -> Result<Page> {
        let mut transaction = self.connection.begin().await?;
        let row = sqlx::query(NEW)
            .fetch_one(&mut *transaction)
            .await
            .context("cannot check the books")?;
        sqlx::raw_sql(REMEMBER).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Page {
            charges: row.try_get("charges")?,
            findings: row.try_get("findings")?,
        })
    }

    /// The tables as a whole.
    pub async fn whole(&mut self) -> Result<Whole> {
        let row = sqlx::query(WHOLE)
            .fetch_one(&mut self.connection)
            .await
            .context("cannot count keys and charges")?;
        Ok(Whole {
            charges: row.try_get("charges")?,
            keys: row.try_get("keys")?,
            core_answer_bytes: row.try_get("core_answer_bytes")?,
        })
    }
}

/// What all slices together have left.
#[derive(Debug)]
pub struct Whole {
    pub charges: i64,
    /// As many as there are charges: each charge has one, or the hold that it captured.
    pub keys: i64,
    /// The mean length of the answers that the core has stored; none where it was not measured.
    pub core_answer_bytes: Option<f64>,
}

impl Page {
    /// What is wrong, by how many charges were acknowledged since the last check too.
    pub fn faults(self, told: u64) -> Vec<String> {
        let mut faults = self.findings;
        if u64::try_from(self.charges) != Ok(told) {
            faults.push(format!(
                "{told} charges were acknowledged, and {} are in the books",
                self.charges
            ));
        }
        faults
    }
}

/// The accounts that changed, against their new entries and the holds that are placed.
const NEW: &str = "
    with changed as materialized (
        select a.*, s.entry_seq as seen_seq, s.settled_micros as seen_settled,
            s.total_spent_micros as seen_spent, s.request_count as seen_requests
        from account a join bench.seen s using (account_id)
        where (a.entry_seq, a.settled_micros, a.total_spent_micros, a.request_count)
            is distinct from (s.entry_seq, s.settled_micros, s.total_spent_micros, s.request_count)
    ), fresh as materialized (
        select c.account_id, e.seq, e.kind, e.amount_micros, e.balance_after_micros, e.request_id, e.hold_id
        from changed c join entry e on e.account_id = c.account_id and e.seq > c.seen_seq
    ), sums as (
        select account_id, sum(amount_micros)::bigint as total, count(*) as rows, max(seq) as newest,
            count(*) filter (where kind = 'charge') as charges,
            (-sum(amount_micros) filter (where kind = 'charge'))::bigint as spent
        from fresh group by account_id
    ), placed as (
        select account_id, sum(amount_micros)::bigint as held from hold where state = 'placed' group by account_id
    ), findings as (
        select 'settled is not the sum of the entries' as rule, account_id from changed c
            left join sums s using (account_id) where c.settled_micros <> c.seen_settled + coalesce(s.total, 0)
        union all
        select 'entries have gaps', account_id from changed c left join sums s using (account_id)
            where c.entry_seq <> c.seen_seq + coalesce(s.rows, 0) or c.entry_seq <> coalesce(s.newest, c.seen_seq)
        union all
        select 'the request count is not the number of charges', account_id
            from changed c left join sums s using (account_id)
            where c.request_count <> c.seen_requests + coalesce(s.charges, 0)
        union all
        select 'total spent is not the sum of the charges', account_id
            from changed c left join sums s using (account_id)
            where c.total_spent_micros <> c.seen_spent + coalesce(s.spent, 0)
        union all
        select 'the last balance is not the settled one', account_id from changed c
            join fresh f using (account_id) where f.seq = c.entry_seq and f.balance_after_micros <> c.settled_micros
        union all
        select 'held is not the sum of the placed holds', account_id from account a
            full join placed p using (account_id) where a.held_micros is distinct from coalesce(p.held, 0)
        union all
        select 'a debt that nobody authorised', account_id from account
            where settled_micros < held_micros or overdraft_micros > 0
        union all
        select 'a charge without a key', account_id from fresh f where f.kind = 'charge' and not exists (
            select from idempotency_key k where k.account_id = f.account_id and k.key = 'c:' || f.request_id)
        union all
        select 'a captured hold that is not', account_id from fresh f where f.hold_id is not null and not exists (
            select from hold h where h.account_id = f.account_id and h.hold_id = f.hold_id and h.state = 'captured')
    )
    select (select count(*) from fresh where kind = 'charge') as charges,
        array(select rule || ': account ' || coalesce(account_id::text, 'none') from findings limit 20) as findings";

/// The references store nothing but zeros.
const WHOLE: &str = "
    select (select count(*) from entry where kind = 'charge') as charges, count(*) as keys,
        avg(octet_length(answer)) filter (where hold_id is null and get_byte(answer, 0) <> 0)::float8
            as core_answer_bytes
    from idempotency_key";

const REMEMBER: &str = "
    update bench.seen s set entry_seq = a.entry_seq, settled_micros = a.settled_micros,
        total_spent_micros = a.total_spent_micros, request_count = a.request_count
    from account a where a.account_id = s.account_id and (a.entry_seq, a.settled_micros, a.total_spent_micros,
        a.request_count) is distinct from (s.entry_seq, s.settled_micros, s.total_spent_micros, s.request_count)";

#[cfg(test)]
mod tests;
