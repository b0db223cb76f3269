//! PostgreSQL is frozen under load that goes on threefold: what callers are told and when, what it
//! costs in memory, how soon it is over, and whether what was told is in the books.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates and ratios, for people to read"
)]

mod offer;
mod verdict;

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, sleep_until};

use self::offer::{Call, Phase, offer};
use self::verdict::{Tally, done_between, late, longest, recovered_after};
use super::callers::KEY_PREFIX;
use super::ground::{Ground, IN_FLIGHT, per_second};
use super::memory::{Sample, Watch, most_kib};
use super::report::ScenarioReport;
use super::{Length, Scenario};
use crate::load::{Accounts, Plan, Work, apart};
use crate::ratio::Target;

const ACCOUNTS: u64 = 10_000;
const DEADLINE: Duration = Duration::from_secs(2);
/// By then the throughput must be back.
const RECOVERY: Duration = Duration::from_secs(5);
/// How much of the time before the freeze is left to the load to settle.
const SETTLING: Duration = Duration::from_secs(1);

struct Times {
    capacity: Duration,
    before: Duration,
    frozen: Duration,
    after: Duration,
}

/// What was seen. Moments are since the load began.
struct Seen {
    calls: Vec<Call>,
    memory: Vec<Sample>,
    frozen: Duration,
    thawed: Duration,
    ended: Duration,
}

pub async fn run(length: Length) -> Result<ScenarioReport> {
    let quick = Times {
        capacity: Duration::from_secs(1),
        before: Duration::from_millis(2500),
        frozen: Duration::from_secs(3),
        after: Duration::from_millis(6500),
    };
    let full = Times {
        capacity: Duration::from_secs(3),
        before: Duration::from_secs(10),
        frozen: Duration::from_secs(30),
        after: Duration::from_secs(15),
    };
    let times = length.pick(quick, full);
    let mut ground = Ground::prepare(Scenario::Freeze, 1, ACCOUNTS).await?;
    let per_second_before = quarter_of_capacity(&mut ground, times.capacity).await?;
    describe(&mut ground.report, &times, per_second_before);
    let seen = play(&ground, &times, per_second_before).await?;
    judge_memory(&mut ground.report, &seen);
    judge_throughput(&mut ground.report, &seen);
    judge_answers(&mut ground, &seen).await?;
    ground.conclude().await
}

fn describe(report: &mut ScenarioReport, times: &Times, per_second_before: u64) {
    report.note(format!(
        "Charges over {ACCOUNTS} accounts at a fixed rate of a quarter of the capacity, \
         {per_second_before}/s, for {:?}. Then every process of PostgreSQL is stopped (SIGSTOP) for \
         {:?} while three times as many come, and goes on (SIGCONT) with the first rate. Each call \
         has a deadline of {DEADLINE:?}; a client waits a second longer.",
        times.before, times.frozen
    ));
}

/// A load that leaves room: three times as much must still be one that could be carried out.
async fn quarter_of_capacity(ground: &mut Ground, time: Duration) -> Result<u64> {
    let target = ground.target(0).await?;
    let plan = Plan::new(Work::Charge, Accounts::Uniform(ACCOUNTS));
    ground.closed(&target, &plan, time / 2).await?;
    let outcome = ground.closed(&target, &plan, time).await?;
    ground.report.figure(
        format!("capacity with {IN_FLIGHT} in flight"),
        outcome.per_second(),
        "/s",
    );
    let millis = u64::try_from(outcome.elapsed.as_millis())?.max(1);
    Ok((outcome.answered * 1000 / millis / 4).max(1))
}

async fn play(ground: &Ground, times: &Times, per_second_before: u64) -> Result<Seen> {
    let line = ground.line(DEADLINE)?;
    let phase = |per_second, lasts| Phase { per_second, lasts };
    let phases = vec![
        phase(per_second_before, times.before),
        phase(3 * per_second_before, times.frozen),
        phase(per_second_before, times.after),
    ];
    let began = Instant::now();
    let watch = Watch::start(ground.stage.core(0)?.pid()?, began);
    let offering = tokio::spawn(apart(move || offer(line, phases, ACCOUNTS, began)));
    sleep_until(began + times.before).await;
    ground.stage.server.freeze()?;
    let frozen = began.elapsed();
    sleep_until(began + times.before + times.frozen).await;
    ground.stage.server.thaw()?;
    let thawed = began.elapsed();
    let calls = offering.await??;
    let ended = began.elapsed();
    // A batch whose callers have gone may still be under way.
    sleep(DEADLINE).await;
    Ok(Seen {
        calls,
        memory: watch.end().await?,
        frozen,
        thawed,
        ended,
    })
}

