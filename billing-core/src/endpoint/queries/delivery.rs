//! What whoever delivers reads and writes.

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, PgExecutor, query, query_as};
use uuid::Uuid;

use crate::outbox::Waiting;

/// An endpoint that has something to be sent now.
pub struct Due {
    pub id: Uuid,
    pub url: String,
    /// Nothing has succeeded since something failed.
    pub is_failing: bool,
}

/// Enabled endpoints with subjects that are due, the one that waits the longest first. One that fails is left alone
/// for two seconds after each failure.
pub async fn due_endpoints(executor: impl PgExecutor<'_>) -> Result<Vec<Due>, sqlx::Error> {
    query_as!(
        Due,
        r#"select e.id, e.url, e.failing_since is not null as "is_failing!"
        from endpoint e cross join lateral (
            select s.due_at from endpoint_subject s where s.endpoint_id = e.id order by s.due_at limit 1
        ) as first
        where e.disabled_at is null and first.due_at <= clock_timestamp()
            and (e.failing_since is null or e.last_failed_at is null
                or e.last_failed_at < clock_timestamp() - interval '2 seconds')
        order by first.due_at"#
    )
    .fetch_all(executor)
    .await
}

/// A subject of an endpoint whose first delivery is somebody's to try, while the lease is his.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    pub endpoint: Uuid,
    pub account: Uuid,
    pub lease: Uuid,
}

/// Leases subjects of an endpoint that are due, with how often the first delivery of each was tried.
pub async fn lease_subjects(
    executor: impl PgExecutor<'_>,
    endpoint: Uuid,
    most: i64,
    secs: i64,
) -> Result<Vec<(Subject, i32)>, sqlx::Error> {
    let lease = Uuid::now_v7();
    let leased = query!(
        "with due as materialized (
            select account_id from endpoint_subject
            where endpoint_id = $1 and due_at <= clock_timestamp()
            order by due_at limit $2 for no key update skip locked
        )
        update endpoint_subject s
        set lease = $3, due_at = clock_timestamp() + $4::bigint * interval '1 second'
        from due where s.endpoint_id = $1 and s.account_id = due.account_id
        returning s.account_id, s.attempts",
        endpoint,
        most,
        lease,
        secs,
    )
    .fetch_all(executor)
    .await?;
    let subject = |account| Subject {
        endpoint,
        account,
        lease,
    };
    Ok(leased
        .into_iter()
        .map(|row| (subject(row.account_id), row.attempts))
        .collect())
}

/// The first delivery of a subject, as the event that it is.
pub async fn find_next(
    executor: impl PgExecutor<'_>,
    subject: Subject,
) -> Result<Option<Waiting>, sqlx::Error> {
    let found = query!(
        r#"select k.account_id, k.seq, k.kind, k.payload, k.created_at as "created_at: SqlTimestamp",
            k.tenant_id, k.user_id
        from endpoint_delivery d join event_kept k on k.account_id = d.account_id and k.seq = d.seq
        where d.endpoint_id = $1 and d.account_id = $2 order by d.seq limit 1"#,
        subject.endpoint,
        subject.account,
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.map(|row| Waiting {
        account_id: row.account_id,
        seq: row.seq,
        kind: row.kind,
        payload: row.payload,
        created_at: row.created_at,
        attempts: 0,
        tenant_id: Some(row.tenant_id),
        user_id: Some(row.user_id),
    }))
}

/// Keeps the lease for longer, for the delivery after one that was taken, and the row locked until the caller's
/// transaction ends. False where the lease is another's by now.
pub async fn renew(
    conn: &mut PgConnection,
    subject: Subject,
    secs: i64,
) -> Result<bool, sqlx::Error> {
    let renewed = query!(
        "update endpoint_subject
        set attempts = 0, due_at = clock_timestamp() + $4::bigint * interval '1 second'
        where endpoint_id = $1 and account_id = $2 and lease = $3",
        subject.endpoint,
        subject.account,
        subject.lease,
        secs,
    )
    .execute(conn)
    .await?;
    Ok(renewed.rows_affected() > 0)
}

