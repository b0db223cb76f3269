//! Of events alone: whether they are written, and how many of them leave at once.

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgExecutor, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::Waiting;

/// Whether events are written.
pub async fn tells_events(executor: impl PgExecutor<'_>) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"select exists (select from outbox_channel where channel = 'event') as "is_on!""#
    )
    .fetch_one(executor)
    .await
}

/// Lets events be written from now on. Where nobody has read them so far, what versions left that wrote them unasked
/// is nobody's any more. True where they were off.
pub async fn switch_on(pool: &PgPool, were_read: bool) -> Result<bool, sqlx::Error> {
    if tells_events(pool).await? {
        return Ok(false);
    }
    let mut transaction = pool.begin().await?;
    let switched = query!(
        "insert into outbox_channel (channel) values ('event') on conflict (channel) do nothing"
    )
    .execute(&mut *transaction)
    .await?;
    if switched.rows_affected() > 0 && !were_read {
        // They may be years old, and millions.
        query!("set local statement_timeout = 0")
            .execute(&mut *transaction)
            .await?;
        query!("delete from outbox_message where channel = 'event'")
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(switched.rows_affected() > 0)
}

/// Lets no more events be written, and forgets those that wait. How many there were.
pub async fn switch_off(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    query!("delete from outbox_channel where channel = 'event'")
        .execute(&mut *transaction)
        .await?;
    let forgotten = query!("delete from outbox_message where channel = 'event'")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(forgotten.rows_affected())
}

/// The oldest events of each account of these shares, so many of each share at most; none of an account whose
/// first one waits for its next attempt. Share by share, each in the order of its index: however many wait,
/// only what leaves is read.
pub async fn waiting_events(
    executor: impl PgExecutor<'_>,
    shares: &[i16],
    most_of_share: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    query_as!(
        Waiting,
        r#"select m.account_id, m.seq, m.kind, m.payload, m.created_at as "created_at: SqlTimestamp", m.attempts,
            coalesce(p.tenant_id, s.tenant_id) as tenant_id, coalesce(p.user_id, s.user_id) as user_id
        from unnest($1::smallint[]) as leased (share)
        cross join lateral (
            select * from outbox_message m
            where m.channel = 'event' and m.share = leased.share and m.given_up_at is null and not exists (
                select from outbox_message earlier
                where earlier.channel = 'event' and earlier.account_id = m.account_id
                    and earlier.seq <= m.seq and earlier.next_attempt_at > clock_timestamp()
                    and earlier.given_up_at is null)
            order by m.account_id, m.seq limit $2
        ) as m
        left join account_profile p on p.account_id = m.account_id
        left join supporter s on s.account_id = m.account_id
        order by m.account_id, m.seq"#,
        shares,
        most_of_share,
    )
    .fetch_all(executor)
    .await
}

/// Lets events wait for their next attempt, each with what went wrong: a second at first, a minute at most.
pub async fn postpone_events(
    executor: impl PgExecutor<'_>,
    accounts: &[Uuid],
    seqs: &[i64],
    errors: &[String],
) -> Result<(), sqlx::Error> {
    query!(
        "update outbox_message m set attempts = attempts + 1, last_error = left(n.error, 500),
            next_attempt_at = clock_timestamp()
                + least(interval '1 second' * power(2, least(attempts, 12)), interval '1 minute')
        from unnest($1::uuid[], $2::bigint[], $3::text[]) as n (account_id, seq, error)
        where m.channel = 'event' and m.account_id = n.account_id and m.seq = n.seq",
        accounts,
        seqs,
        errors,
    )
    .execute(executor)
    .await?;
    Ok(())
}
