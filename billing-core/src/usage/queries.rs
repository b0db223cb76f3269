//! Every statement about usage.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::ops::Range;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, query, query_scalar};

use super::{Answer, Question, Usage};
use crate::id::{AccountId, EntrySeq};
use crate::money::Micros;

/// The entries of a question's span, and those of its whole quarter hours; each `end` is one past the last.
pub struct Sequences {
    pub first: EntrySeq,
    pub first_whole: EntrySeq,
    pub end_whole: EntrySeq,
    pub end: EntrySeq,
}

/// Sums of the whole quarter hours, and the entries that are not in them, in one statement and so in one
/// snapshot. Where the database's clock was once set back, sequences are not quite in the order of time:
/// what is read of the entries is what is not in the sums, whatever the sequences say.
pub async fn answer(
    pool: &PgPool,
    question: &Question,
    (whole_from, whole_to): (Timestamp, Timestamp),
    sequences: &Sequences,
) -> Result<Answer, sqlx::Error> {
    let days: Vec<_> = question.days.iter().map(|day| day.to_sqlx()).collect();
    let rows = query!(
        r#"with summed as materialized (
            select coalesce(max(first_seq), 1) as low, coalesce(max(end_seq), 1) as high
            from usage_summed where account_id = $1
        ), bound as materialized (
            -- What of the whole quarter hours is in the sums: from low, before high.
            select greatest($8::bigint, least(low, $9::bigint)) as low,
                greatest($8::bigint, least(low, $9::bigint), least(high, $9::bigint)) as high
            from summed
        ), parts as (
            select starts_at as at, tool, spent_micros as spent, charge_count as charges
            from usage_sum where account_id = $1 and starts_at >= $5 and starts_at < $6
            union all
            select e.created_at, coalesce(e.tool, ''), -e.amount_micros, (e.kind = 'charge')::int::bigint
            from (
                select * from entry where account_id = $1 and seq >= $7 and seq < (select low from bound)
                union all
                select * from entry where account_id = $1 and seq >= (select high from bound) and seq < $10
            ) as e
            where e.kind in ('charge', 'refund') and e.created_at >= $3 and e.created_at < $4
                and not (e.seq >= (select low from summed) and e.seq < (select high from summed)
                    and e.created_at >= $5 and e.created_at < $6)
        ), dated as (
            select width_bucket(at, $2::timestamptz[]) as day, tool, spent, charges from parts
        )
        select day as "day?", tool as "tool?", sum(spent)::bigint as "spent!", sum(charges)::bigint as "charges!"
        from dated group by grouping sets ((day), (tool)) order by day, 3 desc, tool"#,
        question.account.uuid(),
        &days as &[SqlTimestamp],
        question.from.to_sqlx() as SqlTimestamp,
        question.to.to_sqlx() as SqlTimestamp,
        whole_from.to_sqlx() as SqlTimestamp,
        whole_to.to_sqlx() as SqlTimestamp,
        sequences.first.get(),
        sequences.first_whole.get(),
        sequences.end_whole.get(),
        sequences.end.get(),
    )
    .fetch_all(pool)
    .await?;
    let mut answer = Answer::default();
    for row in rows {
        let (spent, charges) = (Micros::new(row.spent), row.charges);
        // Each row is of a day or of a tool.
        if let Some(day) = row.day {
            let of = usize::try_from(day).unwrap_or_default();
            answer.days.push(Usage { of, spent, charges });
        } else if let Some(of) = row.tool {
            answer.tools.push(Usage { of, spent, charges });
        }
    }
    Ok(answer)
}

/// Which of an account's entries are in its sums.
pub async fn summed(pool: &PgPool, account: AccountId) -> Result<Option<Range<i64>>, sqlx::Error> {
    let row = query!(
        "select first_seq, end_seq from usage_summed where account_id = $1",
        account.uuid()
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| row.first_seq..row.end_seq))
}

/// The same with its row locked. An account without sums gets a row, with none from `first` on.
pub async fn lock_summed(
    conn: &mut PgConnection,
    account: AccountId,
    first: i64,
) -> Result<Range<i64>, sqlx::Error> {
    let row = query!(
        "insert into usage_summed as s (account_id, first_seq, end_seq) values ($1, $2, $2)
        on conflict (account_id) do update set end_seq = s.end_seq returning first_seq, end_seq",
        account.uuid(),
        first,
    )
    .fetch_one(conn)
    .await?;
    Ok(row.first_seq..row.end_seq)
}

/// Adds entries to the sums, next to those that are in them. The caller holds the lock, and rolls back on
/// an error.
pub async fn sum_up(
    conn: &mut PgConnection,
    account: AccountId,
    entries: &Range<i64>,
) -> Result<(), sqlx::Error> {
    let read = query_scalar!(
        r#"with read as materialized (
            select kind, created_at, tool, amount_micros from entry
            where account_id = $1 and seq >= $2 and seq < $3
        ), added as (
            insert into usage_sum as s (account_id, starts_at, tool, spent_micros, charge_count)
            select $1, date_bin('15 minutes', created_at, 'epoch'), coalesce(tool, ''),
                (-sum(amount_micros))::bigint, count(*) filter (where kind = 'charge')
            from read where kind in ('charge', 'refund') group by 2, 3 order by 2, 3
            on conflict (account_id, starts_at, tool) do update
                set spent_micros = s.spent_micros + excluded.spent_micros,
                    charge_count = s.charge_count + excluded.charge_count
        ), noted as (
            update usage_summed set first_seq = least(first_seq, $2), end_seq = greatest(end_seq, $3)
            where account_id = $1
        )
        select count(*) as "read!" from read"#,
        account.uuid(),
        entries.start,
        entries.end,
    )
    .fetch_one(conn)
    .await?;
    // An account's entries have no gaps, and all of these were committed.
    if read == entries.end - entries.start {
        Ok(())
    } else {
        let missed = format!("{read} of the entries {entries:?} were found to be summed up");
        Err(sqlx::Error::Decode(missed.into()))
    }
}
