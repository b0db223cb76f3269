//! Every statement about a whole tenant. What is as long as a tenant is large is read by an index, page by page,
//! or is bounded by days; migrations 0045 to 0049 say by which.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgPool, query, query_as};
use uuid::Uuid;

use super::{Found, MailPlace, Mark, Overview, Search, Status, Undelivered};
use crate::id::AccountId;
use crate::money::Micros;

/// Behind everything that begins with what it is put behind.
const LAST: char = char::MAX;

struct FoundRow {
    account_id: Uuid,
    user_id: String,
    opened_at: Option<SqlTimestamp>,
    email: Option<String>,
}

impl From<FoundRow> for Found {
    fn from(row: FoundRow) -> Self {
        Self {
            account: AccountId::from_uuid(row.account_id),
            user_id: row.user_id,
            opened_at: row.opened_at.map(SqlTimestamp::to_jiff),
            email: row.email,
        }
    }
}

pub async fn accounts(pool: &PgPool, search: &Search) -> Result<Vec<Found>, sqlx::Error> {
    match search.status {
        Status::All => all_accounts(pool, search, false).await,
        Status::Active => all_accounts(pool, search, true).await,
        Status::Marked(mark) => marked_accounts(pool, search, mark).await,
    }
}

/// By user id, in the order of the index: a page reads what is on it, and those that are passed over. Who paid or
/// gave something need not have an account: they are found by their whole user id, or by their address.
async fn all_accounts(
    pool: &PgPool,
    search: &Search,
    only_active: bool,
) -> Result<Vec<Found>, sqlx::Error> {
    let rows = query_as!(
        FoundRow,
        r#"with named as (
            select p.account_id, p.user_id, p.opened_at
            from account_profile p join account a on a.account_id = p.account_id
            where p.tenant_id = $1 and p.user_id collate "C" > $2 and p.user_id collate "C" >= $3
                and p.user_id collate "C" < $4 and (not $5 or a.billing_enabled and not a.suspended)
            order by p.user_id collate "C" limit $6::bigint + $7::bigint
        ), addressed as (
            select p.account_id, p.user_id, p.opened_at
            from contact c join account_profile p on p.account_id = c.account_id
                join account a on a.account_id = c.account_id
            where c.tenant_id = $1 and c.email is not null and lower(c.email) = lower($3)
                and p.user_id collate "C" > $2 and (not $5 or a.billing_enabled and not a.suspended)
            order by p.user_id collate "C" limit $6::bigint + $7::bigint
        ), unopened as (
            select n.account_id, k.user_id, null::timestamptz as opened_at
            from (
                select $8::uuid as account_id
                union select account_id from contact
                    where tenant_id = $1 and email is not null and lower(email) = lower($3)
            ) n cross join lateral (
                select user_id, tenant_id from supporter where account_id = n.account_id
                union all select user_id, tenant_id from payment where account_id = n.account_id
                limit 1
            ) k
            where not $5 and k.tenant_id = $1 and k.user_id collate "C" > $2
                and not exists (select from account_profile p where p.account_id = n.account_id)
        )
        select f.account_id as "account_id!", f.user_id as "user_id!", f.opened_at as "opened_at?: SqlTimestamp",
            c.email as "email?"
        from (select * from named union select * from addressed union select * from unopened) f
            left join contact c on c.account_id = f.account_id
        order by f.user_id collate "C" offset $6 limit $7"#,
        search.tenant_id,
        search.behind,
        search.text,
        format!("{}{LAST}", search.text),
        only_active,
        search.skip,
        search.most,
        AccountId::of(&search.tenant_id, &search.text).uuid(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Found::from).collect())
}

/// From the few accounts that are anything but plain, whoever's they are.
async fn marked_accounts(
    pool: &PgPool,
    search: &Search,
    mark: Mark,
) -> Result<Vec<Found>, sqlx::Error> {
    let rows = query_as!(
        FoundRow,
        r#"with marked as materialized (
            select account_id from account
            where (suspended or not billing_enabled or overdraft_micros > 0)
                and case $5::text when 'suspended' then suspended when 'disabled' then not billing_enabled
                    else settled_micros < 0 end
        )
        select p.account_id, p.user_id, p.opened_at as "opened_at?: SqlTimestamp", c.email as "email?"
        from marked m join account_profile p on p.account_id = m.account_id
            left join contact c on c.account_id = m.account_id
        where p.tenant_id = $1 and p.user_id collate "C" > $2
            and (p.user_id collate "C" >= $3 and p.user_id collate "C" < $4 or lower(c.email) = lower($3))
        order by p.user_id collate "C" offset $6 limit $7"#,
        search.tenant_id,
        search.behind,
        search.text,
        format!("{}{LAST}", search.text),
        mark.name(),
        search.skip,
        search.most,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Found::from).collect())
}

