//! Events as they are stored.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, query, query_as};
use uuid::Uuid;

use super::super::PaymentError;
use super::{Outcome, ProviderEvent};
use crate::id::{AccountId, PaymentId};

/// What there was when an event came.
pub struct Stored {
    /// It was not known before.
    pub inserted: bool,
    /// The payment that has its reference.
    pub payment: Option<PaymentId>,
    pub now: Timestamp,
}

/// Stores an event unless it is known, as applied to the payment that has its reference: what most
/// events come to. Where another session is about to store the same, this waits until that one has
/// ended.
pub async fn insert_event(
    conn: &mut PgConnection,
    event: &ProviderEvent,
) -> Result<Stored, sqlx::Error> {
    let row = query!(
        r#"with named as (
            select r.account_id, r.payment_id
            from (select 1) as one left join payment_reference r on r.provider = $1 and r.reference = $8
        ), inserted as (
            insert into provider_event (provider, event_id, event_type, livemode, provider_account,
                occurred_at, received_at, raw, outcome, account_id, payment_id)
            select $1, $2, $3, $4, $5, $6, clock_timestamp(), $7, 'applied', account_id, payment_id from named
            on conflict (provider, event_id) do nothing returning 1
        )
        select exists (select from inserted) as "inserted!", clock_timestamp() as "now!: SqlTimestamp",
            account_id as "account_id?", payment_id as "payment_id?"
        from named"#,
        event.provider,
        event.event_id,
        event.event_type,
        event.livemode,
        event.provider_account,
        event.occurred_at.to_sqlx() as SqlTimestamp,
        event.raw,
        event.reference,
    )
    .fetch_one(conn)
    .await?;
    Ok(Stored {
        inserted: row.inserted,
        payment: payment_id(row.account_id, row.payment_id),
        now: row.now.to_jiff(),
    })
}

fn payment_id(account: Option<Uuid>, number: Option<Uuid>) -> Option<PaymentId> {
    Some(PaymentId {
        account: AccountId::from_uuid(account?),
        number: number?,
    })
}

/// An event that is known.
pub struct Known {
    pub outcome: Outcome,
    pub payment: Option<PaymentId>,
}

/// An event as it is committed.
pub async fn find_event(
    conn: &mut PgConnection,
    event: &ProviderEvent,
) -> Result<Option<Known>, PaymentError> {
    let row = query!(
        "select outcome, account_id, payment_id from provider_event where provider = $1 and event_id = $2",
        event.provider,
        event.event_id,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Known {
        outcome: Outcome::named(&row.outcome).ok_or(PaymentError::Row("provider_event.outcome"))?,
        payment: payment_id(row.account_id, row.payment_id),
    }))
}

pub async fn lock_event(
    conn: &mut PgConnection,
    event: &ProviderEvent,
) -> Result<Known, PaymentError> {
    let row = query!(
        "select outcome, account_id, payment_id from provider_event
        where provider = $1 and event_id = $2 for no key update",
        event.provider,
        event.event_id,
    )
    .fetch_one(conn)
    .await?;
    Ok(Known {
        outcome: Outcome::named(&row.outcome).ok_or(PaymentError::Row("provider_event.outcome"))?,
        payment: payment_id(row.account_id, row.payment_id),
    })
}

pub async fn write_outcome(
    conn: &mut PgConnection,
    event: &ProviderEvent,
    outcome: Outcome,
    detail: Option<&str>,
    payment: Option<PaymentId>,
) -> Result<(), sqlx::Error> {
    query!(
        "update provider_event set outcome = $3, detail = $4, account_id = $5, payment_id = $6
        where provider = $1 and event_id = $2",
        event.provider,
        event.event_id,
        outcome.name(),
        detail,
        payment.map(|id| id.account.uuid()),
        payment.map(|id| id.number),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event that nothing has come of yet.
pub struct StoredEvent {
    pub event_id: String,
    pub event_type: String,
    pub received_at: SqlTimestamp,
    pub outcome: String,
    pub raw: Vec<u8>,
}

/// Events that can be applied again, oldest first, after the place where the last page ended.
pub async fn list_open(
    executor: impl PgExecutor<'_>,
    provider: &str,
    since: Option<Timestamp>,
    after: Option<(Timestamp, String)>,
    most: i64,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let (after_at, after_id) = after.unzip();
    query_as!(
        StoredEvent,
        r#"select event_id, event_type, received_at as "received_at: SqlTimestamp", outcome,
            coalesce(raw, '') as "raw!"
        from provider_event
        where provider = $1 and outcome in ('unmatched', 'unreadable', 'recorded') and reviewed_at is null
            and ($2::timestamptz is null or received_at >= $2)
            and ($3::timestamptz is null or (received_at, event_id) > ($3, $4))
        order by received_at, event_id limit $5"#,
        provider,
        since.map(ToSqlx::to_sqlx) as Option<SqlTimestamp>,
        after_at.map(ToSqlx::to_sqlx) as Option<SqlTimestamp>,
        after_id,
        most,
    )
    .fetch_all(executor)
    .await
}
