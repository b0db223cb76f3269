//! Cores and PostgreSQL are killed under load; what was acknowledged is there, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::GrantCreditRequest;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::alone;
use billing_soak::books::Books;
use billing_soak::callers::{Callers, account, administrator, set_tenant};
use billing_soak::checker::contradictions;
use billing_soak::journal::{Asked, Journal, Operation, Told};
use billing_soak::load::{HOT, Load, OTHERS};
use xtask::stage::{CoreProcess, Stage, Tokens};

const WORKERS: u64 = 32;
/// Several times what it takes; beyond it something hangs.
const BOUND: Duration = Duration::from_mins(3);

/// What every account but the poor one gets beside its welcome: more than can be spent here.
const CREDIT_MICROS: i64 = 1_000_000_000_000;

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
    let load = Load::new(Callers::new(&cores, &tokens.tools)?);
    endow(cores[0], &tokens.admin, &load.journal).await?;

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

/// Sets the tenant, and gives everybody but the poor one what they need.
async fn endow(core: SocketAddr, admin_token: &str, journal: &Journal) -> Result<()> {
    set_tenant(core, admin_token).await?;
    let mut accounts = administrator(core, admin_token)?;
    for user in [HOT].into_iter().chain(OTHERS) {
        let key = format!("credit of {user}");
        let request = GrantCreditRequest {
            account: Some(account(user)),
            idempotency_key: key.clone(),
            amount_micros: CREDIT_MICROS,
            reason: "for the test".to_owned(),
            actor: "the test".to_owned(),
        };
        let answer = accounts.grant_credit(request).await?.into_inner();
        journal.record(Operation {
            user,
            asked: Asked::Grant {
                key,
                amount_micros: CREDIT_MICROS,
            },
            told: Told::Entry {
                entry_id: answer.entry_id,
                moved_micros: CREDIT_MICROS,
                replayed: answer.replayed,
            },
            doubtful: false,
        });
    }
    Ok(())
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

/// A backend of a core's that is at work, if there is one.
async fn kill_backend(superuser_url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    let pid: i32 = sqlx::query_scalar(
        "select pid from pg_stat_activity where application_name = 'billing-core'
        order by state = 'idle', random() limit 1",
    )
    .fetch_one(&mut connection)
    .await?;
    let pid = Pid::from_raw(pid).context("no backend")?;
    kill_process(pid, Signal::KILL)?;
    // The server ends this connection too.
    while sqlx::query("select 1")
        .execute(&mut connection)
        .await
        .is_ok()
    {}
    Ok(())
}

async fn verify(stage: &Stage, load: &Load) -> Result<()> {
    let (repeated, mut findings) = load.repeat_charges(20).await;
    let mut connection = PgConnection::connect(&stage.superuser_url()).await?;
    await_sweep(&mut connection).await?;
    let operations = load.journal.operations();
    let books = Books::read(&mut connection).await?;
    let log: String = stage.cores.iter().map(CoreProcess::log).collect();
    println!(
        "{} operations, {} in doubt on the way, {} batches lost at COMMIT, {repeated} charges repeated; \
         {} entries, {} holds; {:?}",
        operations.len(),
        operations
            .iter()
            .filter(|operation| operation.doubtful)
            .count(),
        log.matches("database lost at commit").count(),
        books.entries.len(),
        books.holds.len(),
        kinds(&operations),
    );
    findings.extend(contradictions(&operations, &books));
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

/// How many operations ended in which way.
fn kinds(operations: &[Operation]) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for operation in operations {
        let kind = match (&operation.asked, &operation.told) {
            (Asked::Grant { .. }, _) => "granted",
            (Asked::Charge { .. }, Told::Entry { .. }) => "charged",
            (Asked::Capture { .. }, Told::Entry { .. }) => "captured",
            (Asked::Refund { .. }, Told::Entry { .. }) => "refunded",
            (_, Told::Held { .. }) => "placed",
            (_, Told::Freed) => "released",
            (_, Told::Denied) => "denied",
            (_, Told::HoldEnded(_)) => "had ended",
            (_, Told::RefundTooMuch) => "too much to refund",
            (_, Told::Entry { .. } | Told::Astray(_)) => "astray",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}
