//! What the server and the role are asked when the core starts.

use sqlx::{PgExecutor, query_as, query_scalar};

/// Settings without which the server may lose what it has committed, and that are off.
pub async fn loose_settings(executor: impl PgExecutor<'_>) -> Result<Vec<String>, sqlx::Error> {
    query_scalar!(
        r#"select name as "name!" from pg_settings where setting = 'off'
            and name in ('fsync', 'full_page_writes') order by name"#
    )
    .fetch_all(executor)
    .await
}

/// The role that the core has on the server.
pub struct Role {
    pub name: String,
    pub is_superuser: bool,
    /// Of tables of the ledger.
    pub owns: bool,
}

pub async fn own_role(executor: impl PgExecutor<'_>) -> Result<Role, sqlx::Error> {
    query_as!(
        Role,
        r#"select current_user::text as "name!", rolsuper as "is_superuser!",
            exists (select from pg_class
                where oid in ('account'::regclass, 'entry'::regclass, 'idempotency_key'::regclass)
                and pg_has_role(relowner, 'usage')) as "owns!"
        from pg_roles where rolname = current_user"#
    )
    .fetch_one(executor)
    .await
}
