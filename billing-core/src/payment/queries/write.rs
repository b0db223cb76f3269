//! What is written of payments.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::sync::Arc;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, query};
use uuid::Uuid;

use super::super::create::{NewPayment, Terms};
use super::super::dispute::{Dispute, DisputeChange, Moved};
use super::super::{Payment, Refund};
use super::read;
use crate::id::{EntrySeq, PaymentId};
use crate::ledger::EntryKind;

/// False where the account has used the key. No index is named: whichever holds the rule, of this version
/// or of one before, is waited for and answered by.
pub async fn insert_payment(
    executor: impl PgExecutor<'_>,
    id: PaymentId,
    new: &NewPayment,
    terms: &Terms,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let written = query!(
        "insert into payment (account_id, payment_id, tenant_id, user_id, provider, livemode, purpose,
            idempotency_key, content_hash, amount_minor, currency, rate, credit_micros, created_at,
            next_check_at, provider_account, subscription_id)
        values ($1, $2, $3, $4, $5, $6, $14, $7, $8, $9, $10, $13::text::numeric, $11, $12,
            $12::timestamptz + interval '1 minute', $15, $16)
        on conflict do nothing",
        id.account.uuid(),
        id.number,
        new.name.tenant_id,
        new.name.user_id,
        new.provider,
        new.livemode,
        new.idempotency_key,
        &new.content_hash,
        new.amount_minor,
        new.currency.code(),
        terms.credit.get(),
        now.to_sqlx() as SqlTimestamp,
        terms.rate,
        new.purpose.name(),
        new.provider_account,
        new.gift
            .as_ref()
            .filter(|gift| gift.monthly)
            .map(|_| id.number),
    )
    .execute(executor)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// One name, one payment: a name that is known stays where it is. False where it is another payment's.
pub async fn insert_reference(
    conn: &mut PgConnection,
    payment: &Payment,
    reference: &str,
) -> Result<bool, sqlx::Error> {
    let written = query!(
        "insert into payment_reference (provider, reference, account_id, payment_id)
        values ($1, $2, $3, $4) on conflict (provider, reference) do nothing",
        &*payment.provider,
        reference,
        payment.id.account.uuid(),
        payment.id.number,
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(true);
    }
    // In a statement of its own: whoever was waited for has committed by now.
    let owner = read::find_by_reference(conn, &payment.provider, reference).await?;
    Ok(owner == Some(payment.id))
}

