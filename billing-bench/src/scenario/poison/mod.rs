//! Commands that are refused, among others that are not: how much do the others lose?

mod drive;

use std::time::Duration;

use anyhow::Result;
use sqlx::{Connection, PgConnection};

use self::drive::{Drive, Mix, REFUSED_ID, Spread};
use super::ground::{Ground, IN_FLIGHT, per_second};
use super::report::{ScenarioReport, pairs};
use super::told::Told;
use super::{Length, Scenario};
use crate::load;
use crate::ratio::Target;

const ACCOUNTS: u64 = 10_000;
const DEADLINE: Duration = Duration::from_secs(5);
const KEPT: Target = Target::AtLeast(0.9);

struct Times {
    rounds: usize,
    slice: Duration,
    locked: Duration,
}

pub async fn play(length: Length) -> Result<ScenarioReport> {
    let quick = Times {
        rounds: 2,
        slice: Duration::from_millis(700),
        locked: Duration::from_secs(2),
    };
    let full = Times {
        rounds: 5,
        slice: Duration::from_secs(3),
        locked: Duration::from_secs(20),
    };
    let times = length.pick(quick, full);
    let mut ground = Ground::prepare(Scenario::Poison, 1, ACCOUNTS).await?;
    describe(&mut ground.report, &times);
    let drive = Drive::new(ground.line(DEADLINE)?);
    drive.use_keys(ACCOUNTS).await?;
    ground.settle(ACCOUNTS).await?;
    refuse_marked_entries(&ground).await?;
    let hot = [
        (
            "poison_hot",
            "charges/s on one account, 1 % refused by decision ÷ none",
        ),
        (
            "database_poison_hot",
            "the same, half of the refused by the database",
        ),
    ];
    measure(&mut ground, &drive, Spread::Hot, &times, hot).await?;
    let uniform = [
        (
            "poison_uniform",
            "charges/s on 10,000 accounts, 1 % refused by decision ÷ none",
        ),
        (
            "database_poison_uniform",
            "the same, half of the refused by the database",
        ),
    ];
    let spread = Spread::Uniform { accounts: ACCOUNTS };
    measure(&mut ground, &drive, spread, &times, uniform).await?;
    measure_locked(&mut ground, &drive, &times).await?;
    ground.conclude().await
}

fn describe(report: &mut ScenarioReport, times: &Times) {
    report.note(format!(
        "Charges, {IN_FLIGHT} in flight; slices of {:?} without poison, with 1 % that the product \
         refuses by decision (a key reused for another amount, an amount beyond the balance), and \
         with 1 % of which the database refuses half, take turns, {} times. Only the charges that \
         are carried out count; every answer is held against the one that its command must get.",
        times.slice, times.rounds
    ));
    report.note(
        "No request that passes the core's own checks is known to be refused by the database. For the \
         second kind a constraint is added that refuses entries with one request id: it stands for \
         whatever the decision did not foresee. The core must then find the culprit among its \
         neighbours, and that costs what the ratio says; nothing is asked of it.",
    );
}

/// What the core allows and the schema does not: any refusal that the decision did not foresee.
async fn refuse_marked_entries(ground: &Ground) -> Result<()> {
    let statement = format!(
        "alter table entry add constraint entry_bench_poison
            check (request_id is distinct from '{REFUSED_ID}') not valid"
    );
    ground.execute_as_owner(&statement).await
}

/// Slices of the three mixes in turn.
async fn measure(
    ground: &mut Ground,
    drive: &Drive,
    spread: Spread,
    times: &Times,
    [decided, database]: [(&'static str, &'static str); 2],
) -> Result<()> {
    run(ground, drive, Mix::Clean, spread, times.slice / 2).await?;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..times.rounds {
        for (mix, rates) in [Mix::Clean, Mix::Decided, Mix::Database]
            .into_iter()
            .zip(&mut rates)
        {
            let in_time = run(ground, drive, mix, spread, times.slice).await?;
            rates.push(per_second(in_time, times.slice));
        }
    }
    let [clean, by_decision, by_database] = rates;
    let report = &mut ground.report;
    report.figure_of(
        format!("{}: charges without poison", decided.0),
        &clean,
        "/s",
    );
    report.judge(decided.0, decided.1, &pairs(&by_decision, &clean), KEPT);
    report.compare(database.0, database.1, &pairs(&by_database, &clean));
    Ok(())
}

/// A slice whose answers are all as they must be, and whose charges are in the books. Answers with the
/// charges that were acknowledged in time.
async fn run(
    ground: &mut Ground,
    drive: &Drive,
    mix: Mix,
    spread: Spread,
    time: Duration,
) -> Result<u64> {
    let driven = drive.run(mix, spread, time).await?;
    for ((kind, told), count) in &driven.astray {
        ground.report.wrong.push(format!(
            "{mix:?}: {count} calls of kind {kind:?} were told {told:?}"
        ));
    }
    if mix != Mix::Clean && driven.poison == 0 {
        let none = format!("{mix:?}: no poison was sent");
        ground.report.wrong.push(none);
    }
    ground.settle(driven.done).await?;
    Ok(driven.in_time)
}

/// Another session holds the lock of one account's row while the load goes over a thousand of them.
/// What callers are told then may be unsure, so the number of charges in the books is not known here.
async fn measure_locked(ground: &mut Ground, drive: &Drive, times: &Times) -> Result<()> {
    let spread = Spread::Uniform { accounts: 1_000 };
    let free = run(ground, drive, Mix::Clean, spread, times.slice).await?;
    let mut owner = PgConnection::connect(&ground.stage.urls.owner).await?;
    let mut transaction = owner.begin().await?;
    sqlx::query("select from account where account_id = $1 for update")
        .bind(load::account_id(load::TENANT, &load::user(0)))
        .execute(&mut *transaction)
        .await?;
    let locked = drive.run(Mix::Clean, spread, times.locked).await?;
    transaction.rollback().await?;
    owner.close().await?;
    let report = &mut ground.report;
    for ((_, told), count) in &locked.astray {
        let words = format!("While an account was locked, {count} calls were told {told:?}.");
        match told {
            Told::NothingDone(_) | Told::Unsure(_) => report.note(words),
            Told::Done | Told::Refused(_) | Told::Silence | Told::Untrue(_) => {
                report.wrong.push(words);
            }
        }
    }
    let rate = per_second(locked.in_time, times.locked);
    report.figure(
        "charges on 1,000 accounts, one locked by another session",
        rate,
        "/s",
    );
    report.figure(
        "  the longest that a call took",
        locked.longest.as_secs_f64(),
        "s",
    );
    report.compare(
        "locked_account",
        "charges/s on 1,000 accounts, one locked by another session ÷ none",
        &[(rate, per_second(free, times.slice))],
    );
    Ok(())
}
