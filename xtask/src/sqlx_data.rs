//! `cargo xtask sqlx`: what the query macros know of the schema, kept in `.sqlx` so that the
//! core compiles without a database.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use crate::config;
use crate::programs;
use billing_stage::postgres::Server;

/// What is to be done with the fresh query data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Replace `.sqlx`.
    Refresh,
    /// Fail where `.sqlx` differs.
    Check,
}

/// Compiles the core against a migrated throw-away database.
pub async fn run(purpose: Purpose) -> Result<()> {
    let mut server = Server::throw_away().await?;
    let outcome = prepare(&server, purpose).await;
    server.stop().await?;
    outcome
}

async fn prepare(server: &Server, purpose: Purpose) -> Result<()> {
    let url = server.create_database("billing").await?;
    migrate(&url).await?;
    // The macros write here; the committed folder changes only afterwards.
    let fresh = tempfile::Builder::new()
        .prefix("sqlx-")
        .tempdir_in(config::target())?;
    let compiled = compile(purpose, &url, fresh.path()).await?;
    let fresh = read_data(fresh.path())?;
    let committed_folder = config::repository().join(".sqlx");
    let committed = read_data(&committed_folder)?;
    match (purpose, compiled) {
        (Purpose::Check, true) => compare(&committed, &fresh),
        (Purpose::Check, false) => bail!("the core does not compile against a migrated database"),
        (Purpose::Refresh, true) => {
            write_data(&committed_folder, &fresh)?;
            remove_stale(&committed_folder, &committed, &fresh)?;
            eprintln!("sqlx: {} queries in .sqlx; commit them", fresh.len());
            Ok(())
        }
        (Purpose::Refresh, false) => {
            // What did compile is kept: it brings the other errors into reach of an editor.
            write_data(&committed_folder, &fresh)?;
            bail!(
                "the core does not compile; {} queries were added to .sqlx and none removed",
                fresh.len()
            )
        }
    }
}

/// By the files themselves, since the core's own `migrate` cannot be built before this is done.
async fn migrate(url: &str) -> Result<()> {
    let folder = config::repository().join("migrations");
    let migrator = Migrator::new(folder)
        .await
        .context("cannot read migrations/")?;
    let mut connection = PgConnection::connect(url).await?;
    migrator
        .run_direct(None, &mut connection, false)
        .await
        .context("cannot migrate")?;
    connection.close().await?;
    Ok(())
}

async fn compile(purpose: Purpose, url: &str, data: &Path) -> Result<bool> {
    // Cargo does not know that the macros depend on the database; newer files are compiled again.
    touch_sources(&config::repository().join("billing-core"))?;
    let packages: &[&str] = match purpose {
        // As clippy has it, so that the dependencies are not compiled with other features again.
        Purpose::Check => &["--workspace"],
        // The others may not compile yet.
        Purpose::Refresh => &["--package", "billing-core"],
    };
    let status = programs::cargo()
        .args(["check", "--quiet", "--all-targets"])
        .args(packages)
        .current_dir(config::repository())
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", data)
        .env("DATABASE_URL", url)
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot run cargo")?;
    Ok(status.success())
}

fn touch_sources(folder: &Path) -> Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            touch_sources(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            File::options()
                .append(true)
                .open(&path)?
                .set_modified(now)?;
        }
    }
    Ok(())
}

type QueryData = BTreeMap<OsString, Vec<u8>>;

fn read_data(folder: &Path) -> Result<QueryData> {
    if !folder.exists() {
        return Ok(QueryData::new());
    }
    let mut data = QueryData::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        data.insert(entry.file_name(), fs::read(entry.path())?);
    }
    Ok(data)
}

fn write_data(folder: &Path, data: &QueryData) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (name, content) in data {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}

fn remove_stale(folder: &Path, before: &QueryData, now: &QueryData) -> Result<()> {
    for name in before.keys().filter(|name| !now.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

fn compare(committed: &QueryData, fresh: &QueryData) -> Result<()> {
    let missing = fresh
        .keys()
        .filter(|name| !committed.contains_key(*name))
        .count();
    let stale = committed
        .keys()
        .filter(|name| !fresh.contains_key(*name))
        .count();
    let changed = fresh
        .iter()
        .filter(|(name, content)| committed.get(*name).is_some_and(|old| old != *content))
        .count();
    ensure!(
        missing + stale + changed == 0,
        ".sqlx is out of date ({missing} missing, {stale} stale, {changed} changed): run \
         `cargo xtask sqlx` and commit the result"
    );
    eprintln!("sqlx: .sqlx is up to date, {} queries", fresh.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{QueryData, compare};

    fn data(entries: &[(&str, &str)]) -> QueryData {
        entries
            .iter()
            .map(|(name, content)| ((*name).into(), (*content).into()))
            .collect()
    }

    #[test]
    fn query_data_that_differs_in_any_way_is_out_of_date() {
        let committed = data(&[("a", "1"), ("b", "2")]);
        assert!(compare(&committed, &committed).is_ok());
        for fresh in [
            data(&[("a", "1")]),
            data(&[("a", "1"), ("b", "3")]),
            data(&[("a", "1"), ("c", "2")]),
        ] {
            assert!(compare(&committed, &fresh).is_err());
        }
    }
}
