//! Payments that their provider is to be asked about: leased, so that several gateways ask about
//! different ones.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgPool, query, query_scalar};

use super::{Payment, PaymentError, Refund, RefundState, queries};
use crate::auth::Caller;
use crate::id::{AccountId, PaymentId};

/// Who asks for payments, and for which.
#[derive(Clone, Debug)]
pub struct Claim {
    pub provider: String,
    pub owner: String,
    pub limit: i64,
    pub lease_secs: i64,
    /// None: those whose check is due. Else all that were created since then.
    pub since: Option<Timestamp>,
}

/// A payment that was leased.
pub struct Stale {
    pub payment: Payment,
    /// Those that are not final.
    pub refunds: Vec<Refund>,
    pub checks: i32,
    /// Open for more than a day: nobody pays it any more.
    pub give_up: bool,
}

struct Leased {
    id: PaymentId,
    checks: i32,
    give_up: bool,
}

/// Leases payments. A check that finds nothing new comes later each time, a minute at first and six
/// hours at most.
pub async fn claim(
    pool: &PgPool,
    caller: &Caller,
    claim: &Claim,
) -> Result<Vec<Stale>, PaymentError> {
    let leased = match claim.since {
        None => lease_due(pool, claim).await?,
        Some(since) => lease_since(pool, claim, since).await?,
    };
    let ids: Vec<PaymentId> = leased.iter().map(|lease| lease.id).collect();
    let mut payments: HashMap<PaymentId, Payment> = queries::find_payments(pool, &ids)
        .await?
        .into_iter()
        .filter(|payment| caller.may_act_for(&payment.tenant_id))
        .map(|payment| (payment.id, payment))
        .collect();
    let mut stale = Vec::new();
    for lease in leased {
        let Some(payment) = payments.remove(&lease.id) else {
            continue;
        };
        // Few have any; what is open counts in one of these.
        let has_refunds = payment.refunded_minor > 0 || payment.refund_requested_minor > 0;
        let mut refunds = if has_refunds || payment.given_back_minor > 0 {
            queries::find_refunds(pool, lease.id).await?
        } else {
            Vec::new()
        };
        refunds
            .retain(|refund| matches!(refund.state, RefundState::Requested | RefundState::Pending));
        stale.push(Stale {
            payment,
            refunds,
            checks: lease.checks,
            give_up: lease.give_up,
        });
    }
    Ok(stale)
}

async fn lease_due(pool: &PgPool, claim: &Claim) -> Result<Vec<Leased>, sqlx::Error> {
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
                and p.created_at < clock_timestamp() - interval '24 hours' as "give_up!""#,
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
async fn lease_since(
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

/// How many payments of a provider are open.
pub async fn count_open(pool: &PgPool, provider: &str) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"select count(*) as "open!" from payment where provider = $1 and next_check_at is not null"#,
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
            and greatest(next_check_at, leased_until) > clock_timestamp() + interval '1 day'",
        account.uuid(),
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
