//! What the scenarios play on: a stage whose accounts have money, what they find there, and the checks
//! that each ends with.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates, for people to read"
)]

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use billing_stage::database::Urls;
use billing_stage::{Stage, Tokens, core_beside};
use tokio::process::Command;

use super::Scenario;
use super::callers::Line;
use super::memory::total_kib;
use super::report::ScenarioReport;
use crate::books::Books;
use crate::load::{self, Outcome, Plan, Target};
use crate::server::{execute, number, restart};

/// Calls in flight in every closed loop.
pub const IN_FLIGHT: usize = 256;
const CONNECTIONS: usize = 16;

/// Fields are dropped in this order: the books' connection before the server.
pub struct Ground {
    pub report: ScenarioReport,
    books: Books,
    pub stage: Stage,
    pub tokens: Tokens,
}

impl Ground {
    /// Cores of the default configuration on a private PostgreSQL that writes to disk, and so many
    /// accounts with money and without limits.
    pub async fn prepare(scenario: Scenario, cores: usize, accounts: u64) -> Result<Self> {
        let (mut stage, tokens) = Stage::set(core_beside()?, 0).await?;
        restart(&mut stage, vec![buffers()]).await?;
        for _ in 0..cores {
            stage.add_core()?.start().await?;
        }
        load::seed(&stage.urls.owner, accounts).await?;
        Ok(Self {
            report: ScenarioReport::new(scenario),
            books: Books::open(&stage.superuser_url()).await?,
            stage,
            tokens,
        })
    }

    /// The server, anew and with these settings and a quarter of the memory as buffers: nothing
    /// else that a scenario's server has. Ends when every core has found it again.
    pub async fn restart(&mut self, mut settings: Vec<String>) -> Result<()> {
        settings.push(buffers());
        self.stage.server.stop().await?;
        self.stage.server.set_for_next_start(settings);
        self.stage.server.start().await?;
        for core in &mut self.stage.cores {
            core.ready().await?;
        }
        self.books = Books::reopen(&self.stage.superuser_url()).await?;
        Ok(())
    }

    /// A closed loop on the stage's database, whose charges must be in the books afterwards, no
    /// more and no fewer.
    pub async fn closed(
        &mut self,
        target: &Target,
        plan: &Plan,
        time: Duration,
    ) -> Result<Outcome> {
        let outcome = load::closed(target, plan, IN_FLIGHT, time).await?;
        self.expect_clean(&outcome);
        self.settle(outcome.answered).await?;
        Ok(outcome)
    }

    /// A load without faults has no error.
    pub fn expect_clean(&mut self, outcome: &Outcome) {
        let wrong = &mut self.report.wrong;
        let errors = outcome.errors.iter();
        wrong.extend(errors.map(|(error, count)| format!("{count} calls ended with {error}")));
        if outcome.answered == 0 {
            wrong.push("a load was not answered at all".to_owned());
        }
    }

    /// Since the last time so many charges were acknowledged, and none is under way: is each in the
    /// books, and do they add up?
    pub async fn settle(&mut self, acknowledged: u64) -> Result<()> {
        let page = self.books.check().await?;
        self.report.wrong.extend(page.faults(acknowledged));
        Ok(())
    }

    pub fn core(&self, number: usize) -> Result<SocketAddr> {
        Ok(self.stage.core(number)?.grpc)
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
        number(
            &self.stage.superuser_url(),
            "select deadlocks from pg_stat_database where datname = current_database()",
        )
        .await
    }

    /// The product's own audit of all books of the stage's database, and the end of everything.
    pub async fn conclude(mut self) -> Result<ScenarioReport> {
        audit(&self.stage.urls, &mut self.report).await?;
        drop(self.books);
        self.stage.clear().await?;
        Ok(self.report)
    }
}

fn buffers() -> String {
    format!("shared_buffers={}MB", quarter_of_memory())
}

/// MiB, as PostgreSQL's manual advises for a server with a database of some size; as it comes, where
/// the machine does not say how much it has.
fn quarter_of_memory() -> u64 {
    total_kib().map_or(128, |kib| (kib / 1024 / 4).max(128))
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

pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}
