//! The schema's versions.

use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{PgConnection, PgPool, query_scalar};

use crate::config::{Direction, MigrateOptions};
use crate::database::{Database, Settings, Unreached};

/// The migrations that this version of the core needs.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Runs `billing-core migrate`.
pub async fn run(options: &MigrateOptions) -> anyhow::Result<()> {
    let database = Database::at(options.owner_database_url.expose_secret())?;
    let mut connection = connect(&database)
        .await
        .context("cannot connect to the database as its owner")?;
    match options.direction {
        Direction::Up if options.to.is_some() => bail!("--to goes with `down`"),
        Direction::Up => MIGRATOR
            .run(&mut connection)
            .await
            .context("cannot migrate up")?,
        Direction::Down => {
            let target = match options.to {
                Some(target) => target,
                None => one_below(&mut connection).await?,
            };
            MIGRATOR
                .undo(&mut connection, target)
                .await
                .context("cannot migrate down")?;
        }
    }
    Ok(())
}

async fn connect(database: &Database) -> Result<PgConnection, Unreached> {
    database.require_sessions().await?;
    database.connect(&Settings::default()).await
}

async fn one_below(connection: &mut PgConnection) -> anyhow::Result<i64> {
    let mut applied: Vec<i64> = connection
        .list_applied_migrations(&MIGRATOR.table_name)
        .await?
        .into_iter()
        .map(|migration| migration.version)
        .collect();
    applied.sort_unstable();
    applied.pop();
    Ok(applied.pop().unwrap_or(0))
}

/// Refuses a schema that is older than this core; a newer one is fine, since migrations expand
/// before they contract.
pub async fn require_current(pool: &PgPool) -> anyhow::Result<()> {
    let newest: Option<i64> = query_scalar!("select max(version) from _sqlx_migrations where success")
        .fetch_one(pool)
        .await
        .context("cannot read the schema's version: run `billing-core migrate up`, and connect as a member of billing_app")?;
    let needed = MIGRATOR.iter().map(|migration| migration.version).max();
    if newest < needed {
        bail!(
            "the schema is at migration {newest:?} and this core needs {needed:?}: run `billing-core migrate up`"
        );
    }
    Ok(())
}
