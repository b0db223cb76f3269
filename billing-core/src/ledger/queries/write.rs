//! What a batch writes: columns in, one row a place.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::borrow::Cow;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::super::columns::{
    Columns, FreeCallColumns, NoteColumns, RefundColumns, SettingsColumns, UnenforcedColumns,
};

/// How many rows a batch has written.
pub struct Written {
    pub accounts: i64,
    /// Holds that did not exist.
    pub placed: i64,
    /// Holds that did, and had not ended.
    pub changed: i64,
}

/// Writes accounts, entries, keys and holds in one statement: all that most batches write. Other
/// numbers of rows than asked for mean that an account was not as it was read, that a hold had ended,
/// or that one was there or not against what was read: the caller must not commit.
///
/// Holds are inserted, and those that exist are changed instead unless they have ended, but for an expired one
/// that is captured after all, and counts in another period then: found by
/// their key for certain, which an update from an array is not. One that was placed at the batch's own
/// moment is new: nobody else had the account's lock then.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn write_batch(
    conn: &mut PgConnection,
    now: Timestamp,
    columns: &Columns,
) -> Result<Written, sqlx::Error> {
    let Columns {
        accounts,
        entries,
        keys,
        holds,
        ..
    } = columns;
    query_as!(
        Written,
        r#"with accounts as (
            update account a set settled_micros = n.settled, held_micros = n.held,
                overdraft_micros = n.overdraft, spent_on = n.spent_on, begun_on = n.begun_on, day_no = n.day_no,
                month_no = n.month_no, carried_day_no = n.carried_day_no,
                carried_month_no = n.carried_month_no, day_spent_micros = n.day_spent,
                month_spent_micros = n.month_spent, total_spent_micros = n.total_spent,
                request_count = n.request_count, last_request_at = n.last_request_at,
                entry_seq = n.entry_seq, version = a.version + 1
            from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::date[],
                $7::int[], $8::int[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                $13::timestamptz[], $14::bigint[], $47::date[], $48::int[], $49::int[])
                as n (account_id, version, settled, held, overdraft, spent_on, day_no, month_no,
                day_spent, month_spent, total_spent, request_count, last_request_at, entry_seq, begun_on,
                carried_day_no, carried_month_no)
            where a.account_id = n.account_id and a.version = n.version
            returning 1
        ), entries as (
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros,
                counterparty, created_at, day_no, month_no, request_id, tool, price_version, hold_id,
                refunds_seq)
            select n.account_id, n.seq, n.kind, n.amount, n.balance_after, n.counterparty, $28,
                n.day_no, n.month_no, n.request_id, n.tool, n.price_version, n.hold_id, n.refunds_seq
            from unnest($15::uuid[], $16::bigint[], $17::text[], $18::bigint[], $19::bigint[],
                $20::text[], $21::int[], $22::int[], $23::text[], $24::text[], $25::bigint[],
                $26::uuid[], $27::bigint[])
                as n (account_id, seq, kind, amount, balance_after, counterparty, day_no, month_no,
                request_id, tool, price_version, hold_id, refunds_seq)
        ), keys as (
            insert into idempotency_key (account_id, key, command_hash, answer, hold_id)
            select n.account_id, n.key, n.command_hash, n.answer, n.hold_id
            from unnest($29::uuid[], $30::text[], $31::bytea[], $32::bytea[], $33::uuid[])
                as n (account_id, key, command_hash, answer, hold_id)
        ), holds as (
            insert into hold as h (account_id, hold_id, amount_micros, state, placed_at, expires_at,
                day_no, month_no, tool, price_version, waiver, request_id, ended_at, end_hash,
                end_answer)
            select n.account_id, n.hold_id, n.amount, n.state, $28, n.expires_at, n.day_no, n.month_no,
                n.tool, n.price_version, n.waiver, n.request_id,
                case n.state when 'placed' then null else $28::timestamptz end, n.end_hash, n.end_answer
            from unnest($34::uuid[], $35::uuid[], $36::bigint[], $37::text[], $38::timestamptz[], $39::int[],
                $40::int[], $41::text[], $42::bigint[], $43::text[], $44::text[], $45::bytea[], $46::bytea[])
                as n (account_id, hold_id, amount, state, expires_at, day_no, month_no, tool,
                price_version, waiver, request_id, end_hash, end_answer)
            on conflict (account_id, hold_id) do update set state = excluded.state,
                expires_at = excluded.expires_at, ended_at = excluded.ended_at,
                day_no = excluded.day_no, month_no = excluded.month_no,
                end_hash = excluded.end_hash, end_answer = excluded.end_answer
                where (h.ended_at is null or h.state = 'expired' and excluded.state = 'captured')
                    and h.amount_micros = excluded.amount_micros
            returning h.placed_at = $28 as placed
        )
        select (select count(*) from accounts) as "accounts!",
            (select count(*) from holds where placed) as "placed!",
            (select count(*) from holds where not placed) as "changed!""#,
        &accounts.account_ids,
        &accounts.versions,
        &accounts.settled,
        &accounts.held,
        &accounts.overdrafts,
        &accounts.spent_on as &[jiff_sqlx::Date],
        &accounts.day_nos,
        &accounts.month_nos,
        &accounts.day_spent,
        &accounts.month_spent,
        &accounts.total_spent,
        &accounts.request_counts,
        &accounts.last_request_at as &[Option<SqlTimestamp>],
        &accounts.entry_seqs,
        &entries.account_ids,
        &entries.seqs,
        &entries.kinds as &[&str],
        &entries.amounts,
        &entries.balances_after,
        &entries.counterparties as &[Cow<'static, str>],
        &entries.day_nos,
        &entries.month_nos,
        &entries.request_ids as &[Option<String>],
        &entries.tools as &[Option<String>],
        &entries.price_versions as &[Option<i64>],
        &entries.holds as &[Option<Uuid>],
        &entries.refunds as &[Option<i64>],
        now.to_sqlx() as SqlTimestamp,
        &keys.account_ids,
        &keys.keys,
        &keys.hashes,
        &keys.answers,
        &keys.holds as &[Option<Uuid>],
        &holds.account_ids,
        &holds.hold_ids,
        &holds.amounts,
        &holds.states as &[&str],
        &holds.expires_at as &[SqlTimestamp],
        &holds.day_nos,
        &holds.month_nos,
        &holds.tools as &[Option<String>],
        &holds.price_versions as &[Option<i64>],
        &holds.waivers as &[Option<&str>],
        &holds.request_ids as &[Option<String>],
        &holds.end_hashes as &[Option<Vec<u8>>],
        &holds.end_answers as &[Option<Vec<u8>>],
        &accounts.begun_on as &[Option<jiff_sqlx::Date>],
        &accounts.carried_day_nos as &[Option<i32>],
        &accounts.carried_month_nos as &[Option<i32>],
    )
    .fetch_one(conn)
    .await
}

