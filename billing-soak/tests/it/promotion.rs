//! A synchronous standby is promoted under load, by the ways in which deployments find their primary.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_soak::callers::{Callers, set_tenant};
use billing_soak::journal::{Moment, Operation, Told};
use billing_soak::load::{Cast, Load, Mix};
use billing_stage::postgres::Server;
use billing_stage::{Stage, Tokens};
use billing_testkit::Pooler;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::alone;
use crate::explained::is_explained;
use crate::primary::{folder_of, on, until};

/// From the promotion to the first charge that is acknowledged.
const SERVES_WITHIN: Duration = Duration::from_secs(5);
/// Beyond it something hangs.
const BOUND: Duration = Duration::from_mins(2);
const WORKERS: u64 = 16;
const PER_SECOND: u32 = 300;
/// Callers who go on until they know.
const MIX: Mix = Mix {
    poison: 0,
    impatient: 0,
    credulous: 0,
};

/// One name, such as a read-write service, that is led from one server to another.
struct Name {
    folder: TempDir,
}

impl Name {
    fn of(server: &Server) -> Result<Self> {
        // The pooler is somebody else.
        let for_all = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(for_all).tempdir()?;
        let name = Self { folder };
        name.lead_to(server)?;
        Ok(name)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("primary")
    }

    fn lead_to(&self, server: &Server) -> Result<()> {
        let next = self.folder.path().join("next");
        symlink(folder_of(server)?, &next)?;
        Ok(std::fs::rename(next, self.path())?)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_url_names_both_servers_a_promotion_under_load_is_over_in_seconds_and_loses_nothing()
-> Result<()> {
    let (_alone, mut stage, tokens) = alone::set(0).await?;
    let standby = stage.standby().await?;
    let first = folder_of(&stage.server)?;
    let both = format!(
        "{first},{}&target_session_attrs=read-write",
        folder_of(&standby)?
    );
    stage.urls.core = stage.urls.core.replace(&first, &both);
    timeout(BOUND, promote(stage, standby, &tokens, None)).await?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_where_one_name_moves_and_the_shipped_pooler_stands_between() -> Result<()> {
    let (_alone, mut stage, tokens) = alone::set(0).await?;
    let name = Name::of(&stage.server)?;
    let databases = format!(
        "billing = host={} dbname=billing user=billing_core",
        name.path().display()
    );
    let Some(pooler) = Pooler::before(&databases, "").await else {
        return stage.clear().await;
    };
    let standby = stage.standby().await?;
    stage.urls.core = format!(
        "postgres://billing_core@{}/billing?sslmode=disable",
        pooler.address
    );
    timeout(BOUND, promote(stage, standby, &tokens, Some(&name))).await?
}

async fn promote(
    mut stage: Stage,
    mut standby: Server,
    tokens: &Tokens,
    name: Option<&Name>,
) -> Result<()> {
    wait_for_standby(&stage.server).await?;
    for _ in 0..2 {
        stage.add_core()?.start().await?;
    }
    let cores = [stage.core(0)?.grpc, stage.core(1)?.grpc];
    set_tenant(cores[0], &tokens.admin).await?;
    let callers = Callers::new(&cores, tokens)?;
    let load = Load::new(callers, Cast::of(8), MIX, Some(PER_SECOND));
    load.endow().await;
    let mut workers = load.start(WORKERS, 1);
    load.journal.grown_by(200).await;

    stage.server.kill().await?;
    let promoted = load.journal.now();
    on(&standby, "select pg_promote()").await?;
    if let Some(name) = name {
        name.lead_to(&standby)?;
    }
    load.journal.grown_by(400).await;
    load.stop();
    while let Some(worker) = workers.join_next().await {
        worker?;
    }
    let operations = load.journal.take();
    let away = first_charge(&operations, promoted)?;
    println!(
        "{} operations; the first charge {away:?} after the promotion",
        operations.len()
    );
    ensure!(away < SERVES_WITHIN, "{away:?} without a charge");
    for core in &stage.cores {
        until("a core is ready", async || Ok(core.is_ready().await)).await?;
    }
    let primary = standby.url("postgres", "billing");
    is_explained(&load, operations, &stage, &primary).await?;
    for core in &mut stage.cores {
        core.stop().await?;
    }
    standby.stop().await?;
    stage.clear().await
}

/// Until what is acknowledged is on the standby, too.
async fn wait_for_standby(server: &Server) -> Result<()> {
    let all = "alter system set synchronous_standby_names = '*'; select pg_reload_conf()";
    on(server, all).await?;
    until("the standby is synchronous", async || {
        let mut connection = PgConnection::connect(&server.superuser_url()).await?;
        let is = "select exists (select from pg_stat_replication where sync_state = 'sync')";
        Ok(sqlx::query_scalar(is).fetch_one(&mut connection).await?)
    })
    .await?;
    Ok(())
}

/// How long after that moment the first charge was acknowledged that was asked for after it.
fn first_charge(operations: &[Operation], since: Moment) -> Result<Duration> {
    let charges = operations
        .iter()
        .flat_map(Operation::answers)
        .filter(|(attempt, told)| attempt.begun > since && matches!(told, Told::Moved { .. }));
    let first = charges.map(|(attempt, _)| attempt.ended).min();
    let first = first.context("no charge is acknowledged")?;
    Ok(Duration::from_nanos(first - since))
}
