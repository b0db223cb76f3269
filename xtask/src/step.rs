//! The steps of a longer command: each is told as it begins, all are told at the end.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::process::Command;

enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

struct Ended {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Runs step after step, the later ones also where an earlier one failed.
pub struct Steps {
    command: &'static str,
    began: Instant,
    ended: Vec<Ended>,
}

impl Steps {
    /// Of the named command.
    pub fn of(command: &'static str) -> Self {
        Self {
            command,
            began: Instant::now(),
            ended: Vec::new(),
        }
    }

    pub async fn run(&mut self, name: &'static str, step: impl Future<Output = Result<()>>) {
        eprintln!("\n== {}: {name}", self.command);
        let began = Instant::now();
        // On the heap: a step may be a whole server's life.
        let outcome = match Box::pin(step).await {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                eprintln!("== {}: {name} FAILED: {error:#}", self.command);
                Outcome::Failed
            }
        };
        self.ended.push(Ended {
            name,
            outcome,
            took: began.elapsed(),
        });
    }

    pub fn skip(&mut self, name: &'static str, reason: &str) {
        eprintln!("\n== {}: {name} SKIPPED: {reason}", self.command);
        let outcome = Outcome::Skipped(reason.to_owned());
        self.ended.push(Ended {
            name,
            outcome,
            took: Duration::ZERO,
        });
    }

    /// Tells how each step ended; an error where one failed.
    pub fn conclude(self) -> Result<()> {
        let mut summary = String::new();
        for Ended {
            name,
            outcome,
            took,
        } in &self.ended
        {
            let secs = took.as_secs();
            let _ = match outcome {
                Outcome::Passed => writeln!(summary, "   passed   {name} ({secs} s)"),
                Outcome::Failed => writeln!(summary, "   FAILED   {name} ({secs} s)"),
                Outcome::Skipped(reason) => writeln!(summary, "   SKIPPED  {name}: {reason}"),
            };
        }
        let count = |wanted: fn(&Outcome) -> bool| {
            self.ended
                .iter()
                .filter(|ended| wanted(&ended.outcome))
                .count()
        };
        let failed = count(|outcome| matches!(outcome, Outcome::Failed));
        eprintln!(
            "\n{summary}== {}: {} passed, {failed} failed, {} skipped in {} s",
            self.command,
            count(|outcome| matches!(outcome, Outcome::Passed)),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
            self.began.elapsed().as_secs()
        );
        if failed > 0 {
            bail!("{} failed", self.command);
        }
        Ok(())
    }
}

/// Runs a command to its end; an error where it does not succeed.
pub async fn succeed(command: &mut Command) -> Result<()> {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let status = command.kill_on_drop(true).status().await;
    let status = status.map_err(|error| anyhow::anyhow!("cannot run {program}: {error}"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}
