//! `billing-conformance`: see `--help` and this folder's README.

mod calls;
mod compare;
mod faults;
mod json;
mod mismatch;
mod options;
mod patience;
mod play;
mod proxy;
mod real_core;
mod scenario;
mod subject;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use billing_stage::process::interrupted;
use clap::Parser as _;

use crate::options::{Command, CommandLine, ScenarioOptions, Suite};
use crate::real_core::RealCore;
use crate::scenario::Named;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let ended = tokio::runtime::Runtime::new()
        .context("no threads to run on")
        .and_then(|runtime| runtime.block_on(run(command_line)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever is dropped half-way ends everything that it has started.
async fn run(command_line: CommandLine) -> Result<()> {
    let command = command_line.chosen()?;
    let work = async {
        match &command {
            Command::Scenarios(options) => Box::pin(play_all(options)).await,
            Command::Faults(options) => Box::pin(faults::run(options)).await,
        }
    };
    tokio::select! {
        ended = work => ended,
        () = interrupted() => anyhow::bail!("interrupted"),
    }
}

fn wanted(suite: &Suite) -> Result<Vec<Named>> {
    let mut scenarios = scenario::all(&suite.folder())?;
    if !suite.only.is_empty() {
        let is_of =
            |it: &Named, text: &String| it.file.contains(text) || it.scenario.name.contains(text);
        scenarios.retain(|it| suite.only.iter().any(|text| is_of(it, text)));
    }
    ensure!(!scenarios.is_empty(), "there is no such scenario");
    Ok(scenarios)
}

async fn play_all(options: &ScenarioOptions) -> Result<()> {
    let (client, scenarios) = (&options.client, wanted(&options.suite)?);
    let logs = tempfile::tempdir()?;
    let mut core = Box::pin(RealCore::set())
        .await
        .context("cannot set the stage")?;
    let mut failed = Vec::new();
    for named in &scenarios {
        let name = &named.scenario.name;
        match Box::pin(play::scenario(&mut core, client, logs.path(), named)).await {
            Ok(took) => println!("ok      {name} ({} ms)", took.as_millis()),
            Err(error) => {
                println!("FAILED  {name}\n  {}: {error:#}\n", named.file);
                failed.push(named.file.as_str());
            }
        }
    }
    core.restore().await?;
    core.clear().await.context("afterwards")?;
    let (all, name) = (scenarios.len(), &client.name);
    println!("{name}: {} of {all} scenarios hold", all - failed.len());
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}
