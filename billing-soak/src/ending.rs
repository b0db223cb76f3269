//! After the faults: what is unknown is asked for again, at every core; every hold ends; and
//! everybody looks once more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use sqlx::PgConnection;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::journal::{Asked, Operation, Told, Try, User};
use crate::load::Load;

/// Questions at one time.
const AT_ONCE: usize = 16;
/// Far longer than the sweep takes.
const SWEPT_WITHIN: Duration = Duration::from_secs(30);
/// One of so many operations is asked for once more although its answer is known.
const REPEATED_ONE_OF: usize = 20;

/// How what was unknown when the faults were over turned out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Unknown {
    /// Nobody had a definite answer.
    pub operations: usize,
    pub carried_out: usize,
    pub denied: usize,
    pub refused: usize,
    /// Denied by one try, and carried out by an earlier one that had been given up.
    pub carried_out_after_all: usize,
    /// Asked for once more at every core, although the answer was known.
    pub repeated: usize,
    /// Holds that were still placed, and were released.
    pub released: usize,
    #[serde(skip)]
    pub findings: Vec<String>,
}

/// Settles everything. Nothing may be under way any more, and nothing else may begin.
pub async fn settle(
    load: &Arc<Load>,
    operations: &mut Vec<Operation>,
    database: &mut PgConnection,
) -> Result<Unknown> {
    let mut unknown = Unknown::default();
    settle_unknown(load, operations, &mut unknown).await?;
    settle_denied(load, operations, database, &mut unknown).await?;
    repeat_some(load, operations, &mut unknown).await?;
    release_all(load, operations, database, &mut unknown).await?;
    swept(database, &mut unknown).await?;
    look(load, operations).await?;
    Ok(unknown)
}

async fn settle_unknown(
    load: &Arc<Load>,
    operations: &mut [Operation],
    unknown: &mut Unknown,
) -> Result<()> {
    let numbers = numbers_of(operations, |operation| {
        operation.told().is_none() && !operation.believed
    });
    unknown.operations = numbers.len();
    ask_again(load, operations, &numbers, unknown).await?;
    for operation in numbers.iter().filter_map(|number| operations.get(*number)) {
        match operation.told() {
            Some(Told::Denied { .. }) => unknown.denied += 1,
            Some(Told::Refused(_)) => unknown.refused += 1,
            Some(_) => unknown.carried_out += 1,
            // The comparison with the books reports it.
            None => {}
        }
    }
    Ok(())
}

/// A try that was given up may be carried out when a later one has been denied already. Whoever
/// asks again then finds it.
async fn settle_denied(
    load: &Arc<Load>,
    operations: &mut [Operation],
    database: &mut PgConnection,
    unknown: &mut Unknown,
) -> Result<()> {
    let stored: Vec<(String, String)> = sqlx::query_as(
        "select user_id, substr(key, 3) from idempotency_key
        join account_profile using (account_id) where left(key, 2) = 'c:'",
    )
    .fetch_all(database)
    .await?;
    let stored: HashSet<(&str, &str)> = stored
        .iter()
        .map(|(user, key)| (user.as_str(), key.as_str()))
        .collect();
    let numbers = numbers_of(operations, |operation| {
        operation.poison.is_none()
            && operation.is_doubtful()
            && !operation.believed
            && operation.effect().is_none()
            && operation
                .asked
                .key()
                .is_some_and(|key| stored.contains(&(&*operation.user, key)))
    });
    unknown.carried_out_after_all = numbers.len();
    ask_again(load, operations, &numbers, unknown).await
}

async fn repeat_some(
    load: &Arc<Load>,
    operations: &mut [Operation],
    unknown: &mut Unknown,
) -> Result<()> {
    let mut numbers = numbers_of(operations, |operation| operation.effect().is_some());
    numbers = numbers.into_iter().step_by(REPEATED_ONE_OF).collect();
    unknown.repeated = numbers.len();
    ask_again(load, operations, &numbers, unknown).await
}

async fn release_all(
    load: &Arc<Load>,
    operations: &mut Vec<Operation>,
    database: &mut PgConnection,
    unknown: &mut Unknown,
) -> Result<()> {
    let placed: Vec<(String, String)> = sqlx::query_as(
        "select user_id, hold_id::text from hold join account_profile using (account_id)
        where state = 'placed' order by account_id, hold_id",
    )
    .fetch_all(database)
    .await?;
    unknown.released = placed.len();
    let first = operations.len();
    for (user, hold_id) in placed {
        let user = User::from(user);
        operations.push(Operation::new(&user, Asked::Release { hold_id }));
    }
    let numbers: Vec<usize> = (first..operations.len()).collect();
    ask_again(load, operations, &numbers, unknown).await
}

/// Waits until no hold is placed: what was not released has expired.
async fn swept(database: &mut PgConnection, unknown: &mut Unknown) -> Result<()> {
    let until = Instant::now() + SWEPT_WITHIN;
    loop {
        let placed: i64 = sqlx::query_scalar("select count(*) from hold where state = 'placed'")
            .fetch_one(&mut *database)
            .await?;
        if placed == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            let finding = format!("{placed} holds are neither released nor swept");
            unknown.findings.push(finding);
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Reads every account at every core.
async fn look(load: &Arc<Load>, operations: &mut Vec<Operation>) -> Result<()> {
    let first = operations.len();
    for user in load.cast.everybody() {
        operations.push(Operation::new(user, Asked::Balance));
    }
    let numbers: Vec<usize> = (first..operations.len()).collect();
    ask_again(load, operations, &numbers, &mut Unknown::default()).await
}

fn numbers_of(operations: &[Operation], wanted: impl Fn(&Operation) -> bool) -> Vec<usize> {
    let numbered = operations.iter().enumerate();
    numbered
        .filter(|(_, operation)| wanted(operation))
        .map(|(number, _)| number)
        .collect()
}

/// Asks each core in turn until it answers, and compares their answers.
async fn ask_again(
    load: &Arc<Load>,
    operations: &mut [Operation],
    numbers: &[usize],
    unknown: &mut Unknown,
) -> Result<()> {
    for some in numbers.chunks(AT_ONCE) {
        let mut asking = JoinSet::new();
        for number in some {
            let Some(operation) = operations.get(*number) else {
                continue;
            };
            let (number, load) = (*number, Arc::clone(load));
            let question = Operation {
                tries: Vec::new(),
                ..operation.clone()
            };
            asking.spawn(async move { (number, ask_everywhere(&load, question).await) });
        }
        while let Some(answered) = asking.join_next().await {
            let (number, (tries, same)) = answered?;
            let operation = operations.get_mut(number).context("no such operation")?;
            operation.tries.extend(tries);
            if !same {
                unknown
                    .findings
                    .push(format!("cores that answer differently: {operation:?}"));
            }
        }
    }
    Ok(())
}

/// All tries, and whether every core told of what was done once one of them had. What is not done
/// may be so for the next core: others are asked at the same time, and holds expire.
async fn ask_everywhere(load: &Load, question: Operation) -> (Vec<Try>, bool) {
    let mut tries = Vec::new();
    let mut done = Vec::new();
    for core in 0..load.callers().cores() {
        let answered = Operation {
            tries: load
                .callers()
                .settle_at(core, &question, &load.journal)
                .await,
            ..question.clone()
        };
        done.push(answered.effect().is_some());
        tries.extend(answered.tries);
    }
    (tries, done.is_sorted())
}
