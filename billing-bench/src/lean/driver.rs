//! What drives the lean statement: `pgbench`, or a loop of ours where there is none.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::builtin::Builtin;
use super::pgbench::{Pgbench, Script, Told};

pub enum Driver {
    Pgbench(Pgbench),
    Builtin(Builtin),
}

impl Driver {
    /// `pgbench`: where it lies, if it does.
    pub fn prepare(pgbench: Option<PathBuf>, database_url: &str, uniform: u64) -> Result<Self> {
        let Some(program) = pgbench else {
            eprintln!(
                "bench: there is no pgbench beside PostgreSQL's programs: the lean statement is driven \
                 by this program's own loop, which costs more than pgbench would"
            );
            return Ok(Self::Builtin(Builtin::new(database_url, uniform)));
        };
        Pgbench::prepare(program, database_url, uniform).map(Self::Pgbench)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Pgbench(_) => "pgbench",
            Self::Builtin(_) => "a loop of the benchmark's own, since there is no pgbench",
        }
    }

    pub async fn run(&self, script: Script, clients: usize, time: Duration) -> Result<Told> {
        match self {
            Self::Pgbench(pgbench) => pgbench.run(script, clients, time).await,
            Self::Builtin(builtin) => builtin.run(script, clients, time).await,
        }
    }
}
