//! Every statement about the days of a tenant.

use sqlx::{PgConnection, PgPool, query, query_as};
use uuid::Uuid;

use super::{Spent, TenantUsage};
use crate::ledger::audit::Finding;
use crate::money::Micros;

/// The accounts of a tenant with entries that are in no sum, those with the most first: as many as it takes to find so
/// many entries, so many of each. And how many entries there are in all.
pub async fn behind(
    pool: &PgPool,
    tenant_id: &str,
    step: i64,
    step_of_all: i64,
) -> Result<(Vec<Uuid>, i64), sqlx::Error> {
    let rows = query!(
        r#"select account_id as "account_id!", total as "total!" from (
            select p.account_id, sum(n.missing) over ()::bigint as total,
                sum(least(n.missing, $2)) over (order by n.missing desc, p.account_id)
                    - least(n.missing, $2) as before
            from account_profile p join account a on a.account_id = p.account_id
                left join usage_day_end d on d.account_id = p.account_id
                cross join lateral (select a.entry_seq + 1 - coalesce(d.end_seq, 1) as missing) n
            where p.tenant_id = $1 and n.missing > 0
        ) b where before < $3::bigint"#,
        tenant_id,
        step,
        step_of_all,
    )
    .fetch_all(pool)
    .await?;
    let missing = rows.first().map_or(0, |row| row.total);
    Ok((
        rows.into_iter().map(|row| row.account_id).collect(),
        missing,
    ))
}

/// Up to where the entries of accounts are in the sums, their rows locked in one order. An account without sums gets a
/// row.
pub async fn lock_ends(
    conn: &mut PgConnection,
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let rows = query!(
        "insert into usage_day_end as d (account_id, end_seq)
        select account_id, 1 from unnest($1::uuid[]) as n (account_id) order by account_id
        on conflict (account_id) do update set end_seq = d.end_seq returning account_id, end_seq",
        accounts,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.account_id, row.end_seq))
        .collect())
}

/// Adds the next entries of each account to its sums, at most so many of each. The caller holds their locks, and rolls
/// back on an error.
pub async fn sum_up(
    conn: &mut PgConnection,
    tenant_id: &str,
    ends: &[(Uuid, i64)],
    step: i64,
) -> Result<(), sqlx::Error> {
    let (accounts, seqs): (Vec<Uuid>, Vec<i64>) = ends.iter().copied().unzip();
    let done = query!(
        r#"with step as materialized (
            select n.account_id, n.from_seq, least(n.from_seq + $4, a.entry_seq + 1) as to_seq
            from unnest($2::uuid[], $3::bigint[]) as n (account_id, from_seq)
                join account a on a.account_id = n.account_id
        ), read as materialized (
            select s.account_id, e.kind, e.amount_micros, coalesce(e.tool, '') as tool,
                (e.created_at at time zone 'UTC')::date as day
            from step s cross join lateral (
                select kind, amount_micros, tool, created_at from entry
                where account_id = s.account_id and seq >= s.from_seq and seq < s.to_seq offset 0
            ) e
        ), added as (
            insert into usage_day as d (tenant_id, day, account_id, tool, spent_micros, charge_count)
            select $1, day, account_id, tool, (-sum(amount_micros))::bigint, count(*) filter (where kind = 'charge')
            from read where kind in ('charge', 'refund') group by day, account_id, tool
            on conflict (tenant_id, day, account_id, tool) do update
                set spent_micros = d.spent_micros + excluded.spent_micros,
                    charge_count = d.charge_count + excluded.charge_count
        ), noted as (
            update usage_day_end d set end_seq = s.to_seq from step s where d.account_id = s.account_id
        )
        select (select count(*) from read) as "read!",
            (select coalesce(sum(to_seq - from_seq), 0)::bigint from step) as "asked!""#,
        tenant_id,
        &accounts,
        &seqs,
        step,
    )
    .fetch_one(conn)
    .await?;
    // An account's entries have no gaps, and all of these were committed.
    if done.read == done.asked {
        Ok(())
    } else {
        let missed = format!(
            "{} of {} entries were found to be summed up",
            done.read, done.asked
        );
        Err(sqlx::Error::Decode(missed.into()))
    }
}

