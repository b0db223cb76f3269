//! Subscriptions, and what follows from them for their givers.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, query, query_scalar};
use uuid::Uuid;

use super::super::Naming;
use super::super::subscription::{Subscription, SubscriptionState};
use crate::id::{AccountId, PaymentId};

/// A person's subscriptions, the newest first.
pub async fn find_subscriptions(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Vec<Subscription>, sqlx::Error> {
    let rows = query!(
        r#"select subscription_id, tenant_id, provider, livemode, reference, state, amount_minor, currency,
            period_end as "period_end: SqlTimestamp", cancel_at as "cancel_at: SqlTimestamp",
            as_of as "as_of: SqlTimestamp", check_at as "check_at: SqlTimestamp", needs_review,
            created_at as "created_at: SqlTimestamp", ended_at as "ended_at: SqlTimestamp"
        from subscription where account_id = $1 order by subscription_id desc"#,
        account.uuid(),
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = SubscriptionState::named(&row.state);
            Ok(Subscription {
                first: PaymentId {
                    account,
                    number: row.subscription_id,
                },
                tenant_id: row.tenant_id,
                provider: row.provider,
                livemode: row.livemode,
                reference: row.reference,
                state: state.ok_or_else(|| sqlx::Error::Decode("subscription.state".into()))?,
                amount_minor: row.amount_minor,
                currency: row.currency,
                period_end: row.period_end.map(SqlTimestamp::to_jiff),
                cancel_at: row.cancel_at.map(SqlTimestamp::to_jiff),
                as_of: row.as_of.to_jiff(),
                check_at: row.check_at.map(SqlTimestamp::to_jiff),
                needs_review: row.needs_review,
                created_at: row.created_at.to_jiff(),
                ended_at: row.ended_at.map(SqlTimestamp::to_jiff),
            })
        })
        .collect()
}

/// Writes a subscription, whose giver's row the caller has locked.
pub async fn upsert_subscription(
    conn: &mut PgConnection,
    one: &Subscription,
) -> Result<(), sqlx::Error> {
    let time = |at: Option<Timestamp>| at.map(ToSqlx::to_sqlx);
    query!(
        "insert into subscription as s (account_id, subscription_id, tenant_id, provider, livemode, reference,
            state, amount_minor, currency, period_end, cancel_at, as_of, check_at, needs_review, created_at,
            ended_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict (account_id, subscription_id) do update set reference = excluded.reference,
            state = excluded.state, amount_minor = excluded.amount_minor, currency = excluded.currency,
            period_end = excluded.period_end, cancel_at = excluded.cancel_at, as_of = excluded.as_of,
            check_at = excluded.check_at, ended_at = excluded.ended_at",
        one.first.account.uuid(),
        one.first.number,
        one.tenant_id,
        one.provider,
        one.livemode,
        one.reference,
        one.state.name(),
        one.amount_minor,
        one.currency,
        time(one.period_end) as Option<SqlTimestamp>,
        time(one.cancel_at) as Option<SqlTimestamp>,
        one.as_of.to_sqlx() as SqlTimestamp,
        time(one.check_at) as Option<SqlTimestamp>,
        one.needs_review,
        one.created_at.to_sqlx() as SqlTimestamp,
        time(one.ended_at) as Option<SqlTimestamp>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The first payment of the subscription by which somebody supports now.
pub async fn find_live(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Option<PaymentId>, sqlx::Error> {
    let number = query_scalar!(
        "select subscription_id from subscription where account_id = $1 and state <> 'cancelled'
        order by needs_review, subscription_id desc limit 1",
        account.uuid(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(number.map(|number| PaymentId { account, number }))
}

/// What the provider calls those of the subscriptions that have not ended.
pub async fn find_live_references(
    executor: impl PgExecutor<'_>,
    firsts: &[PaymentId],
) -> Result<HashMap<PaymentId, String>, sqlx::Error> {
    let accounts: Vec<Uuid> = firsts.iter().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = firsts.iter().map(|id| id.number).collect();
    let rows = query!(
        "select s.account_id, s.subscription_id, s.reference
        from unnest($1::uuid[], $2::uuid[]) as n (account_id, subscription_id)
        join subscription s using (account_id, subscription_id)
        where s.state <> 'cancelled'",
        &accounts,
        &numbers,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.subscription_id,
            };
            (id, row.reference)
        })
        .collect())
}

/// Which of these people support monthly now by a subscription whose newest payment names them. Their rows are
/// locked.
pub async fn find_monthly(
    conn: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<BTreeSet<AccountId>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let found = query_scalar!(
        "select s.account_id from subscription s cross join lateral (
            select c.is_anonymous from contribution c
            join payment p on p.account_id = c.account_id and p.payment_id = c.payment_id
            where c.account_id = s.account_id and p.subscription_id = s.subscription_id
            order by c.paid_at desc nulls last, c.payment_id desc limit 1
        ) newest
        where s.account_id = any($1) and s.state <> 'cancelled' and not newest.is_anonymous",
        &accounts,
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(AccountId::from_uuid).collect())
}

/// How renewals name their givers, that have no row yet: as the contribution of their subscription before them.
pub async fn find_inherited(
    conn: &mut PgConnection,
    renewals: &BTreeMap<PaymentId, Uuid>,
) -> Result<BTreeMap<PaymentId, Naming>, sqlx::Error> {
    let accounts: Vec<Uuid> = renewals.keys().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = renewals.keys().map(|id| id.number).collect();
    let subscriptions: Vec<Uuid> = renewals.values().copied().collect();
    let rows = query!(
        r#"select n.account_id as "account_id!", n.payment_id as "payment_id!", newest.is_anonymous,
            newest.consented_at as "consented_at: SqlTimestamp", newest.wording_version
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as n (account_id, payment_id, subscription_id)
        cross join lateral (
            select c.is_anonymous, c.consented_at, c.wording_version from contribution c
            join payment p on p.account_id = c.account_id and p.payment_id = c.payment_id
            where c.account_id = n.account_id and p.subscription_id = n.subscription_id
                and c.payment_id <> n.payment_id
            order by c.paid_at desc nulls last, c.payment_id desc limit 1
        ) newest"#,
        &accounts,
        &numbers,
        &subscriptions,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.payment_id,
            };
            let consented = row.consented_at.map(SqlTimestamp::to_jiff);
            let naming = Naming {
                is_anonymous: row.is_anonymous,
                consented: consented.zip(row.wording_version),
            };
            (id, naming)
        })
        .collect())
}

/// How many of those whom the wall names support monthly: of all, or of those who gave openly in a month that is the
/// newest of theirs.
pub async fn count_monthly(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    month: Option<jiff::civil::Date>,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"select count(*) as "count!" from supporter
        where tenant_id = $1 and monthly and public_minor > 0 and not is_anonymous and not hidden
            and display_name is not null
            and ($2::date is null or public_month = $2 and public_month_minor > 0)"#,
        tenant,
        month.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Date>,
    )
    .fetch_one(executor)
    .await
}
