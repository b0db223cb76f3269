//! What the heartbeat asks the server.

use sqlx::{PgConnection, query_scalar};

/// The backend that serves this connection.
pub async fn own_backend(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    query_scalar!(r#"select pg_backend_pid() as "backend!""#)
        .fetch_one(connection)
        .await
}

/// Whether a backend is in a transaction that began longer ago than that.
pub async fn is_in_transaction_since(
    connection: &mut PgConnection,
    backend: i32,
    millis: i64,
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"select exists (select from pg_stat_activity where pid = $1
                and extract(epoch from clock_timestamp() - xact_start) * 1000 > $2::bigint) as "waits!""#,
        backend,
        millis,
    )
    .fetch_one(connection)
    .await
}

/// What a member of `billing_app` may do to the tables that checks and charges need, and this role
/// may not.
pub async fn missing_privileges(
    connection: &mut PgConnection,
) -> Result<Option<String>, sqlx::Error> {
    query_scalar!(
        "select string_agg(privilege || ' on ' || relation, ', ')
        from (values
            ('tenant', 'select'), ('price', 'select'), ('price_unit', 'select'),
            ('account', 'select'), ('account', 'insert'), ('account', 'update'),
            ('account_profile', 'select'), ('account_profile', 'insert'),
            ('hold', 'select'), ('hold', 'insert'), ('hold', 'update'),
            ('free_call', 'select'), ('free_call', 'insert'), ('free_call', 'update'),
            ('entry', 'select'), ('entry', 'insert'),
            ('entry_note', 'select'), ('entry_note', 'insert'),
            ('charge_refund', 'select'), ('charge_refund', 'insert'), ('charge_refund', 'update'),
            ('idempotency_key', 'select'), ('idempotency_key', 'insert')
        ) as needed (relation, privilege)
        where not has_table_privilege(relation, privilege)"
    )
    .fetch_one(connection)
    .await
}
