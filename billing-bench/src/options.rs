//! What can be asked of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

use crate::contender::Contender;
use crate::reference;
use crate::scenario::{Scenario, ScenarioOptions};

/// Measures the billing core against plain SQL, in one run on a private PostgreSQL that writes to
/// disk, and checks the books after every slice. Starts everything that it needs, and ends it; no
/// other database is ever touched.
#[derive(Debug, Parser)]
#[command(
    name = "billing-bench",
    version,
    about,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub run: Options,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the references until this process is ended. The benchmark starts this itself.
    #[command(hide = true)]
    Reference(reference::Options),
}

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Short slices and few of them: the whole in less than 3 minutes. To see that all works; the
    /// figures vary.
    #[arg(long)]
    pub quick: bool,

    /// Write everything that was measured to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Measure only these. Ratios with others are left out, and no scenario is played unless named.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<Contender>,

    /// Play these scenarios. Without --only and --quick: all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub scenario: Vec<Scenario>,

    /// Play scenarios only, those of --scenario or all; compare nothing.
    #[arg(long, conflicts_with = "only")]
    pub scenarios_only: bool,

    /// How often each contender is measured at each number in flight. [default: 5; with --quick 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pairs: Option<u32>,

    /// Seconds of a slice; pgbench takes whole ones, at least 1. [default: 3; with --quick 0.7]
    #[arg(long, value_parser = seconds)]
    pub slice_secs: Option<Duration>,

    /// Operations in flight at once. [default: 1,16,64,256,1024; with --quick 1,256]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub in_flight: Vec<u16>,

    #[command(flatten)]
    pub scenarios: ScenarioOptions,
}

fn seconds(text: &str) -> Result<Duration> {
    let duration = Duration::try_from_secs_f64(text.parse()?)?;
    ensure!(
        (Duration::from_millis(100)..=Duration::from_mins(10)).contains(&duration),
        "must be between 0.1 and 600 seconds"
    );
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use clap::{Args, CommandFactory};

    use super::*;

    #[test]
    fn the_options_agree_with_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_xtask_bench_has_every_option_and_passes_it_on() {
        let xtask = xtask::bench::Options::augment_args(clap::Command::new("bench"));
        let names = |command: &clap::Command| -> Vec<String> {
            let names = command.get_arguments().filter_map(clap::Arg::get_long);
            let own = |name: &&str| !["profile", "help", "version"].contains(name);
            names.filter(own).map(str::to_owned).collect()
        };
        assert_eq!(names(&Cli::command()), names(&xtask));
        let all = xtask::bench::Options {
            quick: true,
            json: Some("a b.json".into()),
            only: Some("check,charge_hot".to_owned()),
            scenario: Some("flood".to_owned()),
            scenarios_only: false,
            pairs: Some("7".to_owned()),
            slice_secs: Some("0.5".to_owned()),
            in_flight: Some("1,16".to_owned()),
            growth_accounts: Some("10".to_owned()),
            growth_entries: Some("20".to_owned()),
            events_minutes: Some("3".to_owned()),
            profile: xtask::programs::Profile::Dev,
        };
        let arguments = ["billing-bench".to_owned()]
            .into_iter()
            .chain(all.passed_on());
        let run = Cli::try_parse_from(arguments).unwrap().run;
        assert!(run.quick);
        assert_eq!(run.only, [Contender::Check, Contender::ChargeHot]);
        assert_eq!(
            (run.pairs, run.in_flight.as_slice()),
            (Some(7), &[1, 16][..])
        );
    }

    #[test]
    fn a_slice_has_a_length_that_can_be_measured() {
        assert_eq!(seconds("0.7").unwrap(), Duration::from_millis(700));
        for wrong in ["0", "-1", "1e9", "x", "NaN"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
