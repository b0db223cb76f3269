//! What operators do about payments, on the command line: look at what contradicts, say that it was
//! looked at, and forget what providers sent.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::fmt;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde_json::json;
use sqlx::{PgPool, query, query_as};
use uuid::Uuid;

/// An event that an operator should look at.
pub struct Finding {
    pub provider: String,
    pub event_id: String,
    pub event_type: String,
    pub outcome: String,
    pub detail: String,
    pub account_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub received_at: SqlTimestamp,
}

impl Finding {
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "provider": self.provider,
            "event_id": self.event_id,
            "event_type": self.event_type,
            "outcome": self.outcome,
            "detail": self.detail,
            "payment_id": self.payment_id(),
            "received_at": self.received_at.to_jiff().to_string(),
        })
    }

    fn payment_id(&self) -> Option<String> {
        let (account, payment) = (self.account_id?, self.payment_id?);
        Some(format!("{}-{}", account.simple(), payment.simple()))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} ({}): {}; payment {}",
            self.received_at.to_jiff(),
            self.provider,
            self.event_id,
            self.outcome,
            self.event_type,
            self.detail,
            self.payment_id().as_deref().unwrap_or("unknown"),
        )
    }
}

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

/// A payment that was marked for a look.
pub struct MarkedPayment {
    pub account_id: Uuid,
    pub payment_id: Uuid,
    pub state: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub currency: String,
    pub refunded_minor: i64,
    pub disputed_minor: i64,
}

impl fmt::Display for MarkedPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (account, payment) = (self.account_id.simple(), self.payment_id.simple());
        write!(
            f,
            "payment {account}-{payment}: {}, {} {} (minor units), {} received, {} refunded, {} disputed",
            self.state,
            self.amount_minor,
            self.currency,
            self.received_minor
                .map_or_else(|| "all".to_owned(), |minor| minor.to_string()),
            self.refunded_minor,
            self.disputed_minor
        )
    }
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