fn judge_memory(report: &mut ScenarioReport, seen: &Seen) {
    let most = |from, to| most_kib(&seen.memory, from, to).map_or(f64::NAN, |kib| kib as f64);
    let before = most(Duration::ZERO, seen.frozen);
    let after = most(seen.frozen, Duration::MAX);
    report.figure(
        "memory of the core before (VmRSS, the most)",
        before / 1024.0,
        "MiB",
    );
    report.figure("memory of the core since the freeze", after / 1024.0, "MiB");
    report.judge(
        "freeze_memory",
        "the core's memory since the freeze ÷ before it, under load",
        &[(after, before)],
        Target::AtMost(1.5),
    );
}

fn judge_throughput(report: &mut ScenarioReport, seen: &Seen) {
    let rate = |from: Duration, to: Duration| {
        let done = done_between(&seen.calls, from, to);
        per_second(done, to.saturating_sub(from))
    };
    let before = rate(SETTLING, seen.frozen);
    // The last calls are under way when no new ones come.
    let until = seen.ended.saturating_sub(DEADLINE / 2);
    let after = rate(seen.thawed + RECOVERY, until.max(seen.thawed + RECOVERY));
    report.figure("acknowledged before the freeze", before, "/s");
    report.figure("acknowledged from 5 s after the thaw on", after, "/s");
    report.judge(
        "freeze_throughput",
        "charges/s from 5 s after the thaw on ÷ before the freeze",
        &[(after, before)],
        Target::AtLeast(0.9),
    );
    let watched = seen.frozen.saturating_sub(SETTLING).as_millis();
    let millis = u64::try_from(watched).unwrap_or(u64::MAX).max(1);
    // 0.9 of what was acknowledged in a second.
    let wanted = done_between(&seen.calls, SETTLING, seen.frozen) * 900 / millis;
    match recovered_after(&seen.calls, seen.thawed, wanted) {
        Some(after) => report.figure(
            "from the thaw to the first second with 0.9 of the throughput",
            after.as_secs_f64(),
            "s",
        ),
        None => report.note("The throughput did not come back while it was watched."),
    }
}

async fn judge_answers(ground: &mut Ground, seen: &Seen) -> Result<()> {
    let keys = numbered_keys(&ground.stage.urls.owner).await?;
    // Each key has its charge, acknowledged or not.
    ground.settle(u64::try_from(keys.len())?).await?;
    let report = &mut ground.report;
    let tally = Tally::of(&seen.calls, &keys);
    let late = late(&seen.calls, DEADLINE);
    for (name, count) in [
        ("calls", u64::try_from(seen.calls.len())?),
        ("  acknowledged, and in the books", tally.done),
        (
            "  RESOURCE_EXHAUSTED, and not in the books",
            tally.overloaded,
        ),
        ("  UNAVAILABLE, and not in the books", tally.unavailable),
        ("  DEADLINE_EXCEEDED, in the books", tally.deadline_in_books),
        (
            "  DEADLINE_EXCEEDED, not in the books",
            tally.deadline_not_in_books,
        ),
        ("  OUTCOME_UNKNOWN, in the books", tally.unknown_in_books),
        (
            "  OUTCOME_UNKNOWN, not in the books",
            tally.unknown_not_in_books,
        ),
        ("  no answer", tally.silent),
        ("  answered after their deadline", late),
    ] {
        report.figure(name, count as f64, "");
    }
    report.figure("longest call", longest(&seen.calls).as_secs_f64(), "s");
    let answered = seen.calls.len() as f64 - (tally.silent + late) as f64;
    report.judge(
        "freeze_answered",
        "calls with a true answer by their deadline ÷ calls",
        &[(answered, seen.calls.len() as f64)],
        Target::AtLeast(1.0),
    );
    report.wrong.extend(tally.wrong());
    Ok(())
}

/// The numbers of the calls whose keys are in the books.
async fn numbered_keys(owner_url: &str) -> Result<HashSet<u64>> {
    let mut owner = PgConnection::connect(owner_url).await?;
    let numbers: Vec<i64> = sqlx::query_scalar(
        "select substr(key, 3 + length($1))::bigint from idempotency_key
        where starts_with(key, 'c:' || $1)",
    )
    .bind(KEY_PREFIX)
    .fetch_all(&mut owner)
    .await?;
    owner.close().await?;
    numbers
        .into_iter()
        .map(|number| u64::try_from(number).context("a key's number"))
        .collect()
}
