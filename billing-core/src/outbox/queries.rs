//! Every statement of the outbox.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::{Channel, Notice};
use crate::id::AccountId;

pub mod events;

/// Shares of the accounts, each leased on its own.
const SHARES: u64 = 16;

/// Numbers the notices of each account and channel in their order. The counters are locked in the
/// order of the accounts, so that two sessions do not wait for each other. They come back as one object,
/// which is searched by key: where no join may be hashed, one of many notices would be their square.
/// What is of a channel that is off has no number, and is not written.
pub async fn insert_notices(
    conn: &mut PgConnection,
    notices: &[(AccountId, Notice)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut counts = BTreeMap::new();
    // From the last on: how many of its subject come behind each notice.
    let mut behind: Vec<i64> = notices
        .iter()
        .rev()
        .map(|(account, notice)| {
            let count = counts
                .entry((*account, notice.channel.name()))
                .or_insert(0_i64);
            *count += 1;
            *count - 1
        })
        .collect();
    behind.reverse();
    let subjects: Vec<Uuid> = counts.keys().map(|(account, _)| account.uuid()).collect();
    let subject_channels: Vec<&str> = counts.keys().map(|(_, channel)| *channel).collect();
    let subject_counts: Vec<i64> = counts.into_values().collect();
    let accounts: Vec<Uuid> = notices.iter().map(|(to, _)| to.uuid()).collect();
    let shares: Vec<i16> = notices.iter().map(|(to, _)| share(*to)).collect();
    let channels: Vec<&str> = notices.iter().map(|(_, m)| m.channel.name()).collect();
    let kinds: Vec<&str> = notices.iter().map(|(_, notice)| notice.kind).collect();
    let payloads: Vec<&Value> = notices.iter().map(|(_, m)| &m.payload).collect();
    query!(
        "with subject as (
            insert into outbox_subject as s (account_id, channel, last_seq)
            select n.account_id, n.channel, n.count
            from unnest($1::uuid[], $2::text[], $3::bigint[]) as n (account_id, channel, count)
            where n.channel = 'mail'
                or (select true from outbox_channel c where c.channel = n.channel)
            on conflict (account_id, channel) do update set last_seq = s.last_seq + excluded.last_seq
            returning account_id, channel, last_seq
        ), last as (
            select jsonb_object_agg(channel || account_id, last_seq) as seqs from subject
        )
        insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, next_attempt_at)
        select m.channel, m.account_id, (last.seqs -> (m.channel || m.account_id))::bigint - m.behind,
            m.share, m.kind, m.payload, $10, $10
        from last cross join unnest($4::uuid[], $5::smallint[], $6::text[], $7::bigint[], $8::text[],
            $9::jsonb[]) as m (account_id, share, channel, behind, kind, payload)
        where last.seqs ? (m.channel || m.account_id)",
        &subjects,
        &subject_channels as &[&str],
        &subject_counts,
        &accounts,
        &shares,
        &channels as &[&str],
        &behind,
        &kinds as &[&str],
        &payloads as &[&Value],
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn share(account: AccountId) -> i16 {
    i16::try_from(account.spread() % SHARES).unwrap_or_default()
}

/// Takes the shares of a channel that nobody has, and keeps those that the owner has. A lease that ends
/// later than any can was taken while the clock was wrong.
pub async fn lease_shares(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    owner: &str,
    secs: i64,
) -> Result<Vec<i16>, sqlx::Error> {
    query_scalar!(
        "update outbox_lease l set owner = $2,
            leased_until = clock_timestamp() + make_interval(secs => $3::bigint)
        from (
            select share from outbox_lease
            where channel = $1 and (owner = $2 or leased_until < clock_timestamp()
                or leased_until > clock_timestamp() + make_interval(secs => 2 * $3::bigint))
            order by share for no key update skip locked
        ) as free
        where l.channel = $1 and l.share = free.share returning l.share",
        channel.name(),
        owner,
        secs,
    )
    .fetch_all(executor)
    .await
}

/// Gives the owner's shares back.
pub async fn release_shares(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    owner: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "update outbox_lease set owner = '', leased_until = '-infinity' where channel = $1 and owner = $2",
        channel.name(),
        owner,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Who delivers an account's mail, and until when: another one with each round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLease {
    owner: String,
    leased_until: String,
}

impl MailLease {
    /// Whether whoever had it is over time.
    pub async fn has_ended(&self, executor: impl PgExecutor<'_>) -> Result<bool, sqlx::Error> {
        query_scalar!(
            r#"select $1::text::timestamptz < clock_timestamp() as "ended!""#,
            self.leased_until,
        )
        .fetch_one(executor)
        .await
    }
}

pub async fn mail_lease(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<MailLease, sqlx::Error> {
    query_as!(
        MailLease,
        r#"select owner, leased_until::text as "leased_until!" from outbox_lease
        where channel = 'mail' and share = $1"#,
        share(account),
    )
    .fetch_one(executor)
    .await
}

/// Sends none of the mail to an account that waits, or was given up.
pub async fn forget_mail(conn: &mut PgConnection, account: AccountId) -> Result<(), sqlx::Error> {
    query!(
        "delete from outbox_message where account_id = $1 and channel = 'mail'",
        account.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A notice on its way out.
pub struct Waiting {
    pub account_id: Uuid,
    pub seq: i64,
    pub kind: String,
    pub payload: Value,
    pub created_at: SqlTimestamp,
    pub attempts: i32,
    /// Whose account it is, where that is known.
    pub tenant_id: Option<String>,
    pub user_id: Option<String>,
}

/// The oldest notices of each account of these shares; none of an account whose first one waits for
/// its next attempt. What was given up holds nobody back.
pub async fn waiting(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    shares: &[i16],
    most: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    query_as!(
        Waiting,
        r#"select m.account_id, m.seq, m.kind, m.payload, m.created_at as "created_at: SqlTimestamp", m.attempts,
            coalesce(p.tenant_id, s.tenant_id, m.payload->>'tenant_id') as tenant_id,
            coalesce(p.user_id, s.user_id, m.payload->>'user_id') as user_id
        from outbox_message m
        left join account_profile p on p.account_id = m.account_id
        left join supporter s on s.account_id = m.account_id
        where m.channel = $1 and m.share = any($2) and m.given_up_at is null and not exists (
            select from outbox_message earlier
            where earlier.channel = m.channel and earlier.account_id = m.account_id
                and earlier.seq <= m.seq and earlier.next_attempt_at > clock_timestamp()
                and earlier.given_up_at is null)
        order by m.share, m.account_id, m.seq limit $3"#,
        channel.name(),
        shares,
        most,
    )
    .fetch_all(executor)
    .await
}

/// Of mail: events leave by [`events::take_events`].
pub async fn delete_delivered(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    accounts: &[Uuid],
    seqs: &[i64],
) -> Result<(), sqlx::Error> {
    query!(
        "delete from outbox_message m using unnest($2::uuid[], $3::bigint[]) as done (account_id, seq)
        where m.channel = $1 and m.account_id = done.account_id and m.seq = done.seq",
        channel.name(),
        accounts,
        seqs,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Lets a notice wait for its next attempt: a second at first, an hour at most. Mail is given up at
/// the 30th attempt, some 19 hours after the first; or when it is a day old, but after a dozen
/// attempts only, since it may have waited for us. True where that is so. Events are never given up.
pub async fn postpone(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    notice: &Waiting,
    error: &str,
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"update outbox_message set attempts = attempts + 1, last_error = left($4, 500),
            next_attempt_at = clock_timestamp()
                + least(interval '1 second' * power(2, least(attempts, 12)), interval '1 hour'),
            given_up_at = case when channel = 'mail' and (attempts >= 29 or attempts >= 11
                and created_at < clock_timestamp() - interval '1 day') then clock_timestamp() end
        where channel = $1 and account_id = $2 and seq = $3
        returning given_up_at is not null as "given_up!""#,
        channel.name(),
        notice.account_id,
        notice.seq,
        error,
    )
    .fetch_optional(executor)
    .await
    .map(Option::unwrap_or_default)
}

/// Notes that a notice will never be delivered.
pub async fn give_up(
    executor: impl PgExecutor<'_>,
    channel: Channel,
    notice: &Waiting,
    error: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "update outbox_message set attempts = attempts + 1, last_error = left($4, 500),
            given_up_at = clock_timestamp()
        where channel = $1 and account_id = $2 and seq = $3",
        channel.name(),
        notice.account_id,
        notice.seq,
        error,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// A notice that was tried and is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub account_id: Uuid,
    pub channel: String,
    pub seq: i64,
    pub kind: String,
    pub created_at: Timestamp,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub next_attempt_at: Timestamp,
    pub given_up_at: Option<Timestamp>,
}

/// What was tried and is not delivered, oldest first; 1000 at most.
pub async fn undelivered(executor: impl PgExecutor<'_>) -> Result<Vec<Undelivered>, sqlx::Error> {
    query!(
        r#"select account_id, channel, seq, kind, created_at as "created_at: SqlTimestamp", attempts,
            last_error, next_attempt_at as "next_attempt_at: SqlTimestamp",
            given_up_at as "given_up_at: SqlTimestamp"
        from outbox_message where attempts > 0 order by created_at, account_id, seq limit 1000"#
    )
    .map(|row| Undelivered {
        account_id: row.account_id,
        channel: row.channel,
        seq: row.seq,
        kind: row.kind,
        created_at: row.created_at.to_jiff(),
        attempts: row.attempts,
        last_error: row.last_error,
        next_attempt_at: row.next_attempt_at.to_jiff(),
        given_up_at: row.given_up_at.map(SqlTimestamp::to_jiff),
    })
    .fetch_all(executor)
    .await
}

/// Lets a notice be tried again at once, as if it were new. False where there is none.
pub async fn retry(
    executor: impl PgExecutor<'_>,
    account: Uuid,
    channel: Channel,
    seq: i64,
) -> Result<bool, sqlx::Error> {
    let retried = query!(
        "update outbox_message set attempts = 0, given_up_at = null, next_attempt_at = clock_timestamp()
        where account_id = $1 and channel = $2 and seq = $3",
        account,
        channel.name(),
        seq,
    )
    .execute(executor)
    .await?;
    Ok(retried.rows_affected() > 0)
}

/// What a channel has.
pub struct Backlog {
    pub waiting: i64,
    /// Of what waits.
    pub oldest_secs: i64,
    pub given_up: i64,
}

pub async fn backlog(
    executor: impl PgExecutor<'_>,
    channel: Channel,
) -> Result<Backlog, sqlx::Error> {
    query_as!(
        Backlog,
        r#"select count(*) filter (where given_up_at is null) as "waiting!",
            coalesce(extract(epoch from clock_timestamp()
                - min(created_at) filter (where given_up_at is null))::bigint, 0) as "oldest_secs!",
            count(given_up_at) as "given_up!"
        from outbox_message where channel = $1"#,
        channel.name(),
    )
    .fetch_one(executor)
    .await
}

/// Where a person is reached, and what he wants to be told.
pub struct Contact {
    pub email: Option<String>,
    pub name: Option<String>,
    pub locale: String,
    pub mail_payments: bool,
    pub mail_low_balance: bool,
    pub mail_payment_failures: bool,
}

/// Who is told of an endpoint: its owner, who may be no user.
pub async fn find_endpoint_owner(
    executor: impl PgExecutor<'_>,
    endpoint: Uuid,
) -> Result<Option<Contact>, sqlx::Error> {
    let owner = query!(
        "select owner_email, owner_locale from endpoint where id = $1",
        endpoint,
    )
    .fetch_optional(executor)
    .await?;
    Ok(owner.map(|owner| Contact {
        email: Some(owner.owner_email),
        name: None,
        locale: owner.owner_locale,
        mail_payments: true,
        mail_low_balance: true,
        mail_payment_failures: true,
    }))
}

pub async fn find_contact(
    executor: impl PgExecutor<'_>,
    account: Uuid,
) -> Result<Option<Contact>, sqlx::Error> {
    query_as!(
        Contact,
        r#"select email, name, locale, mail_payments, mail_low_balance,
            coalesce(mail_payment_failures, mail_payments) as "mail_payment_failures!"
        from contact where account_id = $1"#,
        account,
    )
    .fetch_optional(executor)
    .await
}
