//! What the repair of an account reads that a wrong clock had brought into the future.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use super::super::columns::RepairColumns;
use super::super::state::Counted;
use crate::id::AccountId;
use crate::money::Micros;

/// Placed holds that expire later than any can that was placed by the clock as it is.
pub async fn holds_ahead(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<Vec<Uuid>, sqlx::Error> {
    query_scalar!(
        "select hold_id from hold where account_id = $1 and state = 'placed'
            and expires_at > clock_timestamp() + interval '24 hours' order by hold_id",
        account.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// What has counted in the day and the month that began at these moments: charges, less what was given
/// back of them, and placed holds. By their time, since their numbers are those of the future.
pub async fn counted_since(
    conn: &mut PgConnection,
    account: AccountId,
    day: Timestamp,
    month: Timestamp,
    now: Timestamp,
) -> Result<Counted, sqlx::Error> {
    let row = query!(
        r#"with recursive halving (low, high) as (
            select 1::bigint, entry_seq + 1 from account where account_id = $1
            union all
            select case when e.created_at < $3 then (h.low + h.high) / 2 + 1 else h.low end,
                case when e.created_at < $3 then h.high else (h.low + h.high) / 2 end
            from halving h join entry e on e.account_id = $1 and e.seq = (h.low + h.high) / 2
            where h.low < h.high
        ), counted as (
            -- An entry of the future that halving meets leads it too far back, never too far ahead.
            select e.created_at as at, -e.amount_micros - coalesce(r.refunded_micros, 0) as amount
            from entry e left join charge_refund r on r.account_id = e.account_id and r.seq = e.seq
            where e.account_id = $1 and e.seq >= (select min(low) from halving where low >= high)
                and e.kind = 'charge' and e.created_at >= $3 and e.created_at <= $4
            union all
            select placed_at, amount_micros from hold
            where account_id = $1 and state = 'placed' and placed_at >= $3 and placed_at <= $4
        )
        select coalesce(sum(amount) filter (where at >= $2), 0)::bigint as "day!",
            coalesce(sum(amount), 0)::bigint as "month!"
        from counted"#,
        account.uuid(),
        day.to_sqlx() as SqlTimestamp,
        month.to_sqlx() as SqlTimestamp,
        now.to_sqlx() as SqlTimestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Counted {
        day: Micros::new(row.day),
        month: Micros::new(row.month),
    })
}

/// Keeps who repaired which account, and why.
pub async fn insert_repairs(
    conn: &mut PgConnection,
    now: Timestamp,
    repairs: &RepairColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into account_repair (account_id, repaired_at, was_on, spent_on, day_no, month_no,
            day_carried_micros, month_carried_micros, reason, actor)
        select n.account_id, $1, n.was_on, n.spent_on, n.day_no, n.month_no, n.day, n.month, n.reason, n.actor
        from unnest($2::uuid[], $3::date[], $4::date[], $5::int[], $6::int[], $7::bigint[], $8::bigint[],
            $9::text[], $10::text[])
            as n (account_id, was_on, spent_on, day_no, month_no, day, month, reason, actor)",
        now.to_sqlx() as SqlTimestamp,
        &repairs.account_ids,
        &repairs.was_on as &[jiff_sqlx::Date],
        &repairs.spent_on as &[jiff_sqlx::Date],
        &repairs.day_nos,
        &repairs.month_nos,
        &repairs.day_carried,
        &repairs.month_carried,
        &repairs.reasons,
        &repairs.actors,
    )
    .execute(conn)
    .await?;
    Ok(())
}
