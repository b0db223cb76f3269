//! What is read of payments.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::dispute::{Dispute, Moved, Movement};
use super::super::{Payment, PaymentError, Purpose, Refund, RefundState, State};
use crate::id::{AccountId, PaymentId};
use crate::money::Micros;

/// A payment as the table has it.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct PaymentRow {
    account_id: Uuid,
    payment_id: Uuid,
    tenant_id: String,
    user_id: String,
    provider: String,
    provider_account: String,
    livemode: bool,
    purpose: String,
    state: String,
    state_at: Option<SqlTimestamp>,
    content_hash: Vec<u8>,
    amount_minor: i64,
    currency: String,
    rate: String,
    credit_micros: i64,
    reference: Option<String>,
    received_minor: Option<i64>,
    credited_micros: i64,
    reversed_micros: i64,
    bookings: i32,
    refunded_minor: i64,
    refund_requested_minor: i64,
    given_back_minor: i64,
    disputed_minor: i64,
    decline_code: Option<String>,
    needs_review: bool,
    processing: bool,
    created_at: SqlTimestamp,
    succeeded_at: Option<SqlTimestamp>,
    is_erased: bool,
    subscription_id: Option<Uuid>,
}

impl TryFrom<PaymentRow> for Payment {
    type Error = PaymentError;

    fn try_from(row: PaymentRow) -> Result<Self, PaymentError> {
        let state = State::named(&row.state).ok_or(PaymentError::Row("payment.state"))?;
        Ok(Self {
            id: PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.payment_id,
            },
            tenant_id: row.tenant_id,
            user_id: row.user_id,
            provider: row.provider.into(),
            provider_account: row.provider_account,
            livemode: row.livemode,
            purpose: Purpose::named(&row.purpose).ok_or(PaymentError::Row("payment.purpose"))?,
            state,
            state_at: row.state_at.map(SqlTimestamp::to_jiff),
            content_hash: row.content_hash,
            amount_minor: row.amount_minor,
            currency: row.currency,
            rate: row.rate,
            credit: Micros::new(row.credit_micros),
            reference: row.reference,
            received_minor: row.received_minor,
            credited: Micros::new(row.credited_micros),
            reversed: Micros::new(row.reversed_micros),
            bookings: row.bookings,
            refunded_minor: row.refunded_minor,
            refund_requested_minor: row.refund_requested_minor,
            given_back_minor: row.given_back_minor,
            disputed_minor: row.disputed_minor,
            decline_code: row.decline_code,
            needs_review: row.needs_review,
            // A version that does not know it has left it.
            processing: row.processing && !state.is_final(),
            created_at: row.created_at.to_jiff(),
            succeeded_at: row.succeeded_at.map(SqlTimestamp::to_jiff),
            is_erased: row.is_erased,
            subscription: row.subscription_id,
        })
    }
}

/// Where a payment is paid, where its provider told that once.
pub async fn find_page_url(
    executor: impl PgExecutor<'_>,
    id: PaymentId,
) -> Result<Option<String>, sqlx::Error> {
    query_scalar!(
        "select page_url from payment where account_id = $1 and payment_id = $2",
        id.account.uuid(),
        id.number,
    )
    .fetch_one(executor)
    .await
}

