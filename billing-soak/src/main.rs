//! `billing-soak`: see `--help`.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use billing_soak::options::Options;
use billing_soak::report::Report;
use billing_soak::soak;
use billing_stage::process::interrupted;
use clap::Parser;
use tokio::time::timeout;

/// Seeded bugs by which something acknowledged must be lost.
const LOSING: [&str; 2] = ["reply-before-commit", "lost-commit-is-success"];

fn main() -> ExitCode {
    let options = Options::parse();
    let ended = tokio::runtime::Runtime::new()
        .context("no threads to run on")
        .and_then(|runtime| {
            let ended = runtime.block_on(run(&options));
            // A search that nobody waits for any more need not end.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is dropped half-way ends everything that it has started, and deletes its folder.
async fn run(options: &Options) -> Result<()> {
    // Better known now than when it is over.
    let mut json = options.json.as_deref().map(open).transpose()?;
    let limit = options.hard_limit();
    let report = tokio::select! {
        report = timeout(limit, Box::pin(soak::run(options))) => {
            report.with_context(|| format!("not over after {limit:?}: something hangs"))??
        }
        () = interrupted() => bail!("interrupted"),
    };
    println!("{report}");
    if let Some(json) = &mut json {
        json.set_len(0)?;
        serde_json::to_writer_pretty(&*json, &report).context("--json: cannot write the report")?;
        json.write_all(b"\n")?;
    }
    judge(options, &report)
}

/// What is there stays until there is something new to write.
fn open(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("--json: cannot write {}", path.display()))
}

fn judge(options: &Options, report: &Report) -> Result<()> {
    if let Some(shortcoming) = report.shortcomings.first() {
        bail!("this soak proves nothing: {shortcoming}");
    }
    match &options.seeded_bug {
        None if report.is_clean() => Ok(()),
        None => bail!("{} findings", report.finding_count),
        Some(bug) if report.is_clean() => {
            bail!("the checker does not see the bug {bug}: it is no good")
        }
        Some(bug) if LOSING.contains(&bug.as_str()) && report.losses == 0 => {
            bail!("the checker does not see what the bug {bug} has lost: it is no good")
        }
        Some(bug) => {
            println!("the checker sees the bug {bug}: it is good for something");
            Ok(())
        }
    }
}
