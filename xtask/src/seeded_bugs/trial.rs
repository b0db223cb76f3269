//! One test, run with a bug or without, and what came of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use super::build::Suites;
use super::copy;
use super::list::Test;
use billing_stage::process::last_lines;

/// A test that a bug keeps from ending has not found it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The variable by which the core knows its bug.
const VARIABLE: &str = "BILLING_SEEDED_BUG";

/// What a test said.
#[derive(Debug, PartialEq, Eq)]
pub enum Ran {
    Passed,
    /// With what it said, in one line.
    Failed(String),
}

/// The test programs and the server that they use.
pub struct Trials {
    suites: Suites,
    server_url: String,
}

impl Trials {
    pub fn new(suites: Suites, server_url: String) -> Self {
        Self { suites, server_url }
    }

    /// The bugs that the core knows: it lists them when it is asked for one that it does not.
    pub async fn names(&self) -> Result<BTreeSet<String>> {
        let test = Test::Unit("price::cost::tests::fifteen_cents_a_million_tokens_is_exact");
        let output = self.output(test, Some("which")).await?;
        ensure!(
            output.status.code() == Some(2),
            "a bug that nobody knows is not refused: the test ended with {}",
            output.status
        );
        let said = String::from_utf8_lossy(&output.stderr);
        let names = said.lines().filter_map(|line| line.strip_prefix("  "));
        Ok(names.map(str::to_owned).collect())
    }

    /// Runs the one test. An error where it did not run, or failed before it came to its point.
    pub async fn run(&self, test: Test, bug: Option<&str>) -> Result<Ran> {
        let output = self.output(test, bug).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        judge(&said).with_context(|| {
            let mut all = said.clone().into_owned();
            all.push_str(&String::from_utf8_lossy(&output.stderr));
            let with = bug.map_or(String::new(), |bug| format!(" with {bug}"));
            format!(
                "{test}{with} ended with {}:\n{}",
                output.status,
                last_lines(&all, 20)
            )
        })
    }

    async fn output(&self, test: Test, bug: Option<&str>) -> Result<Output> {
        let (program, name): (&Path, _) = match test {
            Test::Unit(name) => (&self.suites.unit, name),
            Test::Wire(name) => (&self.suites.wire, name),
        };
        let mut command = Command::new(program);
        command
            .args(["--exact", name])
            .env("TEST_DATABASE_URL", &self.server_url)
            .env("RUST_BACKTRACE", "0")
            // A failed snapshot leaves nothing in the copy.
            .env("INSTA_UPDATE", "no")
            .env_remove(VARIABLE)
            .envs(bug.map(|bug| (VARIABLE, bug)))
            .current_dir(copy::root().join("billing-core"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let ended = timeout(PATIENCE, command.output()).await;
        let ended = ended.with_context(|| format!("{test} does not end in {PATIENCE:?}"))?;
        ended.with_context(|| format!("cannot run {}", program.display()))
    }
}

/// What the one test came to, by what its program printed.
fn judge(said: &str) -> Result<Ran> {
    let result = said
        .lines()
        .find_map(|line| line.strip_prefix("test result: "))
        .context("no test was run to its end")?;
    if result.starts_with("ok. 1 passed; 0 failed;") {
        return Ok(Ran::Passed);
    }
    if !result.starts_with("FAILED. 0 passed; 1 failed;") {
        bail!("not one test was run: {result}");
    }
    let (place, message) = panic_of(said).context("the test failed and says nothing")?;
    // Not in a crate that only prepares the test.
    ensure!(
        place.starts_with("billing-core/"),
        "the test failed before it came to its point, at {place}: {message}"
    );
    Ok(Ran::Failed(message))
}

/// Where the test's thread panicked, and the message in one line.
fn panic_of(said: &str) -> Option<(&str, String)> {
    let (_, after) = said.split_once(" panicked at ")?;
    let (place, message) = after.split_once('\n')?;
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty() && !line.starts_with("note: "))
        .collect();
    Some((place, lines.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::{Ran, judge};

    const FAILED: &str = "
running 1 test
test charge::once ... FAILED

failures:

---- charge::once stdout ----

thread 'charge::once' (77) panicked at billing-core/tests/it/charge.rs:40:5:
assertion `left == right` failed: the balance
  left: 3
 right: 4
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    charge::once

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 112 filtered out; finished in 0.21s
";

    #[test]
    fn a_test_that_fails_by_its_assertion_is_told_with_what_that_says() {
        let why = "assertion `left == right` failed: the balance left: 3 right: 4";
        assert_eq!(judge(FAILED).unwrap(), Ran::Failed(why.to_owned()));
    }

    #[test]
    fn a_test_that_passes_has_not_found_the_bug() {
        let said = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 51 filtered out\n";
        assert_eq!(judge(said).unwrap(), Ran::Passed);
    }

    #[test]
    fn a_name_that_no_test_has_is_an_error_and_not_a_pass() {
        let said = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 52 filtered out\n";
        assert!(judge(said).is_err());
    }

    #[test]
    fn a_program_that_ends_before_its_test_does_is_an_error_and_not_a_catch() {
        assert!(judge("\nrunning 1 test\n").is_err());
    }

    #[test]
    fn a_test_that_cannot_be_set_up_has_caught_nothing() {
        let said = FAILED.replace("billing-core/tests/it/charge.rs", "testkit/src/database.rs");
        assert!(judge(&said).is_err());
    }
}
