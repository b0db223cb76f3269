//! `cargo xtask`: the commands that bring the project up and prove it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::process::interrupted;
use xtask::{sqlx_data, up};

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
    let outcome = match Options::parse().command {
        // It ends in order when it is interrupted.
        Command::Up(options) => up::run(&options).await,
        command => tokio::select! {
            outcome = run(command) => outcome,
            () = interrupted() => {
                eprintln!("xtask: interrupted");
                return ExitCode::from(130);
            }
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Up(options) => up::run(&options).await,
        Command::Sqlx { check: true } => sqlx_data::run(sqlx_data::Purpose::Check).await,
        Command::Sqlx { check: false } => sqlx_data::run(sqlx_data::Purpose::Refresh).await,
    }
}
