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
use super::opening::NewOpened;
use super::{Outcome, ProviderEvent};
use crate::id::{AccountId, PaymentId};

/// An event that was not known before.
pub struct Inserted {
    pub provider: String,
    pub event_id: String,
    /// The payment that has its reference.
    pub payment: Option<PaymentId>,
    pub now: Timestamp,
}

/// Stores those of the events that are not known, each as applied to the payment that has its reference:
/// what most events come to. Where another session is about to store the same, this waits until that one
/// has ended. The events are sorted by their ids, so that two sessions do not wait for each other.
pub async fn insert_events(
    conn: &mut PgConnection,
    sorted: &[&ProviderEvent],
) -> Result<Vec<Inserted>, sqlx::Error> {
    let column = |of: fn(&ProviderEvent) -> &str| -> Vec<&str> {
        sorted.iter().map(|event| of(event)).collect()
    };
    let livemodes: Vec<bool> = sorted.iter().map(|event| event.livemode).collect();
    let occurred: Vec<SqlTimestamp> = sorted
        .iter()
        .map(|event| event.occurred_at.to_sqlx())
        .collect();
    let bodies: Vec<&[u8]> = sorted.iter().map(|event| event.raw.as_slice()).collect();
    let references: Vec<Option<&str>> = sorted
        .iter()
        .map(|event| event.reference.as_deref())
        .collect();
    let meanings = meanings(sorted.iter().copied());
    let rows = query!(
        r#"insert into provider_event (provider, event_id, event_type, livemode, provider_account,
            occurred_at, received_at, raw, meaning, outcome, account_id, payment_id)
        select n.provider, n.event_id, n.event_type, n.livemode, n.provider_account, n.occurred_at,
            clock_timestamp(), n.raw, n.meaning, 'applied', r.account_id, r.payment_id
        from unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::timestamptz[],
            $7::bytea[], $8::text[], $9::bytea[])
            as n (provider, event_id, event_type, livemode, provider_account, occurred_at, raw, reference,
                meaning)
            left join lateral (
                select r.account_id, r.payment_id from payment_reference r
                where r.provider = n.provider and r.reference = n.reference offset 0
            ) r on true
        on conflict (provider, event_id) do nothing
        returning provider, event_id, account_id, payment_id, received_at as "now: SqlTimestamp""#,
        &column(|event| &event.provider) as &[&str],
        &column(|event| &event.event_id) as &[&str],
        &column(|event| &event.event_type) as &[&str],
        &livemodes,
        &column(|event| &event.provider_account) as &[&str],
        &occurred as &[SqlTimestamp],
        &bodies as &[&[u8]],
        &references as &[Option<&str>],
        &meanings as &[Option<Vec<u8>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Inserted {
            provider: row.provider,
            event_id: row.event_id,
            payment: payment_id(row.account_id, row.payment_id),
            now: row.now.to_jiff(),
        })
        .collect())
}

