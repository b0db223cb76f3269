//! The schema's versions.

mod older;
mod patience;

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{PgConnection, PgPool};

use crate::database::{Database, Settings, Unreached, secret};
pub use patience::Patience;
use patience::Wait;

/// All migrations, those included that take away what older cores need.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How the name of a migration begins that takes something away: see migrations/README.md.
const CONTRACT: &str = "contract ";

const FORBIDDEN: &str = "42501";

fn contracts(migration: &Migration) -> bool {
    migration.description.starts_with(CONTRACT)
}

#[derive(Debug, Args)]
pub struct MigrateOptions {
    /// `up` applies what is missing, beside running cores; `contract`, once the last core of an older
    /// version has gone, takes away what only those need; `down` undoes the newest, or all above `--to`.
    pub direction: Direction,

    /// URL of the database, for the role that owns the schema.
    #[arg(long, env = "BILLING_OWNER_DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub owner_database_url: SecretString,

    /// With `down`: the migration that is to remain the newest; 0 undoes all. Their data is lost.
    #[arg(long)]
    pub to: Option<i64>,

    /// Seconds that a migration gives way to who holds the locks that it needs, and tries again.
    #[arg(long, env = "BILLING_MIGRATE_GIVE_UP_SECS", default_value_t = 300)]
    pub give_up_secs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    Up,
    Contract,
    Down,
}

/// Runs `billing-core migrate`.
pub async fn run(options: &MigrateOptions) -> anyhow::Result<()> {
    let database = Database::at(options.owner_database_url.expose_secret())?;
    let mut connection = connect(&database)
        .await
        .context("cannot connect to the database as its owner")?;
    // Looks who is in the way while the first one waits.
    let mut watcher = connect(&database)
        .await
        .context("cannot connect to the database as its owner")?;
    let mut patience = Patience::new(
        &mut connection,
        &mut watcher,
        Duration::from_secs(options.give_up_secs),
    )
    .await?;
    match options.direction {
        Direction::Up | Direction::Contract if options.to.is_some() => {
            bail!("--to goes with `down`")
        }
        Direction::Up => up(&mut patience, i64::MAX)
            .await
            .context("cannot migrate up"),
        Direction::Contract => contract(&mut patience)
            .await
            .context("cannot take away what older cores need"),
        Direction::Down => down(&mut patience, options.to)
            .await
            .context("cannot migrate down"),
    }
}

/// Applies what is missing up to a version, beside cores of this version and of the one before. Where
/// there is no schema yet there is no older core either, and all is applied.
pub async fn up(patience: &mut Patience<'_>, version: i64) -> anyhow::Result<()> {
    let applied = prepare(patience).await?;
    if let Some(newer) = newer(&applied) {
        ensure!(
            lacking(&applied).is_none(),
            "the schema has migration {newer}, which this version does not know, and lacks some that it \
             does: run `billing-core migrate up` of the version that brought it"
        );
        eprintln!(
            "billing-core: the schema is newer than this version of billing-core, by migration {newer}: nothing to do"
        );
        return Ok(());
    }
    let wanted = |migration: &Migration| applied.is_empty() || !contracts(migration);
    apply(patience, &applied, |migration| {
        migration.version <= version && wanted(migration)
    })
    .await
}

/// Applies everything: what only older cores need goes.
pub async fn contract(patience: &mut Patience<'_>) -> anyhow::Result<()> {
    let applied = prepare(patience).await?;
    refuse_newer(&applied)?;
    apply(patience, &applied, |_| true).await
}

/// Undoes the newest migration, or all above a version.
pub async fn down(patience: &mut Patience<'_>, version: Option<i64>) -> anyhow::Result<()> {
    let mut applied = prepare(patience).await?;
    refuse_newer(&applied)?;
    applied.pop();
    let target = version.or(applied.pop()).unwrap_or(0);
    // One that failed half-way is begun anew, with those that are left.
    patience
        .run(Wait::Hardly, async |connection| {
            MIGRATOR.undo(connection, target).await
        })
        .await
}

