//! What is read of a whole tenant's payments, for administrators.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgPool, query, query_as};
use uuid::Uuid;

use super::super::State;
use crate::id::{AccountId, PaymentId};

/// Which payments of a tenant.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub tenant_id: String,
    /// Of one account.
    pub account: Option<AccountId>,
    /// None: in every state.
    pub state: Option<State>,
    /// Only those that somebody is to look at.
    pub needs_review: bool,
    /// Only those behind this one.
    pub behind: Option<PaymentId>,
    pub most: i64,
}

struct IdRow {
    account_id: Uuid,
    payment_id: Uuid,
}

impl Wanted {
    fn states(&self) -> Vec<&'static str> {
        match self.state {
            None => State::ALL.into_iter().map(State::name).collect(),
            Some(state) => vec![state.name()],
        }
    }

    fn behind(&self) -> (Option<Uuid>, Option<Uuid>) {
        self.behind.map(|id| (id.number, id.account.uuid())).unzip()
    }
}

/// Newest first.
pub async fn list_of_tenant(pool: &PgPool, wanted: &Wanted) -> Result<Vec<PaymentId>, sqlx::Error> {
    let rows = match wanted.account {
        _ if wanted.needs_review => list_marked(pool, wanted).await?,
        Some(account) => list_of_account(pool, wanted, account).await?,
        None => list_all(pool, wanted).await?,
    };
    Ok(rows
        .into_iter()
        .map(|row| PaymentId {
            account: AccountId::from_uuid(row.account_id),
            number: row.payment_id,
        })
        .collect())
}

/// What needs a look is few: all of it is read.
async fn list_marked(pool: &PgPool, wanted: &Wanted) -> Result<Vec<IdRow>, sqlx::Error> {
    let (states, (number, account)) = (wanted.states(), wanted.behind());
    query_as!(
        IdRow,
            "select account_id, payment_id from payment
            where needs_review and tenant_id = $1 and state = any($2) and ($3::uuid is null or account_id = $3)
                and ($4::uuid is null or (payment_id, account_id) < ($4, $5))
            order by payment_id desc, account_id desc limit $6",
        wanted.tenant_id,
        &states as &[&str],
        wanted.account.map(AccountId::uuid),
        number,
        account,
        wanted.most,
    )
    .fetch_all(pool)
    .await
}

async fn list_of_account(
    pool: &PgPool,
    wanted: &Wanted,
    account: AccountId,
) -> Result<Vec<IdRow>, sqlx::Error> {
    let (states, (number, _)) = (wanted.states(), wanted.behind());
    query_as!(
        IdRow,
        "select account_id, payment_id from payment
            where account_id = $3 and tenant_id = $1 and state = any($2)
                and ($4::uuid is null or payment_id < $4)
            order by payment_id desc limit $5",
        wanted.tenant_id,
        &states as &[&str],
        account.uuid(),
        number,
        wanted.most,
    )
    .fetch_all(pool)
    .await
}

/// Each state's newest are found by their index, and of them the newest of all.
async fn list_all(pool: &PgPool, wanted: &Wanted) -> Result<Vec<IdRow>, sqlx::Error> {
    let (states, (number, account)) = (wanted.states(), wanted.behind());
    query_as!(
        IdRow,
        r#"select p.account_id as "account_id!", p.payment_id as "payment_id!"
            from unnest($2::text[]) as wanted (state) cross join lateral (
                select account_id, payment_id from payment
                where tenant_id = $1 and state = wanted.state
                    and ($3::uuid is null or (payment_id, account_id) < ($3, $4))
                order by payment_id desc, account_id desc limit $5
            ) p
            order by p.payment_id desc, p.account_id desc limit $5"#,
        wanted.tenant_id,
        &states as &[&str],
        number,
        account,
        wanted.most,
    )
    .fetch_all(pool)
    .await
}

/// A report that contradicts a payment.
pub struct Contradiction {
    pub detail: String,
    pub received_at: Timestamp,
}

/// Why somebody is to look at these payments: of each the newest report that contradicts it.
pub async fn find_contradictions(
    pool: &PgPool,
    ids: &[PaymentId],
) -> Result<HashMap<Uuid, Contradiction>, sqlx::Error> {
    let numbers: Vec<Uuid> = ids.iter().map(|id| id.number).collect();
    let rows = query!(
        r#"select distinct on (payment_id) payment_id as "payment_id!", coalesce(detail, '') as "detail!",
            received_at as "received_at: SqlTimestamp"
        from provider_event
        where outcome = 'contradiction' and reviewed_at is null and payment_id = any($1)
        order by payment_id, received_at desc"#,
        &numbers,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let contradiction = Contradiction {
                detail: row.detail,
                received_at: row.received_at.to_jiff(),
            };
            (row.payment_id, contradiction)
        })
        .collect())
}

/// What was paid on a day, by provider and currency.
pub struct DayRevenue {
    pub date: String,
    pub provider: String,
    pub currency: String,
    pub received_minor: i64,
    pub refunded_minor: i64,
    pub disputed_minor: i64,
    pub credited_micros: i64,
    pub net_micros: i64,
    pub payments: i64,
}

/// Since midnight of UTC so many days ago, today included. Both currencies that are taken have cents.
pub async fn revenue(
    pool: &PgPool,
    tenant_id: &str,
    days: i32,
) -> Result<Vec<DayRevenue>, sqlx::Error> {
    query_as!(
        DayRevenue,
        r#"select (succeeded_at at time zone 'UTC')::date::text as "date!", provider, currency,
            sum(coalesce(received_minor, amount_minor))::bigint as "received_minor!",
            sum(refunded_minor)::bigint as "refunded_minor!", sum(disputed_minor)::bigint as "disputed_minor!",
            sum(credited_micros - reversed_micros)::bigint as "credited_micros!",
            sum(floor((coalesce(received_minor, amount_minor) - refunded_minor - disputed_minor)
                * rate * 10000))::bigint as "net_micros!",
            count(*) as "payments!"
        from payment
        where tenant_id = $1 and succeeded_at >=
            -- The statement's: no index is asked for a time that every row may find another.
            (date_trunc('day', statement_timestamp() at time zone 'UTC') - make_interval(days => $2 - 1))
            at time zone 'UTC'
        group by 1, 2, 3 order by 1, 2, 3"#,
        tenant_id,
        days,
    )
    .fetch_all(pool)
    .await
}
