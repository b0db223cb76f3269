//! What people and administrators say of contributions.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use super::super::GiftTerms;
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;

pub async fn insert_contribution(
    conn: &mut PgConnection,
    payment: PaymentId,
    giver: &Opening,
    terms: &GiftTerms,
    wording: Option<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "with agreed as (
            insert into consent (account_id, payment_id, what, given, wording_version)
            values ($1, $2, case when $4 then 'anonymous' else 'public_display' end, true, $5)
        )
        insert into contribution (account_id, payment_id, tenant_id, is_anonymous, consented_at,
            wording_version, message, message_state, created_at)
        values ($1, $2, $3, $4, case when $5::text is not null then $7::timestamptz end, $5, $6,
            case when $6::text is null then 'none'
                when exists (select from supporter where account_id = $1 and banned) then 'refused'
                else 'waiting' end, $7)",
        payment.account.uuid(),
        payment.number,
        giver.tenant_id,
        terms.is_anonymous,
        wording,
        terms.message,
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a contribution names its giver; false where it is none of theirs. Words that were consented to
/// stay noted.
pub async fn set_anonymous(
    conn: &mut PgConnection,
    id: PaymentId,
    is_anonymous: bool,
    wording: &str,
) -> Result<bool, sqlx::Error> {
    let written = query!(
        "update contribution set is_anonymous = $3,
            consented_at = case when $3 then consented_at else coalesce(consented_at, clock_timestamp()) end,
            wording_version = case when $3 then wording_version else coalesce(wording_version, $4) end
        where account_id = $1 and payment_id = $2",
        id.account.uuid(),
        id.number,
        is_anonymous,
        wording,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// By which words a contribution names its giver; none: it does not. None where there is no such contribution.
pub async fn find_naming(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Option<String>>, sqlx::Error> {
    query_scalar!(
        "select case when not is_anonymous then wording_version end from contribution
        where account_id = $1 and payment_id = $2",
        id.account.uuid(),
        id.number,
    )
    .fetch_optional(conn)
    .await
}

/// What a person agreed to, or took back.
pub struct Agreed<'a> {
    pub payment: Option<PaymentId>,
    pub what: &'static str,
    pub given: bool,
    pub wording: Option<&'a str>,
}

pub async fn insert_consents(
    conn: &mut PgConnection,
    account: AccountId,
    agreed: &[Agreed<'_>],
) -> Result<(), sqlx::Error> {
    for one in agreed {
        query!(
            "insert into consent (account_id, payment_id, what, given, wording_version)
            values ($1, $2, $3, $4, $5)",
            account.uuid(),
            one.payment.map(|id| id.number),
            one.what,
            one.given,
            one.wording,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Locks a contribution that has a message: whose it is, and how the message was judged. None where the tenant has
/// no such one.
pub async fn lock_message(
    conn: &mut PgConnection,
    tenant: &str,
    number: Uuid,
) -> Result<Option<(AccountId, String)>, sqlx::Error> {
    let row = query!(
        "select account_id, message_state from contribution
        where tenant_id = $1 and payment_id = $2 and message is not null for update",
        tenant,
        number,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (AccountId::from_uuid(row.account_id), row.message_state)))
}

pub async fn judge_message(
    conn: &mut PgConnection,
    number: Uuid,
    state: &str,
    actor: Option<&str>,
) -> Result<(), sqlx::Error> {
    query!(
        "update contribution set message_state = $2, judged_by = $3, judged_at = clock_timestamp()
        where payment_id = $1",
        number,
        state,
        actor,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether none of a person's messages are taken; the caller has locked their row.
pub async fn is_banned(conn: &mut PgConnection, account: AccountId) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "select banned from supporter where account_id = $1",
        account.uuid()
    )
    .fetch_one(conn)
    .await
}

/// Whether a person's messages are taken; where not, those that wait are refused.
pub async fn set_banned(
    conn: &mut PgConnection,
    account: AccountId,
    banned: bool,
) -> Result<(), sqlx::Error> {
    query!(
        "with set as (update supporter set banned = $2 where account_id = $1)
        update contribution set message_state = 'refused'
        where account_id = $1 and $2 and message_state = 'waiting'",
        account.uuid(),
        banned,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what a person wrote with their contributions, and lets these name nobody. That they consented, when
/// and to which words, stays noted. True where one was public.
pub async fn forget_contributions(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<bool, sqlx::Error> {
    let were_public = query_scalar!(
        r#"select exists (select from contribution where account_id = $1 and not is_anonymous) as "were!""#,
        account.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    query!(
        "update contribution set is_anonymous = true, message = null, message_state = 'none', judged_by = null
        where account_id = $1 and (not is_anonymous or message is not null or message_state <> 'none'
            or judged_by is not null)",
        account.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(were_public)
}