/// The newest migration, where this version does not know it.
fn newer(applied: &[i64]) -> Option<i64> {
    let newest = applied.iter().max().copied()?;
    MIGRATOR
        .iter()
        .all(|known| known.version < newest)
        .then_some(newest)
}

fn refuse_newer(applied: &[i64]) -> anyhow::Result<()> {
    if let Some(newer) = newer(applied) {
        bail!(
            "the schema has migration {newer}, which this version does not know: use the version of \
             billing-core that brought it"
        );
    }
    Ok(())
}

/// Keeps others from migrating until the connection is closed, and brings what an older text of a
/// migration has made to what it makes today. Answers with the versions that are applied, in their order.
async fn prepare(patience: &mut Patience<'_>) -> anyhow::Result<Vec<i64>> {
    let table = &MIGRATOR.table_name;
    // Hardly waited for: an index that somebody else makes concurrently waits for us in turn.
    patience
        .run(Wait::Hardly, async |connection| connection.lock().await)
        .await?;
    patience
        .run(Wait::Hardly, async |connection| {
            connection.ensure_migrations_table(table).await
        })
        .await?;
    patience.run(Wait::Hardly, older::bring_up).await?;
    let mut applied = Vec::new();
    patience
        .run(Wait::Hardly, async |connection| {
            applied = connection.list_applied_migrations(table).await?;
            Ok(())
        })
        .await?;
    Ok(applied.iter().map(|migration| migration.version).collect())
}

/// One after the other, each with its own patience.
async fn apply(
    patience: &mut Patience<'_>,
    applied: &[i64],
    wanted: impl Fn(&Migration) -> bool,
) -> anyhow::Result<()> {
    let is_applied = |migration: &Migration| applied.contains(&migration.version);
    let known: Vec<Migration> = MIGRATOR
        .iter()
        .filter(|migration| is_applied(migration) || wanted(migration))
        .cloned()
        .collect();
    let missing: Vec<Migration> = known
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration() && !is_applied(migration))
        .cloned()
        .collect();
    let migrator = Migrator {
        migrations: Cow::Owned(known),
        ..Migrator::DEFAULT
    };
    if missing.is_empty() {
        // Checks what is applied against what it should be.
        return patience
            .run(Wait::Hardly, async |connection| {
                migrator.run_direct(None, connection, false).await
            })
            .await;
    }
    for migration in &missing {
        let wait = if migration.no_tx {
            Wait::WithoutHarm
        } else {
            Wait::Hardly
        };
        patience
            .run(wait, async |connection| {
                if migration.no_tx {
                    drop_unfinished_indexes(connection, migration).await?;
                }
                migrator
                    .run_direct(Some(migration.version), connection, false)
                    .await
            })
            .await
            .with_context(|| format!("migration {}", migration.version))?;
    }
    Ok(())
}