pub async fn delete_delivery(
    conn: &mut PgConnection,
    subject: Subject,
    seq: i64,
) -> Result<(), sqlx::Error> {
    query!(
        "delete from endpoint_delivery where endpoint_id = $1 and account_id = $2 and seq = $3",
        subject.endpoint,
        subject.account,
        seq,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A subject that has nothing more to be sent is none. Deliveries of events that are no longer kept go with it. Its
/// row is locked by the caller: whoever adds deliveries waits for that, and then makes another row.
pub async fn delete_subject(conn: &mut PgConnection, subject: Subject) -> Result<(), sqlx::Error> {
    query!(
        "delete from endpoint_delivery d
        where d.endpoint_id = $1 and d.account_id = $2
            and not exists (select from event_kept k where k.account_id = d.account_id and k.seq = d.seq)",
        subject.endpoint,
        subject.account,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "delete from endpoint_subject s
        where s.endpoint_id = $1 and s.account_id = $2 and s.lease = $3
            and not exists (
                select from endpoint_delivery d where d.endpoint_id = $1 and d.account_id = $2)",
        subject.endpoint,
        subject.account,
        subject.lease,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives the lease back: the first delivery is due.
pub async fn release(executor: impl PgExecutor<'_>, subject: Subject) -> Result<(), sqlx::Error> {
    query!(
        "update endpoint_subject set lease = null, due_at = clock_timestamp()
        where endpoint_id = $1 and account_id = $2 and lease = $3",
        subject.endpoint,
        subject.account,
        subject.lease,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Gives the lease back: the first delivery was not taken, and waits for its next attempt.
pub async fn postpone(
    conn: &mut PgConnection,
    subject: Subject,
    pause_millis: i64,
) -> Result<(), sqlx::Error> {
    query!(
        "update endpoint_subject set lease = null, attempts = attempts + 1,
            due_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
        where endpoint_id = $1 and account_id = $2 and lease = $3",
        subject.endpoint,
        subject.account,
        subject.lease,
        pause_millis,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an endpoint has taken an event, where one had failed before. Where nothing was taken for ten minutes,
/// what waits for its next attempt is due: that may be an hour away.
pub async fn recover(executor: impl PgExecutor<'_>, endpoint: Uuid) -> Result<(), sqlx::Error> {
    query!(
        "with failing as (
            select id, failing_since < clock_timestamp() - interval '10 minutes' as for_long
            from endpoint where id = $1 and failing_since is not null for no key update
        ), recovered as (
            update endpoint e set failing_since = null from failing f where e.id = f.id
        ), late as materialized (
            select s.account_id from endpoint_subject s
            where s.endpoint_id = $1 and (select for_long from failing)
                and s.lease is null and s.due_at > clock_timestamp()
            order by s.account_id for no key update
        )
        update endpoint_subject s set due_at = clock_timestamp()
        from late where s.endpoint_id = $1 and s.account_id = late.account_id",
        endpoint,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes that an endpoint has not taken an event; its row stays locked until the caller's transaction ends.
pub async fn note_failure(
    conn: &mut PgConnection,
    endpoint: Uuid,
    status: Option<i16>,
    error: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "update endpoint set failing_since = coalesce(failing_since, clock_timestamp()),
            last_failed_at = clock_timestamp(), last_status = $2, last_error = left($3, 500)
        where id = $1",
        endpoint,
        status,
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An endpoint that was disabled just now.
pub struct Disabled {
    pub url: String,
    pub failing_since: Timestamp,
}

/// Disables an endpoint that is gone, or has taken nothing for too long; none where it need not be, or is already.
pub async fn disable_failing(
    conn: &mut PgConnection,
    endpoint: Uuid,
    is_gone: bool,
    failing_hours: i64,
) -> Result<Option<Disabled>, sqlx::Error> {
    let disabled = query!(
        r#"update endpoint set disabled_at = clock_timestamp(),
            disabled_why = case when $2 then 'gone' else 'failing' end
        where id = $1 and disabled_at is null
            and ($2 or failing_since < clock_timestamp() - $3::bigint * interval '1 hour')
        returning url, coalesce(failing_since, clock_timestamp()) as "failing_since!: SqlTimestamp""#,
        endpoint,
        is_gone,
        failing_hours,
    )
    .fetch_optional(conn)
    .await?;
    Ok(disabled.map(|row| Disabled {
        url: row.url,
        failing_since: row.failing_since.to_jiff(),
    }))
}

/// What endpoints have.
pub struct Backlog {
    pub enabled: i64,
    /// Of those.
    pub failing: i64,
    /// Not by an operator.
    pub disabled: i64,
    /// Deliveries to enabled ones.
    pub waiting: i64,
    pub oldest_secs: i64,
}

pub async fn backlog(executor: impl PgExecutor<'_>) -> Result<Backlog, sqlx::Error> {
    query_as!(
        Backlog,
        r#"select e.enabled as "enabled!", e.failing as "failing!", e.disabled as "disabled!",
            d.waiting as "waiting!", d.oldest_secs as "oldest_secs!"
        from (
            select count(*) filter (where disabled_at is null) as enabled,
                count(*) filter (where disabled_at is null and failing_since is not null) as failing,
                count(*) filter (where disabled_why in ('failing', 'gone')) as disabled
            from endpoint
        ) as e cross join (
            select count(*) as waiting,
                coalesce(extract(epoch from clock_timestamp() - min(d.created_at))::bigint, 0) as oldest_secs
            from endpoint_delivery d join endpoint e on e.id = d.endpoint_id and e.disabled_at is null
        ) as d"#
    )
    .fetch_one(executor)
    .await
}

/// What a piece of forgetting came to.
pub struct Forgotten {
    pub events: i64,
    /// Their deliveries that no endpoint has taken.
    pub deliveries: i64,
}

/// Forgets a piece of the events that were kept for so many hours.
pub async fn forget(
    executor: impl PgExecutor<'_>,
    kept_hours: i64,
    most: i64,
) -> Result<Forgotten, sqlx::Error> {
    query_as!(
        Forgotten,
        r#"with old as materialized (
            select account_id, seq, tenant_id from event_kept
            where kept_at < clock_timestamp() - $1::bigint * interval '1 hour'
            order by kept_at limit $2
        ), undelivered as (
            delete from endpoint_delivery d using old o join endpoint e on e.tenant_id = o.tenant_id
            where d.endpoint_id = e.id and d.account_id = o.account_id and d.seq = o.seq
            returning d.seq
        ), gone as (
            delete from event_kept k using old o where k.account_id = o.account_id and k.seq = o.seq
            returning k.seq
        )
        select (select count(*) from gone) as "events!", (select count(*) from undelivered) as "deliveries!""#,
        kept_hours,
        most,
    )
    .fetch_one(executor)
    .await
}