/// The first one stays, unless it is the one that the provider has lost.
pub async fn insert_customer(
    conn: &mut PgConnection,
    payment: &Payment,
    customer: &str,
    lost: Option<&str>,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into provider_customer as c (account_id, provider, livemode, reference)
        values ($1, $2, $3, $4) on conflict (account_id, provider, livemode) do update
            set reference = excluded.reference where c.reference = $5",
        payment.id.account.uuid(),
        &*payment.provider,
        payment.livemode,
        customer,
        lost,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The first one stays; none is kept of a payment whose payer was erased.
pub async fn write_page_url(
    conn: &mut PgConnection,
    id: PaymentId,
    page_url: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "update payment set page_url = $3
        where account_id = $1 and payment_id = $2 and page_url is null and erased_at is null",
        id.account.uuid(),
        id.number,
        page_url,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what may change of a payment, whose row the caller has locked.
pub async fn write_payment(
    conn: &mut PgConnection,
    payment: &Payment,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    write_payments(conn, &[payment], &[], now).await
}

/// An entry that a payment has made.
pub struct EntryRow {
    pub payment: PaymentId,
    pub provider: Arc<str>,
    pub seq: EntrySeq,
    pub kind: EntryKind,
    /// Whose report brought it.
    pub refund: Option<Uuid>,
}

/// Writes what may change of payments, whose rows the caller has locked, and which entries they have
/// made. A payment is looked at again while it is open, or has refunds that are, or its subscription lives.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn write_payments(
    conn: &mut PgConnection,
    payments: &[&Payment],
    entries: &[EntryRow],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let entry_accounts: Vec<Uuid> = entries.iter().map(|e| e.payment.account.uuid()).collect();
    let entry_payments: Vec<Uuid> = entries.iter().map(|entry| entry.payment.number).collect();
    let entry_providers: Vec<&str> = entries.iter().map(|entry| &*entry.provider).collect();
    let entry_seqs: Vec<i64> = entries.iter().map(|entry| entry.seq.get()).collect();
    let entry_kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.name()).collect();
    query!(
        "with entries as (
            insert into payment_entry (account_id, payment_id, provider, seq, kind, refund_id)
            select n.account_id, n.payment_id, n.provider, n.seq, n.kind, n.refund_id
            from unnest($18::uuid[], $19::uuid[], $20::text[], $21::bigint[], $22::text[], $25::uuid[])
                as n (account_id, payment_id, provider, seq, kind, refund_id)
        )
        update payment p set state = n.state, state_at = n.state_at, reference = n.reference,
            credited_micros = n.credited, reversed_micros = n.reversed, bookings = n.bookings,
            refunded_minor = n.refunded, refund_requested_minor = n.refund_requested,
            given_back_minor = n.given_back, disputed_minor = n.disputed, decline_code = n.decline_code,
            needs_review = n.needs_review, processing = n.processing, succeeded_at = n.succeeded_at, received_minor = n.received,
            next_check_at = case when n.open or exists (select from payment_refund r
                    where r.account_id = p.account_id and r.payment_id = p.payment_id
                    and r.state in ('requested', 'pending'))
                then case when p.subscription_id = p.payment_id and not n.open
                    then least(p.next_check_at, $17::timestamptz + interval '1 minute')
                    else coalesce(p.next_check_at, $17::timestamptz + interval '1 minute') end
                else (select s.check_at from subscription s
                    where s.account_id = p.account_id and s.subscription_id = p.payment_id) end,
            checks = case when p.next_check_at is null or not n.open then 0 else p.checks end
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[],
            $7::bigint[], $8::int[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[],
            $14::boolean[], $15::timestamptz[], $16::boolean[], $23::bigint[], $24::boolean[])
            as n (account_id, payment_id, state, state_at, reference, credited, reversed, bookings,
                refunded, refund_requested, given_back, disputed, decline_code, needs_review,
                succeeded_at, open, received, processing)
        where p.account_id = n.account_id and p.payment_id = n.payment_id",
        &column(payments, |payment| payment.id.account.uuid()),
        &column(payments, |payment| payment.id.number),
        &column(payments, |payment| payment.state.name()) as &[&str],
        &column(payments, |payment| payment.state_at.map(ToSqlx::to_sqlx)) as &[Option<SqlTimestamp>],
        &column(payments, |payment| payment.reference.as_deref()) as &[Option<&str>],
        &column(payments, |payment| payment.credited.get()),
        &column(payments, |payment| payment.reversed.get()),
        &column(payments, |payment| payment.bookings),
        &column(payments, |payment| payment.refunded_minor),
        &column(payments, |payment| payment.refund_requested_minor),
        &column(payments, |payment| payment.given_back_minor),
        &column(payments, |payment| payment.disputed_minor),
        &column(payments, |payment| payment.decline_code.as_deref()) as &[Option<&str>],
        &column(payments, |payment| payment.needs_review),
        &column(payments, |payment| payment.succeeded_at.map(ToSqlx::to_sqlx)) as &[Option<SqlTimestamp>],
        &column(payments, |payment| !payment.state.is_final()),
        now.to_sqlx() as SqlTimestamp,
        &entry_accounts,
        &entry_payments,
        &entry_providers as &[&str],
        &entry_seqs,
        &entry_kinds as &[&str],
        &column(payments, |payment| payment.received_minor) as &[Option<i64>],
        &column(payments, |payment| payment.processing),
        &entries.iter().map(|entry| entry.refund).collect::<Vec<_>>() as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T>(payments: &[&'a Payment], of: impl Fn(&'a Payment) -> T) -> Vec<T> {
    payments.iter().map(|payment| of(payment)).collect()
}

/// What operators and people say about a refund of ours.
pub struct RefundWords<'a> {
    pub reason: &'a str,
    pub actor: &'a str,
}

