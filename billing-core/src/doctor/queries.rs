//! What the server is asked. Not checked against the schema when it is built: it may be another one that
//! is looked at, or none.

use std::collections::HashMap;

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, PgPool};

/// Which server it is.
#[derive(sqlx::FromRow)]
pub struct Identity {
    pub version: String,
    pub version_number: i32,
    pub is_encrypted: bool,
    /// The backend that serves us, and when it began: on one server alone.
    pub backend: i32,
    pub backend_since: SqlTimestamp,
}

pub async fn identity(connection: &mut PgConnection) -> Result<Identity, sqlx::Error> {
    sqlx::query_as(
        "select split_part(current_setting('server_version'), ' ', 1) as version,
            current_setting('server_version_num')::int as version_number,
            coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as is_encrypted,
            pg_backend_pid() as backend, backend_start as backend_since
        from pg_stat_activity where pid = pg_backend_pid()",
    )
    .fetch_one(connection)
    .await
}

/// Whether another session of ours, which goes on, is with the same server. It is as sure behind
/// proxies, and of servers that are copies of one another.
pub async fn has_session(
    connection: &mut PgConnection,
    other: &Identity,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from pg_stat_activity where pid = $1 and backend_start = $2)",
    )
    .bind(other.backend)
    .bind(other.backend_since)
    .fetch_one(connection)
    .await
}

/// The role that the core has on the server.
#[derive(sqlx::FromRow)]
pub struct Role {
    pub name: String,
    /// As it stands in SQL.
    pub quoted: String,
    pub is_superuser: bool,
    /// Whether it has what `billing_app` has, without asking for it.
    pub is_member: bool,
    /// Of tables of billing.
    pub owns: bool,
    /// What it may do to the ledger besides adding to it.
    pub rewrites: Option<String>,
    /// What else it may on the server.
    pub attributes: Option<String>,
}

pub async fn role(pool: &PgPool) -> Result<Role, sqlx::Error> {
    sqlx::query_as(
        "select rolname::text as name, quote_ident(rolname) as quoted, rolsuper as is_superuser,
            coalesce((select pg_has_role(g.oid, 'usage') from pg_roles g where g.rolname = 'billing_app'),
                false) as is_member,
            exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
                and pg_has_role(relowner, 'usage')) as owns,
            (select string_agg(privilege || ' on ' || relname, ', ' order by relname, privilege)
                from pg_class cross join unnest(array['update', 'delete', 'truncate', 'trigger']) as privilege
                where relnamespace = 'public'::regnamespace and relname in ('entry', 'idempotency_key')
                    and relkind in ('r', 'p') and has_table_privilege(oid, privilege)) as rewrites,
            nullif(concat_ws(', ', case when rolcreaterole then 'createrole' end,
                case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
                case when rolbypassrls then 'bypassrls' end), '') as attributes
        from pg_roles where rolname = current_user",
    )
    .fetch_one(pool)
    .await
}

/// What the core's role may change and `billing_app` may not, such as `delete on payment`, or
/// `update (kind) on entry` where it is only some columns.
pub async fn more_rights(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "with relation as (
            select c.oid as relation, c.relname::text as name, g.oid as app
            from pg_class c join pg_roles g on g.rolname = 'billing_app'
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        ), more as (
            select name, privilege, '' as columns
            from relation, unnest(array['insert', 'update', 'delete', 'truncate', 'trigger']) as privilege
            where has_table_privilege(relation, privilege) and not has_table_privilege(app, relation, privilege)
            union all
            select name, privilege, ' (' || string_agg(attname, ', ' order by attnum) || ')'
            from relation join pg_attribute on attrelid = relation and attnum > 0 and not attisdropped,
                unnest(array['insert', 'update']) as privilege
            where not has_table_privilege(relation, privilege)
                and has_column_privilege(relation, attnum, privilege)
                and not has_column_privilege(app, relation, attnum, privilege)
            group by name, privilege
        )
        select privilege || columns || ' on ' || name from more order by name, privilege",
    )
    .fetch_all(pool)
    .await
}

/// These settings of the server, as `pg_settings` writes them; none of one that it does not know.
pub async fn settings(
    pool: &PgPool,
    names: &[&str],
) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select name, setting from pg_settings where name = any($1)")
            .bind(names)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().collect())
}

/// How many connections the core's role can have in its database; none: as many as the server has.
pub async fn connections_max(pool: &PgPool) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "select min(most)::bigint from (
            select rolconnlimit from pg_roles where rolname = current_user
            union all select datconnlimit from pg_database where datname = current_database()
        ) as bound (most) where most >= 0",
    )
    .fetch_one(pool)
    .await
}

/// Whether the server ends a statement whose caller has left. An error where it cannot.
pub async fn look_for_callers(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config('client_connection_check_interval', '200ms', true)")
        .execute(pool)
        .await?;
    Ok(())
}

/// How many standbys receive what is written.
pub async fn standbys(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from pg_stat_replication")
        .fetch_one(pool)
        .await
}

/// Notices of one channel that wait.
#[derive(sqlx::FromRow)]
pub struct Waiting {
    pub channel: String,
    pub given_up: i64,
    pub not_given_up: i64,
    /// How long the oldest one waits that was not given up.
    pub oldest_secs: i64,
}

pub async fn waiting(pool: &PgPool) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select channel, count(*) filter (where given_up_at is not null) as given_up,
            count(*) filter (where given_up_at is null) as not_given_up,
            coalesce(extract(epoch from clock_timestamp()
                - min(created_at) filter (where given_up_at is null)), 0)::bigint as oldest_secs
        from outbox_message group by channel order by channel",
    )
    .fetch_all(pool)
    .await
}

/// Subscriptions that take money beside another one of the same giver, as their providers call them; at most 20.
pub async fn second_subscriptions(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select s.provider || ' ' || s.reference from subscription s
        where s.needs_review and s.state <> 'cancelled' and exists (select from subscription o
            where o.account_id = s.account_id and o.subscription_id <> s.subscription_id
                and o.state <> 'cancelled')
        order by s.created_at limit 20",
    )
    .fetch_all(pool)
    .await
}

/// Endpoints, and what waits for them.
#[derive(sqlx::FromRow)]
pub struct Endpoints {
    pub number: i64,
    /// Though no operator asked for it.
    pub disabled: i64,
    /// Of those that are enabled: nothing has succeeded since something failed.
    pub failing: i64,
}

pub async fn endpoints(pool: &PgPool) -> Result<Endpoints, sqlx::Error> {
    sqlx::query_as(
        "select count(*) as number, count(*) filter (where disabled_why in ('failing', 'gone')) as disabled,
            count(*) filter (where disabled_at is null and failing_since is not null) as failing
        from endpoint",
    )
    .fetch_one(pool)
    .await
}

/// Whether any tool has a price.
pub async fn is_priced(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from price)")
        .fetch_one(pool)
        .await
}

pub async fn clock(pool: &PgPool) -> Result<jiff::Timestamp, sqlx::Error> {
    let now: SqlTimestamp = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(pool)
        .await?;
    Ok(now.to_jiff())
}