/// Gives those names to payments that are nobody's, and makes these payments. Where another session is
/// about to give one of them away, this waits until that one has ended. They are sorted by their names,
/// so that two sessions do not wait for each other.
pub async fn insert_opened(
    conn: &mut PgConnection,
    sorted: &[NewOpened<'_>],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "with n as (
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::boolean[], $8::text[], $9::bytea[], $10::bigint[], $11::text[], $12::text[],
                $13::bigint[], $14::text[], $16::uuid[])
                as n (account_id, payment_id, tenant_id, user_id, provider, provider_account, livemode,
                    purpose, content_hash, amount_minor, currency, rate, credit_micros, reference,
                    subscription_id)
        ), named as (
            insert into payment_reference (provider, reference, account_id, payment_id)
            select provider, reference, account_id, payment_id from n
            on conflict (provider, reference) do nothing
            returning account_id, payment_id
        )
        insert into payment (account_id, payment_id, tenant_id, user_id, provider, provider_account,
            livemode, purpose, state, content_hash, amount_minor, currency, rate, credit_micros,
            reference, created_at, next_check_at, subscription_id, erased_at)
        select n.account_id, n.payment_id, n.tenant_id, n.user_id, n.provider, n.provider_account,
            n.livemode, n.purpose, 'pending', n.content_hash, n.amount_minor, n.currency,
            n.rate::numeric, n.credit_micros, n.reference, $15, $15::timestamptz + interval '1 minute',
            n.subscription_id,
            -- What goes on at a provider is no new beginning of somebody who was erased.
            (select asked_at from person_erasure e where e.account_id = n.account_id)
        from n join named using (account_id, payment_id)",
        &column(sorted, |new| new.id.account.uuid()),
        &column(sorted, |new| new.id.number),
        &column(sorted, |new| &*new.opening.name.tenant_id) as &[&str],
        &column(sorted, |new| &*new.opening.name.user_id) as &[&str],
        &column(sorted, |new| &*new.event.provider) as &[&str],
        &column(sorted, |new| &*new.event.provider_account) as &[&str],
        &column(sorted, |new| new.event.livemode),
        &column(sorted, |new| new.opening.purpose.name()) as &[&str],
        &column(sorted, |new| new.opening.hash().to_vec()) as &[Vec<u8>],
        &column(sorted, |new| new.opening.amount_minor),
        &column(sorted, |new| new.opening.currency.code()) as &[&str],
        &column(sorted, |new| &*new.terms.rate) as &[&str],
        &column(sorted, |new| new.terms.credit.get()),
        &column(sorted, |new| new.reference) as &[&str],
        now.to_sqlx() as SqlTimestamp,
        &column(sorted, |new| new.opening.subscription) as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, N, T>(rows: &'a [N], of: impl Fn(&'a N) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Whose the names are, in their order.
pub async fn find_names(
    conn: &mut PgConnection,
    sorted: &[NewOpened<'_>],
) -> Result<Vec<PaymentId>, PaymentError> {
    let rows = query!(
        "select r.account_id, r.payment_id
        from unnest($1::text[], $2::text[]) with ordinality as n (provider, reference, place)
            cross join lateral (
                select r.account_id, r.payment_id from payment_reference r
                where r.provider = n.provider and r.reference = n.reference offset 0
            ) r
        order by n.place",
        &column(sorted, |new| &*new.event.provider) as &[&str],
        &column(sorted, |new| new.reference) as &[&str],
    )
    .fetch_all(conn)
    .await?;
    if rows.len() != sorted.len() {
        return Err(PaymentError::Row("payment_reference"));
    }
    Ok(rows
        .into_iter()
        .map(|row| PaymentId {
            account: AccountId::from_uuid(row.account_id),
            number: row.payment_id,
        })
        .collect())
}

fn meanings<'a>(events: impl Iterator<Item = &'a ProviderEvent>) -> Vec<Option<Vec<u8>>> {
    events
        .map(|event| event.meaning().map(|meaning| meaning.to_vec()))
        .collect()
}

fn payment_id(account: Option<Uuid>, number: Option<Uuid>) -> Option<PaymentId> {
    Some(PaymentId {
        account: AccountId::from_uuid(account?),
        number: number?,
    })
}

/// An event that was known, behind its lock.
pub struct Known {
    pub provider: String,
    pub event_id: String,
    pub outcome: Outcome,
    /// A hash of what it says, where that was understood.
    pub meaning: Option<Vec<u8>>,
    /// The payment that something came of it for.
    pub payment: Option<PaymentId>,
    /// The payment that has its reference by now.
    pub named: Option<PaymentId>,
    pub now: Timestamp,
}

