//! The leanest way to charge in a transaction of one's own: a single statement on the product's own
//! tables, with the same checks and the same key.

mod builtin;
pub mod driver;
pub mod pgbench;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::load::FUNDS_MICROS;

/// As long as the answers that the product stores beside its keys. Measured anew in each run.
pub const ANSWER_BYTES: usize = 35;

/// What stands in the statement for its inputs, as SQL expressions.
pub struct Inputs<'a> {
    pub account_id: &'a str,
    pub amount_micros: &'a str,
    pub key: &'a str,
    pub request_id: &'a str,
    pub command_hash: &'a str,
    pub answer: &'a str,
}

/// The statement. A key that was used before changes nothing (`done` is 0). An amount that balance
/// or limits do not suffice for divides by zero, so that nothing of the statement remains, its key
/// neither.
pub fn statement(inputs: &Inputs<'_>) -> String {
    let Inputs {
        account_id,
        amount_micros: amount,
        key,
        request_id,
        command_hash,
        answer,
    } = inputs;
    format!(
        "with fresh as (
            insert into idempotency_key (account_id, key, command_hash, answer)
            values ({account_id}, {key}, {command_hash}, {answer})
            on conflict do nothing returning 1
        ), moved as (
            update account set settled_micros = settled_micros - {amount},
                day_spent_micros = case when {TODAY} > spent_on then 0 else day_spent_micros end + {amount},
                month_spent_micros = case when {THIS_MONTH} > spent_on then 0 else month_spent_micros end + {amount},
                day_no = day_no + ({TODAY} > spent_on)::int,
                month_no = month_no + ({THIS_MONTH} > spent_on)::int,
                spent_on = greatest(spent_on, {TODAY}),
                total_spent_micros = total_spent_micros + {amount},
                request_count = request_count + 1, last_request_at = clock_timestamp(),
                entry_seq = entry_seq + 1, version = version + 1
            where account_id = {account_id} and exists (select from fresh) and not suspended
                and settled_micros - held_micros >= {amount}
                and (daily_limit_micros is null or daily_limit_micros >=
                    case when {TODAY} > spent_on then 0 else day_spent_micros end + {amount})
                and (monthly_limit_micros is null or monthly_limit_micros >=
                    case when {THIS_MONTH} > spent_on then 0 else month_spent_micros end + {amount})
            returning settled_micros, held_micros, daily_limit_micros, day_spent_micros,
                monthly_limit_micros, month_spent_micros, day_no, month_no, entry_seq, last_request_at
        ), entries as (
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
                created_at, day_no, month_no, request_id)
            select {account_id}, entry_seq, 'charge', -{amount}, settled_micros, 'usage',
                last_request_at, day_no, month_no, {request_id}
            from moved
        )
        select case when exists (select from fresh) then 1 / (select count(*) from moved) else 0 end as done,
            m.settled_micros, m.held_micros, m.daily_limit_micros, m.day_spent_micros,
            m.monthly_limit_micros, m.month_spent_micros, m.entry_seq
        from (values (1)) as one left join moved m on true"
    )
}

/// The account's local day.
const TODAY: &str = "(clock_timestamp() at time zone time_zone)::date";

/// The first of its month: later than any day of an earlier month.
const THIS_MONTH: &str = "date_trunc('month', clock_timestamp() at time zone time_zone)::date";

/// The id of a lean account by its number, as SQL computes it; the product's own ids cannot be
/// computed by `pgbench`.
pub fn account_id_sql(number: &str) -> String {
    format!("lpad(to_hex({number}::bigint), 32, '0')::uuid")
}

/// Opens the accounts 0 to `uniform`, each with money and without limits.
pub async fn seed(superuser: &mut PgConnection, uniform: u64) -> Result<()> {
    let id = account_id_sql("n");
    let statement = format!(
        "with opened as (
            insert into account (account_id, settled_micros, entry_seq, version, spent_on)
            select {id}, {FUNDS_MICROS}, 1, 1, (clock_timestamp() at time zone 'UTC')::date
            from generate_series(0, {uniform}) as n
        ), profiles as (
            insert into account_profile (account_id, tenant_id, user_id)
            select {id}, 'lean', n::text from generate_series(0, {uniform}) as n
        )
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
            created_at, day_no, month_no)
        select {id}, 1, 'grant', {FUNDS_MICROS}, {FUNDS_MICROS}, 'grants', clock_timestamp(), 1, 1
        from generate_series(0, {uniform}) as n"
    );
    // Of numbers only, no input.
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(superuser)
        .await
        .context("cannot open the lean accounts")?;
    Ok(())
}

#[cfg(test)]
mod tests;
