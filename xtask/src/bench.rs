//! `cargo xtask bench`: builds what the benchmark needs, and becomes it.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::programs::{self, Profile};

/// The options of `billing-bench`, which checks what they are given.
#[derive(Debug, Args)]
pub struct Options {
    /// Short slices and few of them: the whole in less than 3 minutes. To see that all works; the
    /// figures vary.
    #[arg(long)]
    pub quick: bool,

    /// Write everything that was measured to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    #[arg(
        long,
        value_name = "NAMES",
        help = "Measure only these contenders: empty, check, select, charge_hot, charge_uniform, \
                hold_hot, hold_uniform, lean_hot, lean_uniform, lean_hot_best, lean_uniform_best, \
                lean_rpc_hot, lean_rpc_uniform, savepoints_hot, savepoints_uniform, sqlx. Ratios with \
                others are left out, and no scenario is played unless named"
    )]
    pub only: Option<String>,

    /// Play these scenarios: flood, poison, freeze, cores, growth, webhook, sponsorship, events. Without --only and
    /// --quick: all.
    #[arg(long, value_name = "NAMES")]
    pub scenario: Option<String>,

    /// Play scenarios only, those of --scenario or all; compare nothing.
    #[arg(long)]
    pub scenarios_only: bool,

    /// How often each contender is measured at each number in flight [default: 5; with --quick 2].
    #[arg(long, value_name = "N")]
    pub pairs: Option<String>,

    /// Seconds of a slice; pgbench takes whole ones, at least 1 [default: 3; with --quick 0.7].
    #[arg(long, value_name = "S")]
    pub slice_secs: Option<String>,

    /// Operations in flight at once [default: 1,16,64,256,1024; with --quick 1,256].
    #[arg(long, value_name = "NUMBERS")]
    pub in_flight: Option<String>,

    /// Accounts of the grown database in the scenario `growth` [default: 5,000,000; with --quick
    /// 50,000].
    #[arg(long, value_name = "N")]
    pub growth_accounts: Option<String>,

    /// Entries of the grown database in the scenario `growth`, a key for each [default: 20,000,000;
    /// with --quick 200,000].
    #[arg(long, value_name = "N")]
    pub growth_entries: Option<String>,

    /// Minutes without a broker in the scenario `events`: 60 for its figure [default: 5; with --quick
    /// a third of one].
    #[arg(long, value_name = "N")]
    pub events_minutes: Option<String>,

    /// How everything is built. `dev` builds sooner and is enough to see that all works; what it
    /// measures says nothing.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    pub profile: Profile,
}

/// Returns only where it fails: what follows is the benchmark itself, with this process's number,
/// its signals and its exit code.
pub async fn run(options: &Options) -> Result<()> {
    let programs = ["billing-core", "billing-gateway", "billing-bench"];
    let program = programs::build_some(options.profile, &programs)
        .await?
        .program("billing-bench")?;
    let error = Command::new(&program).args(options.passed_on()).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

impl Options {
    /// As `billing-bench` takes them.
    pub fn passed_on(&self) -> Vec<String> {
        let json = self.json.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("--quick", self.quick),
            ("--scenarios-only", self.scenarios_only),
        ];
        let given = [
            ("--json", &json),
            ("--only", &self.only),
            ("--scenario", &self.scenario),
            ("--pairs", &self.pairs),
            ("--slice-secs", &self.slice_secs),
            ("--in-flight", &self.in_flight),
            ("--growth-accounts", &self.growth_accounts),
            ("--growth-entries", &self.growth_entries),
            ("--events-minutes", &self.events_minutes),
        ];
        let flags = flags
            .into_iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(name, _)| name.to_owned());
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        flags.chain(given).collect()
    }
}
