//! `cargo xtask seeded-bugs`: shows, bug by bug, which test finds it.
//!
//! A copy of the core has a list of bugs that can be switched on, one at a time. For each, the test that
//! must find it runs with the bug, and must fail and say what the list expects of it; before that, it
//! runs without, and must pass.

mod build;
mod copy;
mod list;
mod page;
mod patch;
mod trial;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::Args;

use billing_stage::postgres::Server;
pub use build::core;
pub use copy::cargo;
use list::{LIST, SeededBug};
use trial::{Ran, Trials};

#[derive(Debug, Args)]
pub struct Options {
    /// Only these bugs, by the names in docs/reliability.md. Its table is not written then.
    #[arg(value_name = "NAME", value_parser = known)]
    bugs: Vec<&'static SeededBug>,

    /// Write nothing; fail where the table in docs/reliability.md is out of date.
    #[arg(long)]
    check: bool,

    /// Run nothing; write the patches in `billing-core/seeded/` anew, from `target/seeded/billing-core/src/`
    /// as it was edited.
    #[arg(long, conflicts_with_all = ["bugs", "check"])]
    record: bool,
}

fn known(name: &str) -> Result<&'static SeededBug, String> {
    LIST.iter().find(|bug| bug.name == name).ok_or_else(|| {
        let names: Vec<_> = LIST.iter().map(|bug| bug.name).collect();
        format!("no such bug; there are: {}", names.join(", "))
    })
}

/// The name of a bug, for who takes one as an option; else an error that lists them.
pub fn name(name: &str) -> Result<String, String> {
    known(name).map(|bug| bug.name.to_owned())
}

pub async fn run(options: &Options) -> Result<()> {
    if options.record {
        return copy::record();
    }
    if options.check {
        page::check()?;
    }
    let wanted: Vec<&SeededBug> = if options.bugs.is_empty() {
        LIST.iter().collect()
    } else {
        options.bugs.clone()
    };
    let suites = build::suites().await?;
    let mut server = Server::throw_away().await?;
    let trials = Trials::new(suites, server.superuser_url());
    let outcome = try_all(&trials, &wanted).await;
    server.stop().await?;
    outcome?;
    // The table says what was seen: each of its bugs, caught.
    if !options.check && options.bugs.is_empty() {
        page::write()?;
    }
    Ok(())
}

async fn try_all(trials: &Trials, wanted: &[&SeededBug]) -> Result<()> {
    let began = Instant::now();
    same_names(&trials.names().await?)?;
    eprintln!("seeded-bugs: the tests without a bug");
    let tests: BTreeSet<_> = wanted.iter().map(|bug| bug.test).collect();
    for &test in &tests {
        match trials.run(test, None).await? {
            Ran::Passed => {}
            Ran::Failed(why) => bail!("{test} fails without any bug: {why}"),
        }
    }
    eprintln!("seeded-bugs: {} tests pass; each bug now:", tests.len());
    let mut missed = Vec::new();
    for bug in wanted {
        let ran = trials.run(bug.test, Some(bug.name)).await?;
        let (verdict, why) = judge(bug, &ran);
        println!(
            "{verdict}  {}\n        by {}\n        {why}",
            bug.name, bug.test
        );
        if verdict != Verdict::Caught {
            missed.push(bug.name);
        }
    }
    let caught = wanted.len() - missed.len();
    let secs = began.elapsed().as_secs();
    eprintln!(
        "seeded-bugs: {caught} of {} caught in {secs} s",
        wanted.len()
    );
    ensure!(missed.is_empty(), "not caught: {}", missed.join(", "));
    Ok(())
}

/// What a test has shown of a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Caught,
    Missed,
    /// It failed by something else, which the bug does not explain.
    Failed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::Missed => "MISSED",
            Self::Failed => "FAILED",
        })
    }
}

/// With why.
fn judge(bug: &SeededBug, ran: &Ran) -> (Verdict, String) {
    match ran {
        Ran::Passed => (Verdict::Missed, "the test passes".to_owned()),
        Ran::Failed(said) if said.contains(bug.says) => {
            (Verdict::Caught, said.chars().take(200).collect())
        }
        Ran::Failed(said) => (Verdict::Failed, format!("not by \"{}\": {said}", bug.says)),
    }
}

/// The core's list and this one name the same bugs.
fn same_names(of_core: &BTreeSet<String>) -> Result<()> {
    let listed: BTreeSet<String> = LIST.iter().map(|bug| bug.name.to_owned()).collect();
    let differ: Vec<_> = of_core.symmetric_difference(&listed).cloned().collect();
    ensure!(
        differ.is_empty(),
        "billing-core/seeded/seeded.rs and xtask/src/seeded_bugs/list.rs do not name the same bugs: {}",
        differ.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LIST, Ran, Verdict, judge};

    #[test]
    fn a_bug_is_caught_by_what_its_test_says_and_not_by_any_failure() {
        let bug = LIST.iter().find(|bug| bug.name == "no-row-lock").unwrap();
        let verdict = |said: &str| judge(bug, &Ran::Failed(said.to_owned())).0;
        let refused = |constraint| {
            format!(
                "code: \"23505\", message: \"duplicate key value violates unique constraint \
                 \\\"{constraint}\\\"\""
            )
        };
        assert_eq!(verdict(&refused("entry_pkey")), Verdict::Caught);
        assert_eq!(verdict(&refused("price_pkey")), Verdict::Failed);
        assert_eq!(judge(bug, &Ran::Passed).0, Verdict::Missed);
    }
}
