//! What whoever delivers reads and writes.

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, PgExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use crate::outbox::Waiting;

/// An endpoint that has something to be sent now.
pub struct Due {
    pub id: Uuid,
    pub url: String,
    /// It gave no answer to the last one, or nothing has succeeded for ten seconds.
    pub is_failing: bool,
}

/// Enabled endpoints with subjects that are due, the one that waits the longest first. One that fails is left alone
/// for two seconds after each failure. One that refuses some events, and takes others in between, does not fail.
pub async fn due_endpoints(executor: impl PgExecutor<'_>) -> Result<Vec<Due>, sqlx::Error> {
    query_as!(
        Due,
        r#"select e.id, e.url, e.is_failing as "is_failing!"
        from (
            select id, url, last_failed_at, failing_since is not null and (last_status is null
                or failing_since < clock_timestamp() - interval '10 seconds') as is_failing
            from endpoint where disabled_at is null
        ) as e cross join lateral (
            select s.due_at from endpoint_subject s where s.endpoint_id = e.id order by s.due_at limit 1
        ) as first
        where first.due_at <= clock_timestamp() and (not e.is_failing or e.last_failed_at is null
            or e.last_failed_at not between clock_timestamp() - interval '2 seconds' and clock_timestamp())
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

/// Leases subjects of an endpoint that are due, with how often the first delivery of each was tried. By the time of the
/// statement, which an index is read by: `clock_timestamp()` would look at each subject that waits.
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
            where endpoint_id = $1 and due_at <= statement_timestamp()
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

/// Notes that an endpoint has taken an event, where one had failed before. True where nothing was taken for ten
/// minutes before that.
pub async fn recover(executor: impl PgExecutor<'_>, endpoint: Uuid) -> Result<bool, sqlx::Error> {
    let for_long = query_scalar!(
        r#"with failing as (
            select id, failing_since from endpoint
            where id = $1 and failing_since is not null for no key update
        )
        update endpoint e set failing_since = null from failing f where e.id = f.id
        returning f.failing_since < clock_timestamp() - interval '10 minutes' as "for_long!""#,
        endpoint,
    )
    .fetch_optional(executor)
    .await?;
    Ok(for_long.unwrap_or(false))
}

/// Makes a piece of an endpoint's subjects due, those behind an account, as if nothing of them had failed; but what is
/// on its way just now. The last account of the piece; none where there is none behind.
pub async fn hurry(
    executor: impl PgExecutor<'_>,
    endpoint: Uuid,
    behind: Uuid,
    most: i64,
) -> Result<Option<Uuid>, sqlx::Error> {
    query_scalar!(
        r#"with piece as materialized (
            select account_id from endpoint_subject
            where endpoint_id = $1 and account_id > $2
            order by account_id limit $3 for no key update skip locked
        ), hurried as (
            update endpoint_subject s set due_at = least(s.due_at, clock_timestamp()), attempts = 0
            from piece p where s.endpoint_id = $1 and s.account_id = p.account_id and s.lease is null
                and (s.attempts > 0 or s.due_at > clock_timestamp())
        )
        select account_id as "account_id!" from piece order by account_id desc limit 1"#,
        endpoint,
        behind,
        most,
    )
    .fetch_optional(executor)
    .await
}

/// Makes due what waits for longer than any pause is, since a clock was wrong.
pub async fn hurry_from_afar(executor: impl PgExecutor<'_>, most: i64) -> Result<(), sqlx::Error> {
    query!(
        "with late as materialized (
            select far.endpoint_id, far.account_id from endpoint e cross join lateral (
                select s.endpoint_id, s.account_id from endpoint_subject s
                where s.endpoint_id = e.id and s.due_at > statement_timestamp() + interval '2 hours'
                order by s.due_at limit $1 for no key update skip locked
            ) as far
        )
        update endpoint_subject s set due_at = clock_timestamp()
        from late where s.endpoint_id = late.endpoint_id and s.account_id = late.account_id",
        most,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes that an endpoint has not taken an event; its row stays locked until the caller's transaction ends. Where nobody
/// has asked it for longer than any pause is (no core ran, or a clock was wrong), it fails from now on.
pub async fn note_failure(
    conn: &mut PgConnection,
    endpoint: Uuid,
    status: Option<i16>,
    error: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "update endpoint set last_failed_at = clock_timestamp(), last_status = $2, last_error = left($3, 500),
            failing_since = case when last_failed_at < clock_timestamp() - interval '3 hours' then clock_timestamp()
                else coalesce(failing_since, clock_timestamp()) end
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
    /// Deliveries to enabled ones, as far as they are counted.
    pub waiting: i64,
    pub oldest_secs: i64,
}

/// Counts no more deliveries than so many: there may be millions.
pub async fn backlog(executor: impl PgExecutor<'_>, most: i64) -> Result<Backlog, sqlx::Error> {
    query_as!(
        Backlog,
        r#"select e.enabled as "enabled!", e.failing as "failing!", e.disabled as "disabled!",
            counted.waiting as "waiting!",
            coalesce(extract(epoch from clock_timestamp() - oldest.told_at)::bigint, 0) as "oldest_secs!"
        from (
            select count(*) filter (where disabled_at is null) as enabled,
                count(*) filter (where disabled_at is null and failing_since is not null) as failing,
                count(*) filter (where disabled_why in ('failing', 'gone')) as disabled
            from endpoint
        ) as e cross join (
            select count(*) as waiting from (
                select d.seq from endpoint e join endpoint_delivery d on d.endpoint_id = e.id
                where e.disabled_at is null limit $1
            ) as seen
        ) as counted cross join (
            select min(first.created_at) as told_at from endpoint e cross join lateral (
                select d.created_at from endpoint_delivery d
                where d.endpoint_id = e.id order by d.created_at limit 1
            ) as first
            where e.disabled_at is null
        ) as oldest"#,
        most,
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

/// Forgets a piece of the events that were kept for so many hours. By the time of the statement, which an index is read
/// by: `clock_timestamp()` would look at every event that is kept.
pub async fn forget(
    executor: impl PgExecutor<'_>,
    kept_hours: i64,
    most: i64,
) -> Result<Forgotten, sqlx::Error> {
    query_as!(
        Forgotten,
        r#"with old as materialized (
            select account_id, seq, tenant_id from event_kept
            where kept_at < statement_timestamp() - $1::bigint * interval '1 hour'
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
