//! A database for one test: a copy of a migrated template.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use billing_core::migrate::MIGRATOR;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

/// Serialises the making of the template between test processes.
const TEMPLATE_LOCK: i64 = 0x6269_6c6c_696e_67;

/// A migrated database of the test's own. It is left to the throw-away server.
pub struct TestDatabase {
    owner: PgConnectOptions,
    application: PgConnectOptions,
    application_url: String,
}

impl TestDatabase {
    /// # Panics
    /// Where `TEST_DATABASE_URL` names no server: run `cargo xtask test`.
    pub async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("TEST_DATABASE_URL")
            .expect("TEST_DATABASE_URL names no server: run the tests by `cargo xtask test`");
        let server = PgConnectOptions::from_str(&url).unwrap();
        let mut connection = PgConnection::connect_with(&server).await.unwrap();
        let template = make_template(&mut connection, &server).await;
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        run(
            &mut connection,
            format!("drop database if exists {name} with (force)"),
        )
        .await;
        run(
            &mut connection,
            format!("create database {name} template {template}"),
        )
        .await;
        let owner = server.clone().database(&name);
        let application = owner
            .clone()
            .username("billing_test")
            .password("billing_test");
        Self {
            application_url: application_url(&url, &name),
            owner,
            application,
        }
    }

    /// As the role that owns the tables.
    pub fn owner(&self) -> PgConnectOptions {
        self.owner.clone()
    }

    /// As the core connects.
    pub fn application(&self) -> PgConnectOptions {
        self.application.clone()
    }

    /// The URL that the core connects by.
    pub fn application_url(&self) -> &str {
        &self.application_url
    }

    /// A pool as the core connects, for looking at rows.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(128)
            .connect_with(self.application())
            .await
            .unwrap()
    }
}

/// One template for each set of migrations; whoever comes first makes it.
async fn make_template(connection: &mut PgConnection, server: &PgConnectOptions) -> String {
    let checksum: u64 = MIGRATOR
        .iter()
        .flat_map(|migration| migration.checksum.iter())
        .fold(0, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
    let template = format!("billing_template_{checksum:016x}");
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *connection)
        .await
        .unwrap();
    let made: bool = sqlx::query_scalar(
        "select exists (select from pg_database where datname = $1 and datistemplate)",
    )
    .bind(&template)
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    if !made {
        run(
            connection,
            format!("drop database if exists {template} with (force)"),
        )
        .await;
        run(connection, format!("create database {template}")).await;
        let mut inside = PgConnection::connect_with(&server.clone().database(&template))
            .await
            .unwrap();
        MIGRATOR.run(&mut inside).await.unwrap();
        inside
            .execute(
                "do $$ begin
                    if not exists (select from pg_roles where rolname = 'billing_test') then
                        create role billing_test login password 'billing_test' in role billing_app;
                    end if;
                end $$",
            )
            .await
            .unwrap();
        inside.close().await.unwrap();
        run(
            connection,
            format!("alter database {template} is_template true"),
        )
        .await;
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(connection)
        .await
        .unwrap();
    template
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// The server's URL with the test's database and the application's role in it.
fn application_url(url: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(place, query)| (place, query));
    let (authority, _) = place.split_once('/').unwrap_or((place, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{scheme}://billing_test:billing_test@{host}/{database}{query}")
}
