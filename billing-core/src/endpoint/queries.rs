//! Every statement of endpoints: here those of their owners, in `delivery` those of whoever delivers. Events come to
//! them by `take_events` of the outbox.
//!
//! Lock order: endpoints, then subjects by account. Whoever leases subjects waits for none.

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

/// Lets the secrets that there are end in so many hours, or when they would end anyway.
pub async fn end_secrets(
    conn: &mut PgConnection,
    endpoint: Uuid,
    hours: i64,
) -> Result<(), sqlx::Error> {
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

/// Those of a tenant, or of all.
pub async fn list_endpoints(
    executor: impl PgExecutor<'_>,
    tenant: Option<&str>,
) -> Result<Vec<EndpointState>, sqlx::Error> {
    query!(
        r#"select e.id, e.tenant_id, e.url, e.owner_email, e.created_at as "created_at: SqlTimestamp",
            e.failing_since as "failing_since: SqlTimestamp", e.last_failed_at as "last_failed_at: SqlTimestamp",
            e.last_status, e.last_error, e.disabled_at as "disabled_at: SqlTimestamp", e.disabled_why,
            (select count(*) from endpoint_delivery d where d.endpoint_id = e.id) as "waiting!",
            (select min(d.created_at) from endpoint_delivery d where d.endpoint_id = e.id)
                as "oldest: SqlTimestamp",
            (select count(*) from endpoint_secret s where s.endpoint_id = e.id
                and (s.expires_at is null or s.expires_at > clock_timestamp())) as "secrets!"
        from endpoint e where $1::text is null or e.tenant_id = $1 order by e.tenant_id, e.created_at, e.id"#,
        tenant,
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

/// Makes everything that waits due, but what is on its way just now.
pub async fn hurry_all(conn: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    query!(
        "with late as materialized (
            select account_id from endpoint_subject where endpoint_id = $1 and lease is null
            order by account_id for no key update
        )
        update endpoint_subject s set due_at = clock_timestamp(), attempts = 0
        from late where s.endpoint_id = $1 and s.account_id = late.account_id",
        id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// With its secrets and deliveries. False where there is none.
pub async fn delete_endpoint(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let deleted = query!("delete from endpoint where id = $1", id)
        .execute(conn)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Lets the events of the endpoint's tenant since `from` be delivered to it once more, in their order; those that are
/// about to be forgotten not. How many are added to those that wait.
pub async fn insert_again(
    conn: &mut PgConnection,
    id: Uuid,
    from: Timestamp,
    kept_hours: i64,
) -> Result<u64, sqlx::Error> {
    let added = query!(
        "insert into endpoint_delivery (endpoint_id, account_id, seq, created_at)
        select e.id, k.account_id, k.seq, k.created_at
        from endpoint e join event_kept k on k.tenant_id = e.tenant_id
        where e.id = $1 and k.created_at >= $2
            and k.kept_at > clock_timestamp() - ($3::bigint - 1) * interval '1 hour'
        on conflict (endpoint_id, account_id, seq) do nothing",
        id,
        from.to_sqlx() as SqlTimestamp,
        kept_hours,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "insert into endpoint_subject as s (endpoint_id, account_id)
        select distinct d.endpoint_id, d.account_id from endpoint_delivery d
        where d.endpoint_id = $1 order by d.account_id
        on conflict (endpoint_id, account_id) do update set lease = s.lease",
        id,
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected())
}
