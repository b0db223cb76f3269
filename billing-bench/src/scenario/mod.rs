//! Special scenarios: what becomes of the others while one account is flooded, some commands are
//! poison, the database freezes, several cores share it, its tables have grown, or a provider reports
//! payments; how soon is read what a million contributions came to; and how soon events leave, and what it
//! costs that they cannot.
//!
//! Each plays on a private PostgreSQL of its own that writes to disk, checks the books at its end,
//! and says what it found whether its targets were reached or not.

mod callers;
mod cores;
mod events;
mod flood;
mod freeze;
mod ground;
mod growth;
mod memory;
mod poison;
mod report;
mod sponsorship;
mod told;
mod webhook;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::time::timeout;

pub use report::ScenarioReport;

use crate::contender::name_of;
use crate::room;

/// What can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One account is flooded: how long do the others wait?
    Flood,
    /// One command in a hundred is refused: how much do the others lose?
    Poison,
    /// PostgreSQL freezes under load: what do callers hear, what does it cost, what is left after?
    Freeze,
    /// 1, 2 and 4 cores on one database and one account.
    Cores,
    /// Tables of millions of rows against small ones.
    Growth,
    /// A provider reports payments: how soon are they credited, and what does a storm do to checks?
    Webhook,
    /// What a million contributions came to: how long do badge, progress and wall take to be read?
    Sponsorship,
    /// How soon do events leave, what does it cost while there is no broker, and do all leave then?
    Events,
}

impl Scenario {
    pub fn name(self) -> String {
        name_of(&self)
    }
}

/// How the scenarios are played.
#[derive(Clone, Debug, Args)]
pub struct ScenarioOptions {
    /// Accounts of the grown database in the scenario `growth`. [default: 5,000,000; with --quick
    /// 50,000]
    #[arg(long)]
    pub growth_accounts: Option<u64>,

    /// Entries of the grown database in the scenario `growth`, a key for each. [default:
    /// 20,000,000; with --quick 200,000]
    #[arg(long)]
    pub growth_entries: Option<u64>,

    /// Minutes without a broker in the scenario `events`: 60 for its figure. [default: 5; with
    /// --quick a third of one]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub events_minutes: Option<u32>,
}

/// How long: to smoke-test that all of it works, or to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Quick,
    Full,
}

impl Length {
    fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// Plays one scenario to its end. An error means that it could not be played; what was slow or
/// wrong stands in the report.
pub async fn run(
    which: Scenario,
    length: Length,
    options: &ScenarioOptions,
) -> Result<ScenarioReport> {
    room::require_free()?;
    let limit = match which {
        Scenario::Growth => growth::limit(length, options)?,
        Scenario::Events => events::limit(length, options)?,
        _ => length.pick(Duration::from_mins(3), Duration::from_mins(15)),
    };
    timeout(limit, play(which, length, options))
        .await
        .with_context(|| format!("it was stuck and has been ended after {limit:?}"))?
}

async fn play(
    which: Scenario,
    length: Length,
    options: &ScenarioOptions,
) -> Result<ScenarioReport> {
    match which {
        Scenario::Flood => flood::run(length).await,
        Scenario::Poison => poison::play(length).await,
        Scenario::Freeze => freeze::run(length).await,
        Scenario::Cores => cores::run(length).await,
        Scenario::Growth => growth::run(length, options).await,
        Scenario::Webhook => webhook::run(length).await,
        Scenario::Sponsorship => sponsorship::run(length).await,
        Scenario::Events => Box::pin(events::run(length, options)).await,
    }
}
