//! Which payments a gateway is to ask their provider about, and for how long no other does.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgPool, query, query_scalar};

use super::super::stale::Claim;
use crate::id::{AccountId, PaymentId};

/// A payment that was leased.
pub struct Leased {
    pub id: PaymentId,
    pub checks: i32,
    pub give_up: bool,
}

/// Leases payments whose check is due, and puts the next one off.
pub async fn lease_due(pool: &PgPool, claim: &Claim) -> Result<Vec<Leased>, sqlx::Error> {
    let rows = query!(
        r#"update payment p set leased_by = $2, checks = p.checks + 1,
            leased_until = clock_timestamp() + make_interval(secs => $3::bigint),
            next_check_at = clock_timestamp()
                + least(interval '1 minute' * power(2, least(p.checks, 16)), interval '6 hours')
        from (
            select account_id, payment_id from payment
            where provider = $1 and next_check_at <= clock_timestamp()
                and (leased_until is null or leased_until < clock_timestamp())
            order by next_check_at limit $4 for no key update skip locked
        ) as due
        where p.account_id = due.account_id and p.payment_id = due.payment_id
        returning p.account_id, p.payment_id, p.checks,
            p.state in ('created', 'pending', 'requires_action')
                and not p.processing and p.created_at < clock_timestamp() - interval '24 hours' as "give_up!""#,
        claim.provider,
        claim.owner,
        claim.lease_secs,
        claim.limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Leased {
            id: PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.payment_id,
            },
            checks: row.checks,
            give_up: row.give_up,
        })
        .collect())
}

/// Also those that somebody else has leased: who asks for all that was created since a time wants to
/// know, and asking twice does no harm.
pub async fn lease_since(
    pool: &PgPool,
    claim: &Claim,
    since: Timestamp,
) -> Result<Vec<Leased>, sqlx::Error> {
    let rows = query!(
        r#"update payment p set leased_by = $2, checks = p.checks + 1,
            leased_until = clock_timestamp() + make_interval(secs => $3::bigint)
        from (
            select account_id, payment_id from payment
            where provider = $1 and created_at >= $5
                and (leased_until is null or leased_until < clock_timestamp() or leased_by <> $2)
            order by created_at limit $4 for no key update skip locked
        ) as recent
        where p.account_id = recent.account_id and p.payment_id = recent.payment_id
        returning p.account_id, p.payment_id, p.checks"#,
        claim.provider,
        claim.owner,
        claim.lease_secs,
        claim.limit,
        since.to_sqlx() as SqlTimestamp,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Leased {
            id: PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.payment_id,
            },
            checks: row.checks,
            give_up: false,
        })
        .collect())
}

/// How many payments of a provider are open, but for those that are only looked at since their subscription lives.
pub async fn count_open(pool: &PgPool, provider: &str) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"select count(*) as "open!" from payment p
        where provider = $1 and next_check_at is not null and not (state = 'succeeded'
            and exists (select from subscription s
                where s.account_id = p.account_id and s.subscription_id = p.payment_id
                and s.check_at = p.next_check_at))"#,
        provider,
    )
    .fetch_one(pool)
    .await
}

/// Lets the providers of an account's payments be asked now where a wrong clock has put that off, or has
/// leased the payment, for longer than can be meant. Answers with how many there were.
pub async fn ask_again_in_time(pool: &PgPool, account: AccountId) -> Result<u64, sqlx::Error> {
    let done = query!(
        "update payment set leased_until = null, next_check_at = clock_timestamp()
        where account_id = $1 and next_check_at is not null
            and greatest(next_check_at, leased_until) > clock_timestamp() + interval '1 day'
            and (state <> 'succeeded' or subscription_id is distinct from payment_id)",
        account.uuid(),
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
