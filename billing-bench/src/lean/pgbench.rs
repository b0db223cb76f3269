//! The statement driven by `pgbench`, which is C and costs next to nothing.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use billing_stage::postgres::scratch::{Purpose, Scratch};
use billing_stage::process::bound_to_parent;

use super::{ANSWER_BYTES, Inputs, account_id_sql, statement};
use crate::load::MOST_MICROS;

/// `pgbench` and its scripts.
pub struct Pgbench {
    program: PathBuf,
    database_url: String,
    folder: Scratch,
    /// What one client needs to connect, with something to spare; learned from each run.
    connecting: Cell<Duration>,
}

/// What `pgbench` says of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    pub processed: u64,
    pub failed: u64,
    pub per_second: f64,
    pub latency_mean: Duration,
}

impl Pgbench {
    /// With scripts for these accounts: any of 1 to `uniform`, and number 0.
    pub fn prepare(program: PathBuf, database_url: &str, uniform: u64) -> Result<Self> {
        let folder = Scratch::new(Path::new("/tmp"), Purpose::Bench)?;
        let write = |name: &str, account: &str| {
            std::fs::write(folder.path().join(name), script(account))
                .context("cannot write a script for pgbench")
        };
        write("hot.sql", "\\set aid 0")?;
        write("uniform.sql", &format!("\\set aid random(1, {uniform})"))?;
        Ok(Self {
            program,
            database_url: database_url.to_owned(),
            folder,
            connecting: Cell::new(Duration::from_millis(4)),
        })
    }

    /// So many clients, each with one transaction in flight on a connection of its own.
    pub async fn run(&self, script: Script, clients: usize, time: Duration) -> Result<Told> {
        const TRIES: u32 = 5;
        for _ in 0..TRIES {
            // Its clock starts before it connects, and knows only whole seconds.
            let connecting = self.connecting.get() * u32::try_from(clients)?;
            let time =
                Duration::from_secs((time + connecting).as_millis().div_ceil(1_000).try_into()?);
            let words = self.run_for(script, clients, time).await?;
            if let Some(connecting) = parse_connecting(&words) {
                self.connecting
                    .set(connecting * 3 / 2 / u32::try_from(clients)?);
            }
            if let Some(told) = parse(&words) {
                return Ok(told);
            }
            // All of its time went by before it was connected, or it says something unknown.
            self.connecting.set(self.connecting.get() * 2);
            eprintln!("bench: pgbench did not get to work in {time:?}; once more");
        }
        bail!("pgbench connects too slowly with {clients} clients, or says what is not understood")
    }

    async fn run_for(&self, script: Script, clients: usize, time: Duration) -> Result<String> {
        let mut command = bound_to_parent(&self.program, "KILL");
        command
            .args(["--no-vacuum", "--protocol", "prepared"])
            .args(["--client", &clients.to_string(), "--jobs", "1"])
            .args(["--time", &time.as_secs().to_string(), "--file"])
            .arg(self.folder.path().join(script.file()))
            .arg(&self.database_url)
            .process_group(0)
            .kill_on_drop(true);
        let output = command.output().await.context("cannot run pgbench")?;
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "pgbench ended with {}: {words}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(words)
    }
}

/// On whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    Hot,
    Uniform,
}

impl Script {
    fn file(self) -> &'static Path {
        Path::new(match self {
            Self::Hot => "hot.sql",
            Self::Uniform => "uniform.sql",
        })
    }
}

fn script(account: &str) -> String {
    let statement = statement(&Inputs {
        account_id: &account_id_sql(":aid"),
        amount_micros: ":amount::bigint",
        key: &format!("'c:' || {KEY}"),
        request_id: KEY,
        // Of the same length as a hash; what it says makes no difference.
        command_hash: "'\\x0000000000000000000000000000000000000000000000000000000000000000'::bytea",
        answer: &format!("'\\x{}'::bytea", "00".repeat(ANSWER_BYTES)),
    });
    format!(
        "{account}\n\\set amount random(1, {MOST_MICROS})\n\\set high random(0, 9223372036854775806)\n\
         \\set low random(0, 9223372036854775806)\n{statement};\n"
    )
}

/// 32 hexadecimal digits, as the load generator's keys are.
const KEY: &str = "lpad(to_hex(:high::bigint), 16, '0') || lpad(to_hex(:low::bigint), 16, '0')";

/// None also where nothing was done: then it prints no rate.
fn parse(words: &str) -> Option<Told> {
    let latency_ms: f64 = after(words, "latency average = ")?.parse().ok()?;
    Some(Told {
        processed: after(words, "number of transactions actually processed: ")?
            .parse()
            .ok()?,
        // Older versions do not tell: with them a failure ends the run.
        failed: after(words, "number of failed transactions: ")
            .map_or(Some(0), |text| text.parse().ok())?,
        per_second: after(words, "tps = ")?.parse().ok()?,
        latency_mean: Duration::try_from_secs_f64(latency_ms).ok()? / 1_000,
    })
}

fn parse_connecting(words: &str) -> Option<Duration> {
    let connecting_ms: f64 = after(words, "initial connection time = ")?.parse().ok()?;
    Some(Duration::try_from_secs_f64(connecting_ms).ok()? / 1_000)
}

/// The word that follows at the start of a line.
fn after<'a>(words: &'a str, start: &str) -> Option<&'a str> {
    let line = words.lines().find_map(|line| line.strip_prefix(start))?;
    line.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_prints_is_read() {
        let words = "transaction type: /tmp/hot.sql\nscaling factor: 1\nquery mode: prepared\n\
            number of clients: 16\nnumber of threads: 1\nmaximum number of tries: 1\nduration: 3 s\n\
            number of transactions actually processed: 8771\nnumber of failed transactions: 0 (0.000%)\n\
            latency average = 5.457 ms\ninitial connection time = 20.022 ms\n\
            tps = 2931.974128 (without initial connection time)\n";
        let told = parse(words).unwrap();
        assert_eq!((told.processed, told.failed), (8771, 0));
        assert_eq!(told.latency_mean, Duration::from_micros(5457));
        assert!((told.per_second - 2_931.974_128).abs() < 1e-6, "{told:?}");
        assert_eq!(parse_connecting(words), Some(Duration::from_micros(20_022)));
        let nothing = "number of transactions actually processed: 0\nnumber of failed transactions: 0 (NaN%)\n";
        assert_eq!(parse(nothing), None);
    }

    #[test]
    fn a_script_uses_the_variables_that_it_sets() {
        let script = script("\\set aid random(1, 7)");
        for variable in ["aid", "amount", "high", "low"] {
            assert!(script.contains(&format!("\\set {variable} ")), "{script}");
            assert!(script.contains(&format!(":{variable}::")), "{script}");
        }
    }
}
