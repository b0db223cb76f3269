//! Every statement of endpoints: here those of their owners, in `delivery` those of whoever delivers. Events come to
//! them by `take_events` of the outbox.
//!
//! Lock order: endpoints, then subjects by account, then deliveries that are there. Whoever leases subjects waits for
//! none.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::signature::Secret;
use super::{EndpointState, NewEndpoint, Receiver};

pub mod delivery;

pub async fn insert_endpoint(
    conn: &mut PgConnection,
    id: Uuid,
    new: &NewEndpoint,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into endpoint (id, tenant_id, url, owner_email, owner_locale) values ($1, $2, $3, $4, $5)",
        id,
        new.tenant_id,
        new.url,
        new.owner_email,
        new.owner_locale,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_secret(
    conn: &mut PgConnection,
    endpoint: Uuid,
    secret: &Secret,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into endpoint_secret (endpoint_id, secret) values ($1, $2)",
        endpoint,
        secret.bytes(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many a tenant has.
pub async fn count_endpoints(conn: &mut PgConnection, tenant: &str) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"select count(*) as "count!" from endpoint where tenant_id = $1"#,
        tenant,
    )
    .fetch_one(conn)
    .await
}

/// Lets the secrets that there are end in so many hours, or when they would end anyway. Those that have ended go.
pub async fn end_secrets(
    conn: &mut PgConnection,
    endpoint: Uuid,
    hours: i64,
) -> Result<(), sqlx::Error> {
    query!(
        "delete from endpoint_secret where endpoint_id = $1 and expires_at < clock_timestamp()",
        endpoint,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "update endpoint_secret
        set expires_at = least(expires_at, clock_timestamp() + $2::bigint * interval '1 hour')
        where endpoint_id = $1",
        endpoint,
        hours,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks it, so that it is not removed, and its secrets are not rotated by another at the same time. False where
/// there is none.
pub async fn lock_endpoint(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let found = query_scalar!(
        "select id from endpoint where id = $1 for no key update",
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Those that have not ended, the newest first.
pub async fn find_secrets(
    executor: impl PgExecutor<'_>,
    endpoint: Uuid,
) -> Result<Vec<Secret>, sqlx::Error> {
    let secrets = query_scalar!(
        "select secret from endpoint_secret
        where endpoint_id = $1 and (expires_at is null or expires_at > clock_timestamp())
        order by created_at desc",
        endpoint,
    )
    .fetch_all(executor)
    .await?;
    Ok(secrets.into_iter().map(Secret::from_bytes).collect())
}

/// What the next message of an endpoint is signed by, the newest first. None where it is disabled, or removed.
pub async fn find_sending_secrets(
    executor: impl PgExecutor<'_>,
    endpoint: Uuid,
) -> Result<Option<Vec<Secret>>, sqlx::Error> {
    let secrets = query_scalar!(
        r#"select array(
            select s.secret from endpoint_secret s
            where s.endpoint_id = e.id and (s.expires_at is null or s.expires_at > clock_timestamp())
            order by s.created_at desc) as "secrets!"
        from endpoint e where e.id = $1 and e.disabled_at is null"#,
        endpoint,
    )
    .fetch_optional(executor)
    .await?;
    Ok(secrets.map(|secrets| secrets.into_iter().map(Secret::from_bytes).collect()))
}

pub async fn find_receiver(
    executor: impl PgExecutor<'_>,
    id: Uuid,
) -> Result<Option<Receiver>, sqlx::Error> {
    query_as!(
        Receiver,
        "select id, tenant_id, url from endpoint where id = $1",
        id,
    )
    .fetch_optional(executor)
    .await
}

/// Those of a tenant, or of all, each with no more of its deliveries counted than so many.
pub async fn list_endpoints(
    executor: impl PgExecutor<'_>,
    tenant: Option<&str>,
    most: i64,
) -> Result<Vec<EndpointState>, sqlx::Error> {
    query!(
        r#"select e.id, e.tenant_id, e.url, e.owner_email, e.created_at as "created_at: SqlTimestamp",
            e.failing_since as "failing_since: SqlTimestamp", e.last_failed_at as "last_failed_at: SqlTimestamp",
            e.last_status, e.last_error, e.disabled_at as "disabled_at: SqlTimestamp", e.disabled_why,
            (select count(*) from (
                select d.seq from endpoint_delivery d where d.endpoint_id = e.id limit $2) as seen) as "waiting!",
            (select min(d.created_at) from endpoint_delivery d where d.endpoint_id = e.id)
                as "oldest: SqlTimestamp",
            (select count(*) from endpoint_secret s where s.endpoint_id = e.id
                and (s.expires_at is null or s.expires_at > clock_timestamp())) as "secrets!"
        from endpoint e where $1::text is null or e.tenant_id = $1 order by e.tenant_id, e.created_at, e.id"#,
        tenant,
        most,
    )
    .map(|row| EndpointState {
        id: row.id,
        tenant_id: row.tenant_id,
        url: row.url,
        owner_email: row.owner_email,
        created_at: row.created_at.to_jiff(),
        failing_since: row.failing_since.map(SqlTimestamp::to_jiff),
        last_failed_at: row.last_failed_at.map(SqlTimestamp::to_jiff),
        last_status: row.last_status,
        last_error: row.last_error,
        disabled_at: row.disabled_at.map(SqlTimestamp::to_jiff),
        disabled_why: row.disabled_why,
        waiting: row.waiting,
        oldest: row.oldest.map(SqlTimestamp::to_jiff),
        secrets: row.secrets,
    })
    .fetch_all(executor)
    .await
}

/// Lets events be sent again, as if none had failed. False where there is none.
pub async fn enable(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let enabled = query!(
        "update endpoint set disabled_at = null, disabled_why = null, failing_since = null where id = $1",
        id,
    )
    .execute(conn)
    .await?;
    Ok(enabled.rows_affected() > 0)
}

/// By an operator. False where there is none.
pub async fn disable(executor: impl PgExecutor<'_>, id: Uuid) -> Result<bool, sqlx::Error> {
    let disabled = query!(
        "update endpoint set disabled_at = coalesce(disabled_at, clock_timestamp()),
            disabled_why = coalesce(disabled_why, 'operator')
        where id = $1",
        id,
    )
    .execute(executor)
    .await?;
    Ok(disabled.rows_affected() > 0)
}

/// Forgets a piece of what waits for an endpoint. How many deliveries that was.
pub async fn forget_deliveries(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let forgotten = query!(
        "delete from endpoint_delivery d using (
            select account_id, seq from endpoint_delivery
            where endpoint_id = $1 order by account_id, seq limit $2
        ) as piece
        where d.endpoint_id = $1 and d.account_id = piece.account_id and d.seq = piece.seq",
        id,
        most,
    )
    .execute(executor)
    .await?;
    Ok(forgotten.rows_affected())
}

/// With its secrets and deliveries. False where there is none. Its subjects go before its deliveries: whoever notes
/// that one was taken locks them in this order.
pub async fn delete_endpoint(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    query_scalar!("select id from endpoint where id = $1 for update", id)
        .fetch_optional(&mut *conn)
        .await?;
    query!("delete from endpoint_subject where endpoint_id = $1", id)
        .execute(&mut *conn)
        .await?;
    let deleted = query!("delete from endpoint where id = $1", id)
        .execute(conn)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// The accounts of a tenant of whose events some since `from` are kept, in their order; those that are about to be
/// forgotten not. It may read millions, and writes nothing. No index is to be read by `kept_at`, of which nearly all
/// are young enough: so by `clock_timestamp()`.
pub async fn find_kept_accounts(
    conn: &mut PgConnection,
    tenant: &str,
    from: Timestamp,
    kept_hours: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    query!("set local statement_timeout = 0")
        .execute(&mut *conn)
        .await?;
    query_scalar!(
        "select distinct account_id from event_kept
        where tenant_id = $1 and created_at >= $2
            and kept_at > clock_timestamp() - ($3::bigint - 1) * interval '1 hour'
        order by account_id",
        tenant,
        from.to_sqlx() as SqlTimestamp,
        kept_hours,
    )
    .fetch_all(conn)
    .await
}

/// Lets the events of these accounts since `from` be delivered once more, in their order, and at once; those that are
/// about to be forgotten not. How many are added to those that wait; none where the endpoint is gone.
pub async fn insert_again(
    conn: &mut PgConnection,
    id: Uuid,
    accounts: &[Uuid],
    from: Timestamp,
    kept_hours: i64,
) -> Result<Option<u64>, sqlx::Error> {
    query!("set local statement_timeout = 0")
        .execute(&mut *conn)
        .await?;
    let found = query_scalar!("select id from endpoint where id = $1 for key share", id)
        .fetch_optional(&mut *conn)
        .await?;
    if found.is_none() {
        return Ok(None);
    }
    let added = query!(
        "insert into endpoint_delivery (endpoint_id, account_id, seq, created_at)
        select $1::uuid, k.account_id, k.seq, k.created_at
        from unnest($2::uuid[]) as a (account_id) join event_kept k on k.account_id = a.account_id
        where k.created_at >= $3
            and k.kept_at > clock_timestamp() - ($4::bigint - 1) * interval '1 hour'
        on conflict (endpoint_id, account_id, seq) do nothing",
        id,
        accounts,
        from.to_sqlx() as SqlTimestamp,
        kept_hours,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "insert into endpoint_subject as s (endpoint_id, account_id)
        select $1::uuid, a.account_id from unnest($2::uuid[]) as a (account_id)
        where exists (select from endpoint_delivery d where d.endpoint_id = $1 and d.account_id = a.account_id)
        order by a.account_id
        on conflict (endpoint_id, account_id) do update
        set attempts = case when s.lease is null then 0 else s.attempts end,
            due_at = case when s.lease is null then least(s.due_at, clock_timestamp()) else s.due_at end",
        id,
        accounts,
    )
    .execute(conn)
    .await?;
    Ok(Some(added.rows_affected()))
}