pub async fn insert_refund(
    conn: &mut PgConnection,
    id: PaymentId,
    refund: &Refund,
    words: &RefundWords<'_>,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into payment_refund (account_id, payment_id, refund_id, idempotency_key, content_hash,
            amount_minor, state, reason, actor, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.account.uuid(),
        id.number,
        refund.id,
        refund.idempotency_key,
        refund.content_hash,
        refund.amount_minor,
        refund.state.name(),
        words.reason,
        words.actor,
        refund.created_at.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a refund's name and state, or the whole of one that was made at the provider.
pub async fn write_refund(
    conn: &mut PgConnection,
    id: PaymentId,
    refund: &Refund,
    failure_code: Option<&str>,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into payment_refund as r (account_id, payment_id, refund_id, reference, amount_minor,
            state, failure_code, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (account_id, payment_id, refund_id) do update set reference = excluded.reference,
            state = excluded.state, failure_code = coalesce(excluded.failure_code, r.failure_code)",
        id.account.uuid(),
        id.number,
        refund.id,
        refund.reference,
        refund.amount_minor,
        refund.state.name(),
        failure_code,
        refund.created_at.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a dispute's sums, and what was not known to have moved.
pub async fn write_dispute(
    conn: &mut PgConnection,
    id: PaymentId,
    change: &DisputeChange,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    upsert_dispute(&mut *conn, id, &change.dispute, now).await?;
    if !change.news.is_empty() {
        insert_movements(conn, id, &change.dispute.reference, &change.news).await?;
    }
    Ok(())
}

async fn upsert_dispute(
    conn: &mut PgConnection,
    id: PaymentId,
    dispute: &Dispute,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into payment_dispute (account_id, payment_id, reference, withdrawn_minor,
            reinstated_minor, status, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (account_id, payment_id, reference) do update set
            withdrawn_minor = excluded.withdrawn_minor, reinstated_minor = excluded.reinstated_minor,
            status = excluded.status",
        id.account.uuid(),
        id.number,
        dispute.reference,
        dispute.withdrawn_minor,
        dispute.reinstated_minor,
        dispute.status,
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_movements(
    conn: &mut PgConnection,
    id: PaymentId,
    reference: &str,
    moved: &[Moved],
) -> Result<(), sqlx::Error> {
    let are_named: Vec<bool> = moved.iter().map(|moved| moved.is_named).collect();
    let names: Vec<&str> = moved.iter().map(|moved| &*moved.name).collect();
    let movements: Vec<&str> = moved.iter().map(|moved| moved.movement.name()).collect();
    let amounts: Vec<i64> = moved.iter().map(|moved| moved.amount_minor).collect();
    let times: Vec<SqlTimestamp> = moved
        .iter()
        .map(|moved| moved.occurred_at.to_sqlx())
        .collect();
    query!(
        "insert into payment_dispute_movement (account_id, payment_id, reference, is_named, name, movement,
            amount_minor, occurred_at)
        select $1, $2, $3, n.is_named, n.name, n.movement, n.amount, n.occurred_at
        from unnest($4::boolean[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[])
            as n (is_named, name, movement, amount, occurred_at)",
        id.account.uuid(),
        id.number,
        reference,
        &are_named,
        &names as &[&str],
        &movements as &[&str],
        &amounts,
        &times as &[SqlTimestamp],
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_decline(
    conn: &mut PgConnection,
    payment: &Payment,
    event_id: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into payment_decline (tenant_id, provider, event_id, declined_at)
        values ($1, $2, $3, $4) on conflict (provider, event_id) do nothing",
        payment.tenant_id,
        &*payment.provider,
        event_id,
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
