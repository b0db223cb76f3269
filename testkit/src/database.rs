//! A database for one test: a copy of a migrated template.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use billing_core::migrate::MIGRATOR;
use billing_proto::v1;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

/// Serialises the making of the template between test processes.
const TEMPLATE_LOCK: i64 = 0x0062_696c_6c69_6e67;

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

    /// The same database, which a core reaches through `address`.
    #[must_use]
    pub fn reached_through(self, address: SocketAddr) -> Self {
        let name = self.name();
        let application_url = format!("postgres://billing_test:billing_test@{address}/{name}");
        Self {
            application_url,
            ..self
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

    /// A connection as the role that owns the tables, for what no caller can do.
    pub async fn connect_as_owner(&self) -> PgConnection {
        PgConnection::connect_with(&self.owner).await.unwrap()
    }

    /// Adds a version of a tool's price that has held for an hour. A core that starts afterwards
    /// knows it; one that runs learns of it within a second.
    pub async fn price(&self, price: &v1::Price) {
        let mut connection = self.connect_as_owner().await;
        sqlx::query(
            "insert into price (tenant_id, tool, version, per_call_micros, exempt, free_calls_per_day,
                effective_at, created_at)
            values ($1, $2, $3, $4, $5, $6, now() - interval '1 hour', now() - interval '2 hours')",
        )
        .bind(&price.tenant_id)
        .bind(&price.tool)
        .bind(price.version)
        .bind(price.per_call_micros)
        .bind(price.exempt)
        .bind(i32::try_from(price.free_calls_per_day).unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
        for unit in &price.unit_prices {
            sqlx::query(
                "insert into price_unit (tenant_id, tool, version, unit, amount_micros, per_units)
                values ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&price.tenant_id)
            .bind(&price.tool)
            .bind(price.version)
            .bind(&unit.unit)
            .bind(unit.amount_micros)
            .bind(unit.per_units)
            .execute(&mut connection)
            .await
            .unwrap();
        }
    }

    /// Nobody can connect any more, and what the application had open is gone: as if the database
    /// were away.
    pub async fn cut_off(&self) {
        let name = self.name();
        let mut server = self.connect_beside().await;
        run(
            &mut server,
            format!("alter database {name} allow_connections false"),
        )
        .await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = $1 and usename = 'billing_test'",
        )
        .bind(name)
        .execute(&mut server)
        .await
        .unwrap();
    }

    /// Ends [`TestDatabase::cut_off`].
    pub async fn let_in(&self) {
        let mut server = self.connect_beside().await;
        run(
            &mut server,
            format!("alter database {} allow_connections true", self.name()),
        )
        .await;
    }

    pub fn name(&self) -> &str {
        self.owner.get_database().unwrap()
    }

    /// To the same server, but not to this database.
    async fn connect_beside(&self) -> PgConnection {
        PgConnection::connect_with(&self.owner.clone().database("postgres"))
            .await
            .unwrap()
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