/// Takes the payment's row lock, behind which all of it is read and written.
pub async fn lock_payment(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, PaymentError> {
    Ok(lock_payments(conn, &[id]).await?.pop())
}

/// Takes the row locks of payments, in the order of the ids: sorted by whoever locks more than one.
pub async fn lock_payments(
    conn: &mut PgConnection,
    sorted: &[PaymentId],
) -> Result<Vec<Payment>, PaymentError> {
    let accounts: Vec<Uuid> = sorted.iter().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = sorted.iter().map(|id| id.number).collect();
    query_as!(
        PaymentRow,
        r#"select p.account_id, p.payment_id, tenant_id, user_id, provider, provider_account, livemode,
            purpose, state, state_at as "state_at: SqlTimestamp", content_hash, amount_minor, currency,
            rate::text as "rate!", credit_micros, reference, received_minor, credited_micros,
            reversed_micros, bookings, refunded_minor, refund_requested_minor, given_back_minor,
            disputed_minor, decline_code, needs_review, processing,
            created_at as "created_at: SqlTimestamp", succeeded_at as "succeeded_at: SqlTimestamp",
            erased_at is not null as "is_erased!", subscription_id
        from unnest($1::uuid[], $2::uuid[]) as wanted (account_id, payment_id)
            cross join lateral (
                select * from payment p
                where p.account_id = wanted.account_id and p.payment_id = wanted.payment_id
                for no key update offset 0
            ) p"#,
        &accounts,
        &numbers,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Payment::try_from)
    .collect()
}

/// The payments of these ids, in their order.
pub async fn find_payments(
    executor: impl PgExecutor<'_>,
    ids: &[PaymentId],
) -> Result<Vec<Payment>, PaymentError> {
    let accounts: Vec<Uuid> = ids.iter().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = ids.iter().map(|id| id.number).collect();
    query_as!(
        PaymentRow,
        r#"select p.account_id, p.payment_id, tenant_id, user_id, provider, provider_account, livemode,
            purpose, state, state_at as "state_at: SqlTimestamp", content_hash, amount_minor, currency,
            rate::text as "rate!", credit_micros, reference, received_minor, credited_micros,
            reversed_micros, bookings, refunded_minor, refund_requested_minor, given_back_minor,
            disputed_minor, decline_code, needs_review, processing,
            created_at as "created_at: SqlTimestamp", succeeded_at as "succeeded_at: SqlTimestamp",
            erased_at is not null as "is_erased!", subscription_id
        from unnest($1::uuid[], $2::uuid[]) with ordinality as wanted (account_id, payment_id, place)
            cross join lateral (
                select * from payment p
                where p.account_id = wanted.account_id and p.payment_id = wanted.payment_id offset 0
            ) p
        order by wanted.place"#,
        &accounts,
        &numbers,
    )
    .fetch_all(executor)
    .await?
    .into_iter()
    .map(Payment::try_from)
    .collect()
}

pub async fn find_payment(
    executor: impl PgExecutor<'_>,
    id: PaymentId,
) -> Result<Option<Payment>, PaymentError> {
    Ok(find_payments(executor, &[id]).await?.pop())
}

/// The payment that a provider has this name for.
pub async fn find_by_reference(
    executor: impl PgExecutor<'_>,
    provider: &str,
    reference: &str,
) -> Result<Option<PaymentId>, sqlx::Error> {
    let row = query!(
        "select account_id, payment_id from payment_reference where provider = $1 and reference = $2",
        provider,
        reference,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| PaymentId {
        account: AccountId::from_uuid(row.account_id),
        number: row.payment_id,
    }))
}

/// By the account as text, as the index of the keys has it.
pub async fn find_by_key(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    key: &str,
) -> Result<Option<PaymentId>, sqlx::Error> {
    let number = query_scalar!(
        "select payment_id from payment where account_id::text = $1 and idempotency_key = $2",
        account.uuid().to_string(),
        key,
    )
    .fetch_optional(executor)
    .await?;
    Ok(number.map(|number| PaymentId { account, number }))
}

/// An account's payments, newest first: those older than `before`, where it is given.
pub async fn list_payments(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    before: Option<Uuid>,
    most: i64,
) -> Result<Vec<PaymentId>, sqlx::Error> {
    let numbers = query_scalar!(
        "select payment_id from payment
        where account_id = $1 and ($2::uuid is null or payment_id < $2)
        order by payment_id desc limit $3",
        account.uuid(),
        before,
        most,
    )
    .fetch_all(executor)
    .await?;
    Ok(numbers
        .into_iter()
        .map(|number| PaymentId { account, number })
        .collect())
}