/// A concurrent build that was broken off leaves an index that costs and serves nobody, and keeps its
/// name from the next attempt.
async fn drop_unfinished_indexes(
    connection: &mut PgConnection,
    migration: &Migration,
) -> Result<(), MigrateError> {
    let unfinished: Vec<String> = sqlx::query_scalar(
        "select quote_ident(c.relname) from pg_index i join pg_class c on c.oid = i.indexrelid
        where not i.indisvalid and c.relnamespace = current_schema()::regnamespace
            and position(c.relname::text in $1) > 0",
    )
    .bind(migration.sql.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for index in unfinished {
        let drop = sqlx::AssertSqlSafe(format!("drop index concurrently {index}"));
        sqlx::raw_sql(drop).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn connect(database: &Database) -> Result<PgConnection, Unreached> {
    database.require_sessions().await?;
    database.connect(&Settings::default()).await
}

/// How a schema stands to what this core needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has migrated.
    Absent,
    /// The role may not read which version it is.
    Hidden,
    /// Of these versions; the second one is needed.
    Behind { newest: i64, needed: i64 },
    /// A newer version of billing has taken away what this one needs.
    Contracted { by: i64, known: i64 },
    /// What this core needs is there, and maybe what only newer ones do.
    Good {
        newest: i64,
        /// Whether there is something that only older cores need.
        can_contract: bool,
    },
}

impl Standing {
    /// Why a core does not work with it, and what to do.
    pub fn refusal(&self) -> Option<(String, &'static str)> {
        Some(match self {
            Self::Good { .. } => return None,
            Self::Absent => (
                "the database has no schema yet".to_owned(),
                "run `billing-core migrate up` with BILLING_OWNER_DATABASE_URL",
            ),
            Self::Hidden => (
                "the role may not read the schema's version".to_owned(),
                "connect as a member of billing_app, or run `billing-core migrate up` first",
            ),
            Self::Behind { newest, needed } => (
                format!("the schema is at migration {newest}, and this core needs {needed}"),
                "run `billing-core migrate up` of this version with BILLING_OWNER_DATABASE_URL",
            ),
            Self::Contracted { by, known } => (
                format!(
                    "migration {by} has taken away what cores of this version need, which knows \
                     migrations up to {known}"
                ),
                "start cores of the version that brought it",
            ),
        })
    }
}

/// The migrations that a core of this version needs.
fn needed_versions() -> impl Iterator<Item = i64> {
    let needed = MIGRATOR
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration() && !contracts(migration));
    needed.map(|migration| migration.version)
}

/// The newest migration that a core of this version needs and that is not applied.
fn lacking(applied: &[i64]) -> Option<i64> {
    needed_versions()
        .filter(|needed| !applied.contains(needed))
        .max()
}

/// How the schema of a database stands to what this core needs.
pub async fn standing(pool: &PgPool) -> Result<Standing, sqlx::Error> {
    match applied(pool).await {
        Ok(Some(applied)) => Ok(judge(&applied)),
        Ok(None) => Ok(Standing::Absent),
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some(FORBIDDEN) => {
            Ok(Standing::Hidden)
        }
        Err(error) => Err(error),
    }
}

/// Version and description of what is applied; none where there is no table of them. Asked of whatever
/// database it is, so not checked when it is built.
async fn applied(pool: &PgPool) -> Result<Option<Vec<(i64, String)>>, sqlx::Error> {
    let is_there: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(pool)
        .await?;
    if !is_there {
        return Ok(None);
    }
    let applied = sqlx::query_as(
        "select version, description from _sqlx_migrations where success order by version",
    );
    applied.fetch_all(pool).await.map(Some)
}

fn judge(applied: &[(i64, String)]) -> Standing {
    let Some((newest, _)) = applied.last() else {
        return Standing::Absent;
    };
    let versions: Vec<i64> = applied.iter().map(|(version, _)| *version).collect();
    if let Some(needed) = lacking(&versions) {
        let newest = *newest;
        return Standing::Behind { newest, needed };
    }
    let is_known = |version: i64| MIGRATOR.iter().any(|known| known.version == version);
    let unknown = applied
        .iter()
        .find(|(version, description)| description.starts_with(CONTRACT) && !is_known(*version));
    if let Some((by, _)) = unknown {
        let known = MIGRATOR.iter().map(|known| known.version).max();
        return Standing::Contracted {
            by: *by,
            known: known.unwrap_or_default(),
        };
    }
    let can_contract = MIGRATOR
        .iter()
        .any(|migration| contracts(migration) && !versions.contains(&migration.version));
    Standing::Good {
        newest: *newest,
        can_contract,
    }
}

/// Refuses a schema that is older than this core, or that a newer version has taken something from; one that
/// is newer is fine otherwise, since migrations expand before they contract.
pub async fn require_current(pool: &PgPool) -> anyhow::Result<()> {
    let standing = standing(pool)
        .await
        .context("cannot read the schema's version")?;
    if let Some((wrong, to_do)) = standing.refusal() {
        bail!("{wrong}: {to_do}");
    }
    Ok(())
}
