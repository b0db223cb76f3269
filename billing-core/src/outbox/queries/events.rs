//! Of events alone: whether they are written, how many of them leave at once, and what becomes of them then.

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, PgExecutor, PgPool, query, query_as, query_scalar};
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

/// Lets events be written from now on, since a core delivers them itself. Where nobody has read them so far, what
/// versions left that wrote them unasked is nobody's any more. True where they were off.
pub async fn switch_on(pool: &PgPool, were_read: bool) -> Result<bool, sqlx::Error> {
    let has_outlet = query_scalar!(
        r#"select exists (select from outbox_channel where channel = 'event' and has_outlet) as "has_outlet!""#
    )
    .fetch_one(pool)
    .await?;
    if has_outlet {
        return Ok(false);
    }
    let mut transaction = pool.begin().await?;
    let switched = query!(
        "insert into outbox_channel (channel) values ('event') on conflict (channel) do nothing"
    )
    .execute(&mut *transaction)
    .await?;
    let were_off = switched.rows_affected() > 0;
    if were_off && !were_read {
        forget_waiting(&mut transaction).await?;
    }
    if !were_off {
        // Endpoints alone have read them so far.
        query!("update outbox_channel set has_outlet = true where channel = 'event'")
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(were_off)
}

/// Lets events be written from now on, since an endpoint reads them. Joins the caller's transaction, and locks the
/// channel until it ends.
pub async fn switch_on_for_endpoints(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let were_off = query_scalar!(
        r#"insert into outbox_channel as c (channel, has_outlet) values ('event', false)
        on conflict (channel) do update set has_outlet = c.has_outlet
        returning xmax = 0 as "were_off!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if were_off {
        forget_waiting(conn).await?;
    }
    Ok(())
}

/// Lets nobody who adds an endpoint, or removes one, finish meanwhile: what there is is then seen by the next statement.
async fn lock_channel(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    query_scalar!("select channel from outbox_channel where channel = 'event' for update")
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// They may be years old, and millions.
async fn forget_waiting(conn: &mut PgConnection) -> Result<u64, sqlx::Error> {
    query!("set local statement_timeout = 0")
        .execute(&mut *conn)
        .await?;
    let forgotten = query!("delete from outbox_message where channel = 'event'")
        .execute(conn)
        .await?;
    Ok(forgotten.rows_affected())
}

/// What [`switch_off`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchedOff {
    /// Events are off, and so many that waited are forgotten.
    Off { forgotten: u64 },
    /// Endpoints read them, and from now on nobody else.
    ForEndpoints,
}

/// Lets no more events be written, and forgets those that wait; where there are endpoints, they get them all.
pub async fn switch_off(pool: &PgPool) -> Result<SwitchedOff, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    lock_channel(conn).await?;
    let handed_over = query!(
        "update outbox_channel set has_outlet = false
        where channel = 'event' and exists (select from endpoint)"
    )
    .execute(&mut *conn)
    .await?;
    let switched = if handed_over.rows_affected() > 0 {
        SwitchedOff::ForEndpoints
    } else {
        query!("delete from outbox_channel where channel = 'event'")
            .execute(&mut *conn)
            .await?;
        let forgotten = forget_waiting(conn).await?;
        SwitchedOff::Off { forgotten }
    };
    transaction.commit().await?;
    Ok(switched)
}

/// Lets no more events be written where only endpoints have read them and there is none any more. Joins the
/// caller's transaction.
pub async fn switch_off_without_endpoints(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    lock_channel(conn).await?;
    let switched = query!(
        "delete from outbox_channel
        where channel = 'event' and not has_outlet and not exists (select from endpoint)"
    )
    .execute(&mut *conn)
    .await?;
    if switched.rows_affected() > 0 {
        forget_waiting(conn).await?;
    }
    Ok(())
}

/// Whether events are written for endpoints alone.
pub async fn are_for_endpoints(executor: impl PgExecutor<'_>) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"select exists (select from outbox_channel where channel = 'event' and not has_outlet) as "are!""#
    )
    .fetch_one(executor)
    .await
}

/// The names of the next events of these shares that are for endpoints alone, also of those that a broker would not
/// take: an account and a number each. None once some core has somewhere else to deliver them.
pub async fn next_events(
    executor: impl PgExecutor<'_>,
    shares: &[i16],
    most: i64,
) -> Result<(Vec<Uuid>, Vec<i64>), sqlx::Error> {
    let events = query!(
        "select m.account_id, m.seq from unnest($1::smallint[]) as leased (share) cross join lateral (
            select o.account_id, o.seq from outbox_message o
            where o.channel = 'event' and o.share = leased.share order by o.account_id, o.seq limit $2
        ) as m
        where exists (select from outbox_channel where channel = 'event' and not has_outlet)
        limit $2",
        shares,
        most,
    )
    .fetch_all(executor)
    .await?;
    Ok(events
        .into_iter()
        .map(|event| (event.account_id, event.seq))
        .unzip())
}

/// Takes events away that are delivered, or that nobody but endpoints reads. In the same statement they are kept, and
/// get a delivery for each endpoint of their tenant, so that none is lost to an endpoint, whatever dies. A disabled
/// endpoint gets its deliveries too: they wait. The endpoints are locked so that none is removed meanwhile; the
/// subjects, so that whoever sees the last delivery of one off does not take its row away under the new ones.
pub async fn take_events(
    executor: impl PgExecutor<'_>,
    accounts: &[Uuid],
    seqs: &[i64],
) -> Result<(), sqlx::Error> {
    query!(
        "with gone as (
            delete from outbox_message m using unnest($1::uuid[], $2::bigint[]) as done (account_id, seq)
            where m.channel = 'event' and m.account_id = done.account_id and m.seq = done.seq
            returning m.account_id, m.seq, m.kind, m.payload, m.created_at
        ), owned as (
            select g.*,
                coalesce(p.tenant_id, s.tenant_id, g.payload->>'tenant_id') as tenant_id,
                coalesce(p.user_id, s.user_id, g.payload->>'user_id') as user_id
            from gone g
            left join account_profile p on p.account_id = g.account_id
            left join supporter s on s.account_id = g.account_id
            where exists (select from endpoint)
        ), reader as (
            select e.id, e.tenant_id from endpoint e
            where e.tenant_id in (select tenant_id from owned) order by e.id for key share
        ), kept as (
            insert into event_kept (account_id, seq, tenant_id, user_id, kind, payload, created_at)
            select o.account_id, o.seq, o.tenant_id, o.user_id, o.kind, o.payload, o.created_at
            from owned o where o.tenant_id in (select tenant_id from reader)
            on conflict (account_id, seq) do nothing
        ), delivery as (
            insert into endpoint_delivery (endpoint_id, account_id, seq, created_at)
            select r.id, o.account_id, o.seq, o.created_at from owned o join reader r on r.tenant_id = o.tenant_id
            on conflict (endpoint_id, account_id, seq) do nothing
        )
        insert into endpoint_subject as s (endpoint_id, account_id)
        select distinct r.id, o.account_id from owned o join reader r on r.tenant_id = o.tenant_id
        order by r.id, o.account_id
        on conflict (endpoint_id, account_id) do update set lease = s.lease",
        accounts,
        seqs,
    )
    .execute(executor)
    .await?;
    Ok(())
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
            coalesce(p.tenant_id, s.tenant_id, m.payload->>'tenant_id') as tenant_id,
            coalesce(p.user_id, s.user_id, m.payload->>'user_id') as user_id
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
