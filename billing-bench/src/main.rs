//! The benchmark that ships with the product: the billing core against plain SQL, in one run.

mod arena;
mod books;
mod contender;
mod costs;
mod lean;
mod load;
mod meter;
mod options;
mod programme;
mod ratio;
mod reference;
mod report;
mod room;
mod run;
mod scenario;
mod server;
mod slice;
mod sweep;

use std::process::ExitCode;

use anyhow::Result;
use billing_stage::process::interrupted;
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use options::{Cli, Command, Options};

/// The allocator of the core: a reference must not lose by a slower one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    raise_open_files();
    let right = match cli.command {
        Some(Command::Reference(options)) => reference::run(&options).map(|()| true),
        None => run_until_interrupted(&cli.run),
    };
    match right {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("billing-bench: books or answers were wrong");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("billing-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A thousand clients need more files than many systems allow at first. Children inherit it.
fn raise_open_files() {
    const ENOUGH: u64 = 16_384;
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        };
        // Where it may not be raised, pgbench says what it lacks.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// On one thread: a child that is bound to its parent is bound to the thread that spawned it. The
/// load has threads of its own.
fn run_until_interrupted(options: &Options) -> Result<bool> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            // What is dropped half-way takes its servers and children with it.
            tokio::select! {
                right = Box::pin(run::run(options)) => right,
                () = interrupted() => anyhow::bail!("interrupted"),
            }
        })
}