/// Locks events that are stored, in their order.
pub async fn lock_events(
    conn: &mut PgConnection,
    sorted: &[&ProviderEvent],
) -> Result<Vec<Known>, PaymentError> {
    let providers: Vec<&str> = sorted.iter().map(|event| &*event.provider).collect();
    let event_ids: Vec<&str> = sorted.iter().map(|event| &*event.event_id).collect();
    let references: Vec<Option<&str>> = sorted
        .iter()
        .map(|event| event.reference.as_deref())
        .collect();
    let rows = query!(
        r#"select e.provider, e.event_id, e.outcome, e.meaning, e.account_id, e.payment_id,
            r.account_id as "named_account_id?", r.payment_id as "named_payment_id?",
            clock_timestamp() as "now!: SqlTimestamp"
        from unnest($1::text[], $2::text[], $3::text[]) as n (provider, event_id, reference)
            cross join lateral (
                select * from provider_event e where e.provider = n.provider and e.event_id = n.event_id
                for no key update offset 0
            ) e
            left join lateral (
                select r.account_id, r.payment_id from payment_reference r
                where r.provider = n.provider and r.reference = n.reference offset 0
            ) r on true"#,
        &providers as &[&str],
        &event_ids as &[&str],
        &references as &[Option<&str>],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Known {
                provider: row.provider,
                event_id: row.event_id,
                outcome: Outcome::named(&row.outcome)
                    .ok_or(PaymentError::Row("provider_event.outcome"))?,
                meaning: row.meaning,
                payment: payment_id(row.account_id, row.payment_id),
                named: payment_id(row.named_account_id, row.named_payment_id),
                now: row.now.to_jiff(),
            })
        })
        .collect()
}

/// What became of an event, where that is not how it was stored.
pub struct OutcomeRow<'a> {
    pub event: &'a ProviderEvent,
    pub outcome: Outcome,
    pub detail: Option<String>,
    pub payment: Option<PaymentId>,
}

/// Why an event cannot be read may repeat it: where its body is gone, that is not noted again.
pub async fn write_outcomes(
    conn: &mut PgConnection,
    rows: &[OutcomeRow<'_>],
) -> Result<(), sqlx::Error> {
    let providers: Vec<&str> = rows.iter().map(|row| &*row.event.provider).collect();
    let event_ids: Vec<&str> = rows.iter().map(|row| &*row.event.event_id).collect();
    let outcomes: Vec<&str> = rows.iter().map(|row| row.outcome.name()).collect();
    let details: Vec<Option<&str>> = rows.iter().map(|row| row.detail.as_deref()).collect();
    let accounts: Vec<Option<Uuid>> = rows
        .iter()
        .map(|row| row.payment.map(|id| id.account.uuid()))
        .collect();
    let numbers: Vec<Option<Uuid>> = rows
        .iter()
        .map(|row| row.payment.map(|id| id.number))
        .collect();
    let meanings = meanings(rows.iter().map(|row| row.event));
    query!(
        "update provider_event e set outcome = n.outcome, detail = case when e.raw is null and n.outcome = 'unreadable' then null else n.detail end,
            account_id = n.account_id, payment_id = n.payment_id, meaning = coalesce(e.meaning, n.meaning)
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bytea[])
            as n (provider, event_id, outcome, detail, account_id, payment_id, meaning)
        where e.provider = n.provider and e.event_id = n.event_id",
        &providers as &[&str],
        &event_ids as &[&str],
        &outcomes as &[&str],
        &details as &[Option<&str>],
        &accounts as &[Option<Uuid>],
        &numbers as &[Option<Uuid>],
        &meanings as &[Option<Vec<u8>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps no bodies of events, which the caller has stored or locked: they are about somebody who was erased.
pub async fn drop_bodies(
    conn: &mut PgConnection,
    events: &[&ProviderEvent],
) -> Result<(), sqlx::Error> {
    query!(
        "update provider_event e set raw = null
        from unnest($1::text[], $2::text[]) as n (provider, event_id)
        where e.provider = n.provider and e.event_id = n.event_id and e.raw is not null",
        &column(events, |event| &*event.provider) as &[&str],
        &column(events, |event| &*event.event_id) as &[&str],
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

/// Events that can be applied again, oldest first, after the place where the last page ended. Not those whose
/// bodies were erased: their providers can send them again.
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
            raw as "raw!"
        from provider_event
        where provider = $1 and raw is not null and outcome in ('unmatched', 'unreadable', 'recorded') and reviewed_at is null
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
