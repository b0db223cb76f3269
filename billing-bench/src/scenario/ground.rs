//! What the scenarios play on: a stage whose accounts have money, and the checks that each ends with.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates, for people to read"
)]

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_stage::database::Urls;
use billing_stage::{Stage, Tokens, core_beside};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

use super::callers::Line;
use super::report::ScenarioReport;
use crate::books::Books;
use crate::load::{self, Outcome, Plan, Target};

/// Calls in flight in every closed loop.
pub const IN_FLIGHT: usize = 256;
const CONNECTIONS: usize = 16;

/// Fields are dropped in this order: the books' connection before the server.
pub struct Ground {
    books: Books,
    pub stage: Stage,
    pub tokens: Tokens,
}

impl Ground {
    /// Cores of the default configuration on a private PostgreSQL that writes to disk, and so many
    /// accounts with money and without limits.
    pub async fn prepare(cores: usize, accounts: u64) -> Result<Self> {
        let (mut stage, tokens) = Stage::set(core_beside()?, 0).await?;
        stage.server.stop().await?;
        stage.server.set_for_next_start(vec![
            format!("shared_buffers={}MB", quarter_of_memory()),
            // No checkpoint falls into a slice.
            "max_wal_size=8GB".to_owned(),
            "checkpoint_timeout=1h".to_owned(),
        ]);
        stage.server.start().await?;
        require_durable(&stage.urls.owner).await?;
        for _ in 0..cores {
            stage.add_core()?.start().await?;
        }
        load::seed(&stage.urls.owner, accounts).await?;
        Ok(Self {
            books: Books::open(&stage.superuser_url()).await?,
            stage,
            tokens,
        })
    }

    /// A closed loop on the stage's database, whose charges must be in the books afterwards, no
    /// more and no fewer.
    pub async fn closed(
        &mut self,
        report: &mut ScenarioReport,
        target: &Target,
        plan: &Plan,
        time: Duration,
    ) -> Result<Outcome> {
        let outcome = load::closed(target, plan, IN_FLIGHT, time).await?;
        expect_clean(report, &outcome);
        self.settle(report, outcome.answered).await?;
        Ok(outcome)
    }

    /// Since the last time so many charges were acknowledged, and none is under way: is each in the
    /// books, and do they add up?
    pub async fn settle(&mut self, report: &mut ScenarioReport, acknowledged: u64) -> Result<()> {
        let page = self.books.check().await?;
        report.wrong.extend(page.faults(acknowledged));
        Ok(())
    }

    pub fn core(&self, number: usize) -> Result<SocketAddr> {
        let core = self.stage.cores.get(number);
        Ok(core.context("there are not so many cores")?.grpc)
    }

    /// A load on one core.
    pub async fn target(&self, core: usize) -> Result<Target> {
        Target::connect(&[self.core(core)?], &self.tokens.tools, CONNECTIONS).await
    }

    /// Single calls to the first core.
    pub fn line(&self, deadline: Duration) -> Result<Line> {
        Ok(Line {
            core: self.core(0)?,
            token: self.tokens.tools.clone(),
            deadline,
        })
    }

    pub async fn execute_as_owner(&self, statement: &str) -> Result<()> {
        execute(&self.stage.urls.owner, statement).await
    }

    pub async fn execute_as_superuser(&self, statement: &str) -> Result<()> {
        execute(&self.stage.superuser_url(), statement).await
    }

    /// Deadlocks that the server has noticed in this database since it was made.
    pub async fn deadlocks(&self) -> Result<i64> {
        let mut superuser = PgConnection::connect(&self.stage.superuser_url()).await?;
        let deadlocks = sqlx::query_scalar(
            "select deadlocks from pg_stat_database where datname = current_database()",
        )
        .fetch_one(&mut superuser)
        .await?;
        superuser.close().await?;
        Ok(deadlocks)
    }

    /// The product's own audit of all books of the stage's database.
    pub async fn check_books(&self, report: &mut ScenarioReport) -> Result<()> {
        audit(&self.stage.urls, report).await
    }

    pub async fn clear(self) -> Result<()> {
        drop(self.books);
        self.stage.clear().await
    }
}

/// MiB, as PostgreSQL's manual advises for a server with a database of some size; as it comes, where
/// the machine does not say how much it has.
fn quarter_of_memory() -> u64 {
    let total_kib = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|facts| {
            let total = facts
                .lines()
                .find_map(|line| line.strip_prefix("MemTotal:"))?;
            total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
    total_kib.map_or(128, |kib| (kib / 1024 / 4).max(128))
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
        "PostgreSQL runs without {}: what it acknowledges is not on disk",
        loose.join(", ")
    );
    Ok(())
}

/// What the books say twice and differently is wrong.
pub async fn audit(urls: &Urls, report: &mut ScenarioReport) -> Result<()> {
    let output = Command::new(core_beside()?)
        .arg("audit")
        .env("DATABASE_URL", &urls.core)
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run the audit")?;
    if !output.status.success() {
        report.wrong.push(format!(
            "audit: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(())
}

/// A load without faults has no error.
pub fn expect_clean(report: &mut ScenarioReport, outcome: &Outcome) {
    for (error, count) in &outcome.errors {
        report
            .wrong
            .push(format!("{count} calls ended with {error}"));
    }
    if outcome.answered == 0 {
        report
            .wrong
            .push("a load was not answered at all".to_owned());
    }
}

pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// The statement is ours, no input.
async fn execute(url: &str, statement: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .with_context(|| format!("cannot {statement}"))?;
    connection.close().await?;
    Ok(())
}
