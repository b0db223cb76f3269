//! What a slice costs: counters of PostgreSQL and of the processes, read before and after it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// What the server can be asked for, by its version and its extensions.
pub struct Meter {
    observer: PgConnection,
    postmaster: u32,
    server_version: i32,
    has_statements: bool,
    has_wal_inspection: bool,
}

/// Counters at one moment; only their differences say something.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub wal_bytes: i64,
    pub statements: Option<i64>,
    /// Checkpoints that were begun.
    pub checkpoints: i64,
    pub postgres_cpu: Option<Duration>,
    pub server_cpu: Option<Duration>,
    /// This process and the programs that it has run to their end.
    pub own_cpu: Option<Duration>,
}

/// Counters that a backend hands in about once a second, and only when it does something.
#[derive(Clone, Copy, Debug)]
pub struct LateReading {
    pub fsyncs: i64,
    pub full_page_images: i64,
}

impl Meter {
    pub async fn attach(superuser_url: &str, postmaster: u32) -> Result<Self> {
        let mut observer = PgConnection::connect(superuser_url).await?;
        let server_version: String = sqlx::query_scalar("show server_version_num")
            .fetch_one(&mut observer)
            .await?;
        let extensions: Vec<String> = sqlx::query_scalar("select extname::text from pg_extension")
            .fetch_all(&mut observer)
            .await?;
        let has = |name: &str| extensions.iter().any(|extension| extension == name);
        let (has_statements, has_wal_inspection) =
            (has("pg_stat_statements"), has("pg_walinspect"));
        Ok(Self {
            observer,
            postmaster,
            server_version: server_version.parse().context("server_version_num")?,
            has_statements,
            has_wal_inspection,
        })
    }

    /// Whether the server has `pg_stat_statements`.
    pub fn counts_statements(&self) -> bool {
        self.has_statements
    }

    /// `server`: the process that answers calls, beside PostgreSQL.
    pub async fn read(&mut self, server: Option<u32>) -> Result<Reading> {
        let checkpoints = if self.server_version >= 170_000 {
            "select num_timed + num_requested from pg_stat_checkpointer"
        } else {
            "select checkpoints_timed + checkpoints_req from pg_stat_bgwriter"
        };
        let statements = if self.has_statements {
            Some(
                self.number("select coalesce(sum(calls), 0)::bigint from pg_stat_statements")
                    .await?,
            )
        } else {
            None
        };
        Ok(Reading {
            wal_bytes: self
                .number("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
                .await?,
            statements,
            checkpoints: self.number(checkpoints).await?,
            postgres_cpu: family_cpu(self.postmaster),
            server_cpu: server.and_then(own_cpu),
            own_cpu: cpu_with_ended_children(std::process::id()),
        })
    }

    pub async fn read_late(&mut self) -> Result<LateReading> {
        // Its own column until version 17.
        let fsyncs = if self.server_version >= 180_000 {
            "select coalesce(sum(fsyncs), 0)::bigint from pg_stat_io where object = 'wal'"
        } else {
            "select wal_sync from pg_stat_wal"
        };
        Ok(LateReading {
            fsyncs: self.number(fsyncs).await?,
            full_page_images: self.number("select wal_fpi from pg_stat_wal").await?,
        })
    }

    /// How many of the bytes that were logged between two readings are pages in full: those that had
    /// not changed since the last checkpoint. None where the server cannot look into its log.
    pub async fn full_page_bytes(&mut self, from: &Reading, to: &Reading) -> Result<Option<i64>> {
        if !self.has_wal_inspection {
            return Ok(None);
        }
        if from.wal_bytes == to.wal_bytes {
            return Ok(Some(0));
        }
        // Of what is logged, only what is on disk can be looked at.
        let bytes = sqlx::query_scalar(
            "select coalesce(sum(fpi_size), 0)::bigint from pg_get_wal_stats('0/0'::pg_lsn + $1::numeric,
                least('0/0'::pg_lsn + $2::numeric, pg_current_wal_flush_lsn()))",
        )
        .bind(from.wal_bytes)
        .bind(to.wal_bytes)
        .fetch_one(&mut self.observer)
        .await;
        bytes.map(Some).context("cannot look into the log")
    }

    async fn number(&mut self, query: &'static str) -> Result<i64> {
        sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut self.observer)
            .await
            .with_context(|| format!("cannot read a counter: {query}"))
    }
}

/// Of a process: its own, and that of the children that it has waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProcessCpu {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

/// Without /proc there is no figure.
fn process_cpu(pid: u32) -> Option<ProcessCpu> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn own_cpu(pid: u32) -> Option<Duration> {
    process_cpu(pid).map(|cpu| cpu.own)
}

fn cpu_with_ended_children(pid: u32) -> Option<Duration> {
    process_cpu(pid).map(|cpu| cpu.own + cpu.ended_children)
}

/// Of a process, its children, and those that have ended. A child that ends while they are counted
/// would be missed or counted twice: then they are counted again.
fn family_cpu(pid: u32) -> Option<Duration> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        let before = process_cpu(pid)?.ended_children;
        let children = children_cpu(pid)?;
        let head = process_cpu(pid)?;
        if head.ended_children == before {
            return Some(head.own + head.ended_children + children);
        }
    }
    None
}

fn children_cpu(pid: u32) -> Option<Duration> {
    let children = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(process_cpu)
        .filter(|cpu| cpu.parent == pid);
    Some(children.map(|cpu| cpu.own).sum())
}

fn parse_stat(stat: &str) -> Option<ProcessCpu> {
    // The name before it may hold anything, parentheses and spaces too.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| {
        let ticks: u64 = fields.get(index)?.parse().ok()?;
        // The unit of /proc: a hundredth of a second on every platform of today.
        Some(Duration::from_millis(ticks.checked_mul(10)?))
    };
    Some(ProcessCpu {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11)? + ticks(12)?,
        ended_children: ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_that_has_ended_still_counts() {
        let before = family_cpu(std::process::id()).unwrap();
        let loops = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done";
        let mut child = std::process::Command::new("sh")
            .args(["-c", loops])
            .spawn()
            .unwrap();
        child.wait().unwrap();
        let after = family_cpu(std::process::id()).unwrap();
        assert!(
            after >= before + Duration::from_millis(50),
            "{before:?} {after:?}"
        );
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat =
            "4711 (a (b) c) S 42 4711 4711 0 -1 4194560 100 2000 0 0 150 50 30 20 20 0 4 0 99";
        let expected = ProcessCpu {
            parent: 42,
            own: Duration::from_secs(2),
            ended_children: Duration::from_millis(500),
        };
        assert_eq!(parse_stat(stat), Some(expected));
        assert_eq!(parse_stat("4711 (cut off) S 42 1"), None);
    }
}