/// By sums, and by the entries that are in none; or else by the entries of these days, whoever's they are. In one
/// statement, and so in one snapshot.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn usage(
    pool: &PgPool,
    tenant_id: &str,
    days: i32,
    users_max: i64,
    by_sums: bool,
) -> Result<TenantUsage, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    query!("select set_config('statement_timeout', '60s', true)")
        .fetch_one(&mut *transaction)
        .await?;
    let rows = query!(
        r#"with span as (
            -- The statement's: no index is asked for a time that every row may find another.
            select date_trunc('day', statement_timestamp() at time zone 'UTC') - make_interval(days => $2 - 1) as since
        ), rest as materialized (
            select e.account_id, e.created_at, e.tool, e.amount_micros, e.kind
            from account_profile p join account a on a.account_id = p.account_id
                left join usage_day_end d on d.account_id = p.account_id
                cross join lateral (
                    select * from entry e where e.account_id = p.account_id and e.seq >= coalesce(d.end_seq, 1)
                        and e.kind in ('charge', 'refund') and e.created_at >= (select since from span) at time zone 'UTC'
                    offset 0
                ) e
            where $4 and p.tenant_id = $1 and a.entry_seq >= coalesce(d.end_seq, 1)
            union all
            select e.account_id, e.created_at, e.tool, e.amount_micros, e.kind
            from (
                -- By time alone: who would group them looks for an order of theirs, and reads them one by one.
                select * from entry where kind in ('charge', 'refund')
                    and created_at >= (select since from span) at time zone 'UTC' offset 0
            ) e
            where not $4
        ), used as materialized (
            select account_id, day, tool, spent_micros as spent, charge_count as charges
            from usage_day where $4 and tenant_id = $1 and day >= (select since from span)::date
            union all
            select account_id, (created_at at time zone 'UTC')::date, coalesce(tool, ''), (-sum(amount_micros))::bigint,
                count(*) filter (where kind = 'charge')
            from rest group by 1, 2, 3
        ), mine as materialized (
            select u.*, p.user_id from used u join account_profile p on p.account_id = u.account_id
            where p.tenant_id = $1
        )
        (select 'day' as "by!", day::text as "of!", sum(spent)::bigint as "spent!", sum(charges)::bigint as "charges!"
            from mine group by day order by day)
        union all
        (select 'tool', tool, sum(spent)::bigint, sum(charges)::bigint from mine
            group by tool order by 3 desc, tool limit 200)
        union all
        (select 'user', user_id, sum(spent)::bigint, sum(charges)::bigint from mine
            group by user_id order by 3 desc, user_id limit $3)"#,
        tenant_id,
        days,
        users_max,
        by_sums,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let mut usage = TenantUsage::default();
    for row in rows {
        let list = match row.by.as_str() {
            "day" => &mut usage.days,
            "tool" => &mut usage.tools,
            _ => &mut usage.users,
        };
        list.push(Spent {
            of: row.of,
            spent: Micros::new(row.spent),
            charges: row.charges,
        });
    }
    Ok(usage)
}

/// Compares the sums with the entries that are in them, in one statement and so in one snapshot. At most 1,000
/// findings.
pub async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    query_as!(
        Finding,
        r#"with sums as (
            select p.tenant_id, (e.created_at at time zone 'UTC')::date as day, e.account_id,
                coalesce(e.tool, '') as tool, (-sum(e.amount_micros))::bigint as spent,
                count(*) filter (where e.kind = 'charge') as charges
            from usage_day_end d join entry e on e.account_id = d.account_id and e.seq < d.end_seq
                join account_profile p on p.account_id = d.account_id
            where e.kind in ('charge', 'refund') group by 1, 2, 3, 4
        ), compared as (
            select account_id, coalesce(u.spent_micros, 0) as spent_micros, coalesce(s.spent, 0) as spent,
                coalesce(u.charge_count, 0) as charge_count, coalesce(s.charges, 0) as charges
            from usage_day u full join sums s using (tenant_id, day, account_id, tool)
        ), findings as (
            select 'a tenant''s days are summed up as their entries say' as rule, account_id, spent_micros as account_says,
                spent as rows_say from compared
            union all
            select 'a tenant''s days are summed up with each charge once', account_id, charge_count, charges from compared
            union all
            select 'a tenant''s days are summed up of entries that are there', d.account_id,
                greatest(d.end_seq - 1, coalesce(a.entry_seq, 0)), coalesce(a.entry_seq, 0)
            from usage_day_end d left join account a using (account_id)
        )
        select rule as "rule!", account_id as "account_id!", account_says as "account_says!", rows_say as "rows_say!"
        from findings where account_says <> rows_say limit 1000"#
    )
    .fetch_all(pool)
    .await
}
