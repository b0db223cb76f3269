//! The database and its two roles: the owner migrates, the core's login role may what it needs.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use sqlx::migrate::MigrateDatabase;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres};
use tokio::process::Command;

use crate::postgres::Server;

const DATABASE: &str = "billing";
const OWNER: &str = "billing_owner";
const CORE: &str = "billing_core";

/// URLs of one database.
#[derive(Clone)]
pub struct Urls {
    /// For the role that owns the schema.
    pub owner: String,
    /// For the core's login role.
    pub core: String,
    /// Absent where only trusted accounts reach the server's socket.
    password: Option<String>,
    core_role: String,
}

/// Of the core, on a server that others use too. Both of letters, digits and underscores only.
pub struct CoreLogin {
    pub role: String,
    pub password: String,
}

/// Makes owner and database on a private server unless they are there.
pub async fn on_private(server: &Server) -> Result<Urls> {
    let mut connection = PgConnection::connect(&server.superuser_url()).await?;
    if !role_exists(&mut connection, OWNER).await? {
        // As little as an owner needs: it makes the application's role.
        execute(
            &mut connection,
            format!("create role {OWNER} login createrole"),
        )
        .await?;
    }
    let database: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(DATABASE)
        .fetch_optional(&mut connection)
        .await?;
    if database.is_none() {
        execute(
            &mut connection,
            format!("create database {DATABASE} owner {OWNER}"),
        )
        .await?;
    }
    connection.close().await?;
    Ok(Urls {
        owner: server.url(OWNER, DATABASE),
        core: server.url(CORE, DATABASE),
        password: None,
        core_role: CORE.to_owned(),
    })
}

/// A database of somebody else's server, made unless it is there.
pub async fn on_existing(owner_url: &str, login: CoreLogin) -> Result<Urls> {
    // The URL may hold a password: it is not repeated.
    let options = PgConnectOptions::from_str(owner_url)
        .map_err(|_| anyhow::anyhow!("the database's URL is not a PostgreSQL URL"))?;
    let exists = Postgres::database_exists(owner_url).await;
    if !exists.context("cannot connect to the database's server")? {
        Postgres::create_database(owner_url)
            .await
            .context("cannot create the database")?;
    }
    let core = options.username(&login.role).password(&login.password);
    Ok(Urls {
        owner: owner_url.to_owned(),
        core: core.to_url_lossy().to_string(),
        password: Some(login.password),
        core_role: login.role,
    })
}

/// Brings the schema up as its owner, by this core, and makes the core's login role.
pub async fn migrate(core: &Path, urls: &Urls) -> Result<()> {
    let output = Command::new(core)
        .args(["migrate", "up"])
        .env("BILLING_OWNER_DATABASE_URL", &urls.owner)
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot run {}", core.display()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("billing-core migrate up fails: {}", words.trim());
    }
    admit_core(urls).await
}

/// Makes the core's login role, a member of the group role that the migrations made.
async fn admit_core(urls: &Urls) -> Result<()> {
    let mut connection = PgConnection::connect(&urls.owner).await?;
    let role = &urls.core_role;
    let verb = if role_exists(&mut connection, role).await? {
        "alter"
    } else {
        "create"
    };
    let password = urls
        .password
        .as_ref()
        .map(|password| format!(" password '{password}'"));
    let statement = format!("{verb} role {role} login{}", password.unwrap_or_default());
    execute(&mut connection, statement)
        .await
        .context("cannot make the core's login role")?;
    execute(&mut connection, format!("grant billing_app to {role}"))
        .await
        .context("cannot admit the core's login role to billing_app")?;
    connection.close().await?;
    Ok(())
}

async fn role_exists(connection: &mut PgConnection, role: &str) -> Result<bool> {
    let found: Option<i32> = sqlx::query_scalar("select 1 from pg_roles where rolname = $1")
        .bind(role)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Statements that define take no parameters. What is put into them here is ours, no input.
async fn execute(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}
