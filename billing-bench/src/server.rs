//! The private server as all measurements need it, and statements of ours on it.

use anyhow::{Context, Result, ensure};
use billing_stage::Stage;
use sqlx::{AssertSqlSafe, Connection, Decode, PgConnection, Postgres, Type};

/// Starts the server anew with these settings, and with those that keep a checkpoint from falling
/// into a slice. Refuses to go on where what it acknowledges may be lost.
pub async fn restart(stage: &mut Stage, mut settings: Vec<String>) -> Result<()> {
    settings.extend(["max_wal_size=8GB", "checkpoint_timeout=1h"].map(str::to_owned));
    stage.server.stop().await?;
    stage.server.set_for_next_start(settings);
    stage.server.start().await?;
    require_durable(&stage.urls.owner).await
}

/// What is measured without these would be worth nothing.
async fn require_durable(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let loose: Vec<String> = sqlx::query_scalar(
        "select name from pg_settings where setting <> 'on'
            and name in ('fsync', 'full_page_writes', 'synchronous_commit')",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    ensure!(
        loose.is_empty(),
        "PostgreSQL runs without {}: what it acknowledges may be lost, and what is measured says nothing",
        loose.join(", ")
    );
    Ok(())
}

/// On a connection of its own.
pub async fn execute(url: &str, statement: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    run(&mut connection, statement).await?;
    connection.close().await?;
    Ok(())
}

/// One number, on a connection of its own.
pub async fn number<T>(url: &str, query: &'static str) -> Result<T>
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
{
    let mut connection = PgConnection::connect(url).await?;
    let number = sqlx::query_scalar(query).fetch_one(&mut connection).await;
    connection.close().await?;
    number.with_context(|| format!("cannot ask: {query}"))
}

/// The statement is ours, no input.
pub async fn run(connection: &mut PgConnection, statement: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(connection)
        .await
        .with_context(|| format!("cannot run: {statement}"))?;
    Ok(())
}
