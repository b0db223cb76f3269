//! What operators are to look at, and have looked at.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgPool, query, query_as};

use super::super::review::{Finding, MarkedPayment};

/// Events that contradict a payment, or that nothing came of, and that nobody has looked at; oldest
/// first, at most 1,000.
pub async fn findings(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    query_as!(
        Finding,
        r#"select provider, event_id, event_type, outcome, coalesce(detail, '') as "detail!", account_id,
            payment_id, received_at as "received_at: SqlTimestamp"
        from provider_event
        where outcome in ('unmatched', 'unreadable', 'contradiction', 'recorded') and reviewed_at is null
        order by received_at, event_id limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// Payments that are marked: contradicted, not received as ordered, or with more taken back than was paid.
pub async fn marked(pool: &PgPool) -> Result<Vec<MarkedPayment>, sqlx::Error> {
    query_as!(
        MarkedPayment,
        "select account_id, payment_id, state, amount_minor, received_minor, currency, refunded_minor,
            disputed_minor
        from payment where needs_review order by created_at limit 1000"
    )
    .fetch_all(pool)
    .await
}

/// Notes that an event was looked at, and clears the mark of its payment where it was the last one.
/// False where there is no such event that is still to be looked at.
pub async fn resolve(pool: &PgPool, provider: &str, event_id: &str) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let resolved = query!(
        "update provider_event set reviewed_at = clock_timestamp()
        where provider = $1 and event_id = $2 and reviewed_at is null
            and outcome in ('unmatched', 'unreadable', 'contradiction', 'recorded')
        returning account_id, payment_id",
        provider,
        event_id,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(event) = resolved else {
        return Ok(false);
    };
    query!(
        "update payment p set needs_review = exists (
            select from provider_event e where e.account_id = p.account_id and e.payment_id = p.payment_id
                and e.outcome = 'contradiction' and e.reviewed_at is null)
            or refunded_minor + disputed_minor > coalesce(received_minor, amount_minor)
        where p.account_id = $1 and p.payment_id = $2",
        event.account_id,
        event.payment_id,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Forgets the bodies of events that were received before a time and that something has come of.
/// Answers with their number.
pub async fn redact(pool: &PgPool, before: Timestamp) -> Result<u64, sqlx::Error> {
    let redacted = query!(
        "update provider_event set raw = null
        where raw is not null and received_at < $1
            and (outcome in ('applied', 'ignored') or reviewed_at is not null)",
        before.to_sqlx() as SqlTimestamp,
    )
    .execute(pool)
    .await?;
    Ok(redacted.rows_affected())
}