/// Writes what accounts are set to. Their rows are locked.
pub async fn write_settings(
    conn: &mut PgConnection,
    settings: &SettingsColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "update account a set daily_limit_micros = n.daily_limit, monthly_limit_micros = n.monthly_limit,
            low_balance_threshold_micros = n.threshold, time_zone = n.time_zone,
            billing_enabled = n.billing_enabled, suspended = n.suspended,
            low_balance_warned_on = n.warned_on, balance_gone_on = n.gone_on,
            balance_gone_count = n.gone_count, balance_gone_at = n.gone_at, balance_warned = n.warned,
            warning_due_at = n.warning_due_at, day_limit_told = n.day_limit_told,
            month_limit_told = n.month_limit_told
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bool[], $7::bool[],
                $8::date[], $9::date[], $10::smallint[], $11::timestamptz[], $12::text[], $13::timestamptz[],
                $14::int[], $15::int[])
            as n (account_id, daily_limit, monthly_limit, threshold, time_zone, billing_enabled, suspended,
                warned_on, gone_on, gone_count, gone_at, warned, warning_due_at, day_limit_told, month_limit_told)
        where a.account_id = n.account_id",
        &settings.account_ids,
        &settings.daily_limits as &[Option<i64>],
        &settings.monthly_limits as &[Option<i64>],
        &settings.thresholds as &[Option<i64>],
        &settings.time_zones,
        &settings.billing_enabled,
        &settings.suspended,
        &settings.warned_on as &[Option<jiff_sqlx::Date>],
        &settings.gone_on as &[Option<jiff_sqlx::Date>],
        &settings.gone_counts,
        &settings.gone_at as &[Option<SqlTimestamp>],
        &settings.warned as &[Option<&str>],
        &settings.warning_due_at as &[Option<SqlTimestamp>],
        &settings.day_limit_told as &[Option<i32>],
        &settings.month_limit_told as &[Option<i32>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks charges that were booked while nobody asked whether there was money for them.
pub async fn insert_unenforced(
    conn: &mut PgConnection,
    unenforced: &UnenforcedColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into entry_unenforced (account_id, seq) select * from unnest($1::uuid[], $2::bigint[])",
        &unenforced.account_ids,
        &unenforced.seqs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what people wrote about new entries.
pub async fn insert_notes(conn: &mut PgConnection, notes: &NoteColumns) -> Result<(), sqlx::Error> {
    query!(
        "insert into entry_note (account_id, seq, description, metadata, reason, actor)
        select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], $5::text[], $6::text[])",
        &notes.account_ids,
        &notes.seqs,
        &notes.descriptions as &[Option<String>],
        &notes.metadata as &[Option<serde_json::Value>],
        &notes.reasons as &[Option<String>],
        &notes.actors as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes how much of each charge has been refunded, all told.
pub async fn write_refunds(
    conn: &mut PgConnection,
    refunds: &RefundColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into charge_refund as r (account_id, seq, charged_micros, refunded_micros)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
        on conflict (account_id, seq) do update set refunded_micros = excluded.refunded_micros",
        &refunds.account_ids,
        &refunds.seqs,
        &refunds.charged,
        &refunds.refunded,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes the free calls taken, all told.
pub async fn write_free_calls(
    conn: &mut PgConnection,
    calls: &FreeCallColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into free_call (account_id, tool, day_no, used, allowed)
        select * from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[])
        on conflict (account_id, tool)
            do update set day_no = excluded.day_no, used = excluded.used, allowed = excluded.allowed",
        &calls.account_ids,
        &calls.tools,
        &calls.day_nos,
        &calls.used,
        &calls.allowed,
    )
    .execute(conn)
    .await?;
    Ok(())
}
