//! What is erased of a person's own rows.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::erase::{Named, OpenPayment};
use super::Searched;
use crate::id::{AccountId, EntrySeq, PaymentId};

/// An erasure that goes on.
pub struct Begun {
    pub asked_at: Timestamp,
    /// Addresses and names, in small letters.
    pub words: Vec<String>,
    pub searched: Searched,
}

/// Notes that somebody is to be erased; one that is not finished goes on, and looks through all events again
/// where there are new words to search for. Whoever asks at the same time waits.
pub async fn insert_erasure(
    conn: &mut PgConnection,
    account: AccountId,
    actor: &str,
    emails: &[String],
) -> Result<Begun, sqlx::Error> {
    let row = query!(
        r#"insert into person_erasure as e (account_id, asked_by, asked_at, words)
        select $1, $2, clock_timestamp(), coalesce(array_agg(distinct lower(word)), '{}')
        from (
            select unnest($3::text[]) as word
            union all select email from contact where account_id = $1
            union all select name from contact where account_id = $1
            union all select display_name from supporter where account_id = $1
        ) known where word is not null
        on conflict (account_id) do update set asked_by = excluded.asked_by, finished_at = null,
            asked_at = case when e.finished_at is null then e.asked_at else excluded.asked_at end,
            words = array(select distinct unnest(e.words || excluded.words)),
            searched_provider = case when e.finished_at is null and excluded.words <@ e.words
                then e.searched_provider else '' end,
            searched_event_id = case when e.finished_at is null and excluded.words <@ e.words
                then e.searched_event_id else '' end
        returning asked_at as "asked_at: SqlTimestamp", words, searched_provider, searched_event_id"#,
        account.uuid(),
        actor,
        emails,
    )
    .fetch_one(conn)
    .await?;
    Ok(Begun {
        asked_at: row.asked_at.to_jiff(),
        words: row.words,
        searched: Searched {
            provider: row.searched_provider,
            event_id: row.searched_event_id,
        },
    })
}

