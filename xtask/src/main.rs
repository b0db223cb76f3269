//! `cargo xtask`: the commands that bring the project up and prove it.

use std::process::ExitCode;

use anyhow::{Result, bail};
use billing_stage::process::interrupted;
use clap::{Parser, Subcommand};
use xtask::sqlx_data::{self, Purpose};
use xtask::{bench, lint, seeded_bugs, soak, test, up};

/// Brings the billing service up and proves it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start PostgreSQL, the core and the gateway with a demonstration tenant, and print how to
    /// reach them. Ctrl-C stops everything; the data stays.
    Up(up::Options),
    /// Run every test on a PostgreSQL of its own, then the Python client against `up`.
    Test(test::Options),
    /// Run the linters: formatting, clippy, the contract, the chart, dependencies, query data.
    Lint,
    /// Measure the core against plain SQL, in one run with the books checked after every slice. On a
    /// PostgreSQL of its own, always.
    Bench(bench::Options),
    /// Let three cores serve while they, PostgreSQL and the connections between them break, and
    /// verify every answer. On a PostgreSQL of its own, always.
    Soak(soak::Options),
    /// Give the core one bug after another and show which test catches it.
    SeededBugs(seeded_bugs::Options),
    /// Refresh .sqlx, the query data that the core compiles with, from a throw-away database.
    Sqlx {
        /// Change nothing; fail where .sqlx is out of date.
        #[arg(long)]
        check: bool,
    },
}

// One thread: a child that is bound to its parent is bound to the thread that spawned it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        // Ends in order when it is interrupted.
        Command::Up(options) => up::run(&options).await,
        Command::Test(options) => or_interrupted(test::run(&options)).await,
        Command::Lint => or_interrupted(lint::run()).await,
        // Becomes the benchmark, which ends in order when it is interrupted.
        Command::Bench(options) => or_interrupted(bench::run(&options)).await,
        // Becomes the soak, which ends in order when it is interrupted.
        Command::Soak(options) => or_interrupted(soak::run(&options)).await,
        Command::SeededBugs(options) => or_interrupted(seeded_bugs::run(&options)).await,
        Command::Sqlx { check: false } => or_interrupted(sqlx_data::run(Purpose::Refresh)).await,
        Command::Sqlx { check: true } => or_interrupted(sqlx_data::run(Purpose::Check)).await,
    }
}

/// What is dropped half-way takes its servers and children with it.
async fn or_interrupted(task: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        outcome = task => outcome,
        () = interrupted() => bail!("interrupted"),
    }
}