/// How a tenant stands, but for what its accounts spend. Days and months are of UTC.
pub async fn overview(pool: &PgPool, tenant_id: &str) -> Result<Overview, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    query!("select set_config('statement_timeout', '60s', true)")
        .fetch_one(&mut *transaction)
        .await?;
    let row = query!(
        r#"with moment as materialized (
            select now as as_of, date_trunc('day', now at time zone 'UTC') at time zone 'UTC' as today,
                date_trunc('month', now at time zone 'UTC') at time zone 'UTC' as month
            from (select clock_timestamp() as now) c
        ), paid as (
            select p.succeeded_at >= t.today as is_today,
                floor((coalesce(p.received_minor, p.amount_minor) - p.refunded_minor - p.disputed_minor)
                    * p.rate * 10000)::bigint as net
            from moment t join payment p on p.tenant_id = $1 and p.succeeded_at >= t.month
        )
        select t.as_of as "as_of!: SqlTimestamp",
            (select count(*) from account_profile where tenant_id = $1) as "accounts!",
            (select coalesce(sum(net) filter (where is_today), 0)::bigint from paid) as "revenue_today!",
            (select coalesce(sum(net), 0)::bigint from paid) as "revenue_month!",
            (select count(*) from payment where needs_review and tenant_id = $1) as "payments_in_review!",
            (select count(*) from outbox_message m left join account_profile p on p.account_id = m.account_id
                left join contact c on c.account_id = m.account_id
            where m.channel = 'mail' and m.attempts > 0 and coalesce(p.tenant_id, c.tenant_id) = $1)
                as "undelivered_mail!"
        from moment t"#,
        tenant_id,
    )
    .fetch_one(&mut *transaction)
    .await?;
    Ok(Overview {
        accounts: row.accounts,
        revenue_today: Micros::new(row.revenue_today),
        revenue_month: Micros::new(row.revenue_month),
        spent_today: Micros::ZERO,
        spent_month: Micros::ZERO,
        payments_in_review: row.payments_in_review,
        undelivered_mail: row.undelivered_mail,
        as_of: row.as_of.to_jiff(),
    })
}

/// Mail to a tenant's accounts that was tried and has not left, newest first: what is behind a place.
pub async fn undelivered(
    pool: &PgPool,
    tenant_id: &str,
    behind: Option<MailPlace>,
    most: i64,
) -> Result<Vec<Undelivered>, sqlx::Error> {
    let rows = query!(
        r#"select m.account_id, m.seq, m.kind, m.created_at as "created_at: SqlTimestamp", m.attempts,
            m.last_error, m.next_attempt_at as "next_attempt_at: SqlTimestamp", m.given_up_at is null as "waits!",
            coalesce(p.user_id, c.user_id) as "user_id!", c.email as "email?"
        from outbox_message m left join account_profile p on p.account_id = m.account_id
            left join contact c on c.account_id = m.account_id
        where m.channel = 'mail' and m.attempts > 0 and coalesce(p.tenant_id, c.tenant_id) = $1
            and ($2::timestamptz is null or (m.created_at, m.account_id, m.seq) < ($2, $3, $4))
        order by m.created_at desc, m.account_id desc, m.seq desc limit $5"#,
        tenant_id,
        behind.map(|place| place.created_at.to_sqlx()) as Option<SqlTimestamp>,
        behind.map(|place| place.account),
        behind.map(|place| place.seq),
        most,
    )
    .fetch_all(pool)
    .await?;
    let at = |at: SqlTimestamp| -> Timestamp { at.to_jiff() };
    Ok(rows
        .into_iter()
        .map(|row| Undelivered {
            place: MailPlace {
                created_at: at(row.created_at),
                account: row.account_id,
                seq: row.seq,
            },
            kind: row.kind,
            user_id: row.user_id,
            email: row.email,
            attempts: row.attempts,
            last_error: row.last_error,
            next_attempt_at: row.waits.then(|| at(row.next_attempt_at)),
        })
        .collect())
}
