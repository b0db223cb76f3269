//! Cores and PostgreSQL are killed under load; what was acknowledged is there, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::alone;
use billing_soak::books::Books;
use billing_soak::callers::{Callers, set_tenant};
use billing_soak::checker::contradictions;
use billing_soak::faults::kill_backend;
use billing_soak::journal::{Journal, Operation};
use billing_soak::load::{Cast, Load, Mix};
use billing_soak::order::explain;
use billing_stage::{CoreProcess, Stage, Tokens};

const WORKERS: u64 = 32;
/// Several times what it takes; beyond it something hangs.
const BOUND: Duration = Duration::from_mins(3);

#[derive(Clone, Copy, Debug)]
enum Injury {
    /// One core by SIGKILL; the other serves on.
    Core(usize),
    /// The postmaster by SIGKILL, started again by its supervisor.
    Postmaster,
    /// One of the cores' own backends by SIGKILL: the server ends all others and recovers by itself.
    Backend,
    /// Both cores and the postmaster.
    Everything,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_kills_of_cores_and_postgresql() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(2).await?;
    let round = [
        Injury::Core(0),
        Injury::Backend,
        Injury::Core(1),
        Injury::Postmaster,
        Injury::Backend,
        Injury::Everything,
    ];
    timeout(BOUND, survive(stage, &tokens, &round.repeat(3), 100..600))
        .await
        .context("cores, PostgreSQL or callers hang")?
}

/// A crash while batches wait in their COMMIT loses them without a trace: also their numbers, which
/// the server then gives to other transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_crashes_of_postgresql_at_commit() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(2).await?;
    slow_commits(&stage.superuser_url()).await?;
    timeout(
        BOUND,
        survive(stage, &tokens, &[Injury::Backend; 15], 20..80),
    )
    .await
    .context("cores, PostgreSQL or callers hang")?
}

/// Every commit waits a while before it begins to write to disk, and nothing else writes for it.
async fn slow_commits(superuser_url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    for statement in [
        "alter system set commit_delay = 20000",
        "alter system set commit_siblings = 0",
        "alter system set wal_writer_delay = '10s'",
        "select pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Each injury comes after so many operations more.
async fn survive(
    mut stage: Stage,
    tokens: &Tokens,
    injuries: &[Injury],
    pauses: Range<usize>,
) -> Result<()> {
    let cores: Vec<SocketAddr> = stage.cores.iter().map(|core| core.grpc).collect();
    set_tenant(cores[0], &tokens.admin).await?;
    let mix = Mix {
        poison: 0,
        impatient: 0,
        credulous: 0,
    };
    let load = Load::new(Callers::new(&cores, tokens)?, Cast::of(6), mix, None);
    load.endow().await;

    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut workers = load.start(WORKERS, seed);
    for injury in injuries {
        load.journal
            .grown_by(random.random_range(pauses.clone()))
            .await;
        let begun = Instant::now();
        injure(&mut stage, *injury, &load.journal)
            .await
            .with_context(|| format!("{injury:?}"))?;
        println!("{injury:?}, over after {:?}", begun.elapsed());
    }
    load.journal.grown_by(200).await;
    load.stop();
    while let Some(worker) = workers.join_next().await {
        worker?;
    }
    verify(&stage, &load).await?;
    stage.clear().await
}

/// Does it, and waits until everything serves again.
async fn injure(stage: &mut Stage, injury: Injury, journal: &Journal) -> Result<()> {
    match injury {
        Injury::Core(number) => {
            stage.cores[number].kill().await?;
            // By the other core alone.
            journal.grown_by(100).await;
            stage.cores[number].start().await?;
        }
        Injury::Postmaster => {
            stage.server.kill().await?;
            stage.server.start().await?;
        }
        Injury::Backend => kill_backend(&stage.server.superuser_url()).await?,
        Injury::Everything => {
            for core in &mut stage.cores {
                core.kill().await?;
            }
            stage.server.kill().await?;
            stage.server.start().await?;
            for core in &mut stage.cores {
                core.start().await?;
            }
        }
    }
    // Whatever has failed meanwhile, and then new work.
    journal.grown_by(50).await;
    for core in &mut stage.cores {
        core.ready().await?;
    }
    Ok(())
}

async fn verify(stage: &Stage, load: &Load) -> Result<()> {
    let mut connection = PgConnection::connect(&stage.superuser_url()).await?;
    await_sweep(&mut connection).await?;
    let operations = load.journal.take();
    let books = Books::read(&mut connection).await?;
    let log: String = stage.cores.iter().map(CoreProcess::log).collect();
    let order = explain(&operations, &books, load.journal.began_micros());
    println!(
        "{} operations, {} in doubt on the way, {} batches lost at COMMIT; {} entries, {} holds; \
         {:?}; {order:?}",
        operations.len(),
        operations
            .iter()
            .filter(|operation| operation.is_doubtful())
            .count(),
        log.matches("database lost at commit").count(),
        books.entries.len(),
        books.holds.len(),
        kinds(&operations),
    );
    let mut findings = contradictions(&operations, &books);
    findings.extend(order.findings);
    ensure!(
        findings.is_empty(),
        "{} contradictions:\n{}\nthe cores, but for calls that failed:\n{}",
        findings.len(),
        findings[..findings.len().min(20)].join("\n"),
        without_failed_calls(&log)
    );
    stage.audit().await?;
    the_checker_sees_what_is_tampered_with(&mut connection, &operations).await
}

/// A core's log without its line for each call that failed: there are as many as callers.
fn without_failed_calls(log: &str) -> String {
    let lines = log.lines().filter(|line| !line.contains("call failed"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same comparison reports one entry that is taken away, and one that is written twice.
async fn the_checker_sees_what_is_tampered_with(
    connection: &mut PgConnection,
    operations: &[Operation],
) -> Result<()> {
    let taken = "with newest as (
            select account_id, max(seq) as seq from entry where kind = 'charge' group by account_id limit 1)
        delete from entry e using newest n where e.account_id = n.account_id and e.seq = n.seq";
    let doubled = "insert into entry (account_id, seq, kind, amount_micros, balance_after_micros,
            counterparty, created_at, day_no, month_no, request_id)
        select account_id, seq + 1000000, kind, amount_micros, balance_after_micros,
            counterparty, created_at, day_no, month_no, request_id
        from entry where kind = 'charge' and hold_id is null limit 1";
    for (tampering, finding) in [
        (taken, "acknowledged and lost"),
        (doubled, "an entry that nobody was told of"),
    ] {
        let mut transaction = connection.begin().await?;
        // Past triggers and foreign keys.
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *transaction)
            .await?;
        let changed = sqlx::query(tampering).execute(&mut *transaction).await?;
        ensure!(changed.rows_affected() == 1, "nothing was tampered with");
        let books = Books::read(&mut transaction).await?;
        transaction.rollback().await?;
        let findings = contradictions(operations, &books);
        ensure!(
            findings.iter().any(|found| found.starts_with(finding)),
            "not seen: {finding}; but {findings:?}"
        );
    }
    Ok(())
}

/// The holds that have expired are given back within a second or so.
async fn await_sweep(connection: &mut PgConnection) -> Result<()> {
    let query = "select count(*) from hold where state = 'placed' and expires_at < now()";
    for _ in 0..100 {
        let overdue: i64 = sqlx::query_scalar(query)
            .fetch_one(&mut *connection)
            .await?;
        if overdue == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("expired holds are not given back")
}

/// How many operations of each kind.
fn kinds(operations: &[Operation]) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for operation in operations {
        *kinds.entry(operation.asked.kind()).or_default() += 1;
    }
    kinds
}