/// The newest contributions of an account that nobody has ended.
pub async fn find_open_contributions(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<Vec<Payment>, PaymentError> {
    let numbers = query_scalar!(
        "select payment_id from payment
        where account_id = $1 and purpose = 'contribution'
            and state in ('created', 'pending', 'requires_action')
        order by payment_id desc limit 10",
        account.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<PaymentId> = numbers
        .into_iter()
        .map(|number| PaymentId { account, number })
        .collect();
    find_payments(conn, &ids).await
}

/// A payment's refunds, oldest first.
pub async fn find_refunds(
    executor: impl PgExecutor<'_>,
    id: PaymentId,
) -> Result<Vec<Refund>, PaymentError> {
    let rows = query!(
        r#"select refund_id, reference, idempotency_key, content_hash, amount_minor, state,
            created_at as "created_at: SqlTimestamp"
        from payment_refund where account_id = $1 and payment_id = $2 order by created_at, refund_id"#,
        id.account.uuid(),
        id.number,
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Refund {
                id: row.refund_id,
                reference: row.reference,
                idempotency_key: row.idempotency_key,
                content_hash: row.content_hash,
                amount_minor: row.amount_minor,
                state: RefundState::named(&row.state)
                    .ok_or(PaymentError::Row("payment_refund.state"))?,
                created_at: row.created_at.to_jiff(),
            })
        })
        .collect()
}

pub async fn find_disputes(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Vec<Dispute>, sqlx::Error> {
    query_as!(
        Dispute,
        "select reference, withdrawn_minor, reinstated_minor, status
        from payment_dispute where account_id = $1 and payment_id = $2",
        id.account.uuid(),
        id.number,
    )
    .fetch_all(conn)
    .await
}

/// What moved because of a dispute.
pub async fn find_movements(
    conn: &mut PgConnection,
    id: PaymentId,
    reference: &str,
) -> Result<Vec<Moved>, PaymentError> {
    let rows = query!(
        r#"select is_named, name, movement, amount_minor, occurred_at as "occurred_at: SqlTimestamp"
        from payment_dispute_movement where account_id = $1 and payment_id = $2 and reference = $3"#,
        id.account.uuid(),
        id.number,
        reference,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Moved {
                is_named: row.is_named,
                name: row.name,
                movement: Movement::named(&row.movement)
                    .ok_or(PaymentError::Row("payment_dispute_movement.movement"))?,
                amount_minor: row.amount_minor,
                occurred_at: row.occurred_at.to_jiff(),
            })
        })
        .collect()
}

/// Whether an account may begin no payment; one that was never written may.
pub async fn is_suspended(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<bool, sqlx::Error> {
    let suspended = query_scalar!(
        "select suspended from account where account_id = $1",
        account.uuid()
    )
    .fetch_optional(executor)
    .await?;
    Ok(suspended.unwrap_or_default())
}

/// What a provider calls an account.
pub async fn find_customer(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    provider: &str,
    livemode: bool,
) -> Result<Option<String>, sqlx::Error> {
    query_scalar!(
        "select reference from provider_customer
        where account_id = $1 and provider = $2 and livemode = $3",
        account.uuid(),
        provider,
        livemode,
    )
    .fetch_optional(executor)
    .await
}

/// How many attempts of a tenant were declined since a time, none that a wrong clock has put into the
/// future, and how many of its payments were paid.
pub async fn recent_outcomes(
    executor: impl PgExecutor<'_>,
    tenant_id: &str,
    since: Timestamp,
) -> Result<(i64, i64), sqlx::Error> {
    let row = query!(
        r#"select
            (select count(*) from payment_decline where tenant_id = $1 and declined_at > $2
                and declined_at <= clock_timestamp()) as "declined!",
            (select count(*) from payment where tenant_id = $1 and succeeded_at > $2) as "paid!""#,
        tenant_id,
        since.to_sqlx() as SqlTimestamp,
    )
    .fetch_one(executor)
    .await?;
    Ok((row.declined, row.paid))
}

/// The providers that have had a payment: a look into an index for each, however many payments there are.
pub async fn paid_by(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    query_scalar!(
        r#"with recursive known (provider) as (
            select min(provider) from payment
            union all
            select (select min(p.provider) from payment p where p.provider > k.provider)
            from known k where k.provider is not null
        )
        select provider as "provider!" from known where provider is not null"#
    )
    .fetch_all(pool)
    .await
}