/// Waits for whatever is being booked for the account, and says which entry is the newest.
pub async fn lock_account(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<EntrySeq, sqlx::Error> {
    let newest = query_scalar!(
        "select entry_seq from account where account_id = $1 for no key update",
        account.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(EntrySeq::new(newest.unwrap_or_default()))
}

/// Address, name, language, and what they want to be told.
pub async fn delete_contact(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<(), sqlx::Error> {
    query!("delete from contact where account_id = $1", account.uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Why the account was repaired. Who did it stays, unless that names the person.
pub async fn erase_repairs(
    conn: &mut PgConnection,
    account: AccountId,
    words: &[String],
) -> Result<(), sqlx::Error> {
    query!(
        "update account_repair r set reason = 'erased', actor = case when exists (
                select from unnest($2::text[]) word where lower(r.actor) = word
                    or word like '%@%' and position(word in lower(r.actor)) > 0)
            then 'erased' else r.actor end
        where r.account_id = $1",
        account.uuid(),
        words,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was noted of the next entries within a span, as far as it has words; answers with the last of them. Who
/// made an entry stays, unless that names the person.
pub async fn erase_notes(
    pool: &PgPool,
    account: AccountId,
    (behind, newest): (EntrySeq, EntrySeq),
    words: &[String],
    most: i64,
) -> Result<Option<EntrySeq>, sqlx::Error> {
    let last = query_scalar!(
        r#"with piece as (
            select n.account_id, n.seq, exists (
                select from unnest($4::text[]) word where lower(n.actor) = word
                    or word like '%@%' and position(word in lower(n.actor)) > 0) as by_them
            from entry_note n where n.account_id = $1 and n.seq > $2 and n.seq <= $3
            order by n.seq limit $5 for no key update
        ), erased as (
            update entry_note n set description = null, metadata = null, reason = null,
                actor = case when p.by_them then null else n.actor end
            from piece p where n.account_id = p.account_id and n.seq = p.seq
                and (p.by_them or num_nonnulls(n.description, n.metadata, n.reason) > 0)
        )
        select max(seq) from piece"#,
        account.uuid(),
        behind.get(),
        newest.get(),
        words,
        most,
    )
    .fetch_one(pool)
    .await?;
    Ok(last.map(EntrySeq::new))
}

/// The next payments whose payer is not erased, behind their locks, by their numbers.
pub async fn lock_payments(
    conn: &mut PgConnection,
    account: AccountId,
    most: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    query_scalar!(
        "select payment_id from payment where account_id = $1 and erased_at is null
        order by payment_id limit $2 for no key update",
        account.uuid(),
        most,
    )
    .fetch_all(conn)
    .await
}

/// Notes that they are erased: whoever locks them from then on keeps no more of what providers send.
pub async fn erase_payments(
    conn: &mut PgConnection,
    account: AccountId,
    locked: &[Uuid],
) -> Result<(), sqlx::Error> {
    query!(
        "update payment set erased_at = clock_timestamp(), page_url = null
        where account_id = $1 and payment_id = any($2)",
        account.uuid(),
        locked,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether contributions among these payments were made since the supporter was forgotten.
pub async fn has_words(
    conn: &mut PgConnection,
    account: AccountId,
    payments: &[Uuid],
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"select exists (select from contribution where account_id = $1 and payment_id = any($2)
            and (message is not null or not is_anonymous)) as "has!""#,
        account.uuid(),
        payments,
    )
    .fetch_one(conn)
    .await
}

/// Why payments were refunded. Who did it stays, unless that names the person.
pub async fn erase_refunds(
    pool: &PgPool,
    account: AccountId,
    words: &[String],
) -> Result<(), sqlx::Error> {
    query!(
        "update payment_refund r set reason = null, actor = case when exists (
                select from unnest($2::text[]) word where lower(r.actor) = word
                    or word like '%@%' and position(word in lower(r.actor)) > 0)
            then null else r.actor end
        where r.account_id = $1 and num_nonnulls(r.reason, r.actor) > 0",
        account.uuid(),
        words,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Why administrators changed the account. Who did it stays, unless that names the person.
pub async fn erase_changes(
    pool: &PgPool,
    account: AccountId,
    words: &[String],
) -> Result<(), sqlx::Error> {
    query!(
        "update admin_change c set reason = null, actor = case when exists (
                select from unnest($2::text[]) word where lower(c.actor) = word
                    or word like '%@%' and position(word in lower(c.actor)) > 0)
            then null else c.actor end
        where c.account_id = $1 and num_nonnulls(c.reason, c.actor) > 0",
        account.uuid(),
        words,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// What providers call the person.
pub async fn delete_customers(
    pool: &PgPool,
    account: AccountId,
) -> Result<Vec<Named>, sqlx::Error> {
    query_as!(
        Named,
        "delete from provider_customer where account_id = $1 returning provider, reference as name",
        account.uuid(),
    )
    .fetch_all(pool)
    .await
}

/// Notes that all is gone, unless somebody has asked again.
pub async fn finish(
    pool: &PgPool,
    account: AccountId,
    asked_at: Timestamp,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let finished_at = query_scalar!(
        r#"update person_erasure set finished_at = clock_timestamp(), words = '{}', searched_provider = '',
            searched_event_id = ''
        where account_id = $1 and asked_at = $2 returning finished_at as "at!: SqlTimestamp""#,
        account.uuid(),
        asked_at.to_sqlx() as SqlTimestamp,
    )
    .fetch_optional(pool)
    .await?;
    Ok(finished_at.map(SqlTimestamp::to_jiff))
}

/// What an account has still.
#[derive(Default)]
pub struct Left {
    pub settled_micros: i64,
    pub held_micros: i64,
}

pub async fn find_left(pool: &PgPool, account: AccountId) -> Result<Left, sqlx::Error> {
    let left = query_as!(
        Left,
        "select settled_micros, held_micros from account where account_id = $1",
        account.uuid(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(left.unwrap_or_default())
}

/// Payments that may still be paid, and the first ones of subscriptions that live, by the names of these.
pub async fn find_open_payments(
    pool: &PgPool,
    account: AccountId,
) -> Result<Vec<OpenPayment>, sqlx::Error> {
    let rows = query!(
        "select p.payment_id, p.provider, coalesce(s.reference, p.reference) as reference from payment p
        left join subscription s on s.account_id = p.account_id and s.subscription_id = p.payment_id
            and s.state <> 'cancelled'
        where p.account_id = $1
            and (p.state in ('created', 'pending', 'requires_action') or s.subscription_id is not null)
        order by p.payment_id limit 100",
        account.uuid(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenPayment {
            payment_id: PaymentId {
                account,
                number: row.payment_id,
            }
            .to_string(),
            provider: row.provider,
            reference: row.reference,
        })
        .collect())
}
