//! `cargo xtask soak`: builds what a soak needs, and becomes it.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::programs::{self, Profile};
use crate::seeded_bugs;

/// The options of `billing-soak` that make sense here; what it says for `--help` says more.
#[derive(Debug, Args)]
pub struct Options {
    /// How long things break, in minutes [default: 5].
    #[arg(long, value_name = "M", conflicts_with = "seconds")]
    pub minutes: Option<u64>,

    /// The same in seconds. It goes on until each kind of fault has come once.
    #[arg(long, value_name = "S")]
    pub seconds: Option<u64>,

    /// What chance begins with [default: another each time].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Write the report there too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Operations a second at most [default: 600].
    #[arg(long, value_name = "N")]
    pub per_second: Option<u32>,

    /// Check the checker: run cores with this bug, and succeed only if it reports what they lost.
    #[arg(long, value_name = "NAME", value_parser = seeded_bugs::name)]
    pub seeded_bug: Option<String>,

    /// How everything is built; `dev` builds sooner, and is enough for a smoke test.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    pub profile: Profile,
}

/// Returns only where it fails: what follows is the soak itself, with this process's number, its
/// signals and its exit code.
pub async fn run(options: &Options) -> Result<()> {
    let soak = programs::build_some(options.profile, &["billing-soak"]).await?;
    let core = if options.seeded_bug.is_some() {
        seeded_bugs::core(options.profile).await?
    } else {
        let built = programs::build_some(options.profile, &["billing-core"]).await?;
        built.program("billing-core")?
    };
    let program = soak.program("billing-soak")?;
    let error = Command::new(&program)
        .arg("--core-program")
        .arg(core)
        .args(options.passed_on())
        .exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

impl Options {
    fn passed_on(&self) -> Vec<String> {
        let json = self.json.as_ref().map(|path| path.display().to_string());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let given = [
            ("--minutes", number(self.minutes)),
            ("--seconds", number(self.seconds)),
            ("--seed", number(self.seed)),
            ("--json", json),
            ("--per-second", number(self.per_second.map(u64::from))),
            ("--seeded-bug", self.seeded_bug.clone()),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_is_given_is_passed_on() {
        let line = [
            "soak",
            "--seconds",
            "60",
            "--seed",
            "7",
            "--json",
            "a b.json",
        ];
        let passed_on = Line::parse_from(line).options.passed_on();
        assert_eq!(passed_on, ["--seconds=60", "--seed=7", "--json=a b.json"]);
    }

    #[test]
    fn a_bug_that_nobody_knows_is_refused_with_those_that_there_are() {
        let known = Line::parse_from(["soak", "--seeded-bug", "reply-before-commit"]).options;
        assert_eq!(known.seeded_bug.as_deref(), Some("reply-before-commit"));
        let unknown = Line::try_parse_from(["soak", "--seeded-bug", "nonsense"]);
        let refused = unknown.err().unwrap().to_string();
        assert!(refused.contains("reply-before-commit"), "{refused}");
    }
}
