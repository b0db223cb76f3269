//! Trouble between subject and core while many call; afterwards every charge is judged.

mod authorities;
mod call;
mod judge;
mod load;
mod tls;
mod trouble;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::AccountRef;
use tokio::time::Instant;

use self::load::{Load, Made, Outcome};
use self::way::Way;
use crate::compare;
use crate::mismatch::Mismatch;
use crate::options::FaultOptions;
use crate::patience::Patience;
use crate::play;
use crate::proxy::Proxy;
use crate::real_core::ledger::Ledger;
use crate::real_core::{RealCore, tenant_id};
use crate::scenario::{self, Account, FaultKind, Limit, NoLimit, Rpc, State, Tenant};
use crate::subject::Subject;

const TENANT: Tenant = Tenant::Plain;
/// More than any caller spends.
const GRANTED_MICROS: i64 = 1_000_000_000;
/// As short as it may be: handlers outlive it, and what nobody ends expires soon.
const HOLD_TTL_MS: u64 = 1_000;
/// An end that failed several times waits for 30 s.
const RESTS_WITHIN: Duration = Duration::from_mins(2);
const CLOSES_WITHIN_MS: u64 = 10_000;

/// An error where a charge is not as it should be; each is printed.
pub async fn run(options: &FaultOptions) -> Result<()> {
    let logs = tempfile::tempdir()?;
    let mut core = Box::pin(RealCore::set())
        .await
        .context("cannot set the stage")?;
    let proxy = Proxy::to(core.address()?).await?;
    let Some(mut way) = Way::to(proxy.address, options.through).await? else {
        println!("SKIPPED: no faults {}: it is not here", options.through);
        return core.clear().await;
    };
    open_accounts(&mut core).await?;
    let settings = scenario::Options {
        hold_ttl_ms: Some(HOLD_TTL_MS),
        ..scenario::Options::default()
    };
    let log = logs.path().join("faults.log");
    let (client, address) = (&options.client, proxy.address);
    let mut launch = play::launch(&core, client, TENANT, &settings, address, log);
    launch.environment.extend(way.environment());
    let subject = launch.start().await?;
    let (all, rounds) = Box::pin(under_load(&mut core, &proxy, &mut way, &subject, options))
        .await
        .with_context(|| format!("the subject's stderr:\n{}", subject.last_words()))?;
    let ledgers = ledgers(&mut core).await?;
    print(options, &all, rounds, &proxy, &way, &ledgers);
    let wrong = judge::judge(&all, &captured(&proxy), &ledgers, GRANTED_MICROS);
    for line in &wrong {
        println!("WRONG  {line}");
    }
    core.clear().await.context("afterwards")?;
    ensure!(wrong.is_empty(), "{} discrepancies", wrong.len());
    let charged = ledgers.values().any(|ledger| !ledger.charges.is_empty());
    ensure!(charged, "no call was charged, so that nothing is proved");
    println!("every charge is as it should be");
    Ok(())
}

fn account(user: u32) -> AccountRef {
    AccountRef {
        tenant_id: tenant_id(TENANT).to_owned(),
        user_id: call::user(user),
    }
}

async fn open_accounts(core: &mut RealCore) -> Result<()> {
    let wanted = Account {
        grant_micros: GRANTED_MICROS,
        daily_limit_micros: Some(Limit::No(NoLimit::None)),
        monthly_limit_micros: Some(Limit::No(NoLimit::None)),
        ..Account::default()
    };
    for user in 0..call::USERS {
        core.open(&account(user), &wanted)
            .await
            .context("cannot set the accounts up")?;
    }
    Ok(())
}

/// Whole rounds of faults until there were time and calls enough, and the end of all calls. Answers with the
/// calls and the number of rounds.
async fn under_load(
    core: &mut RealCore,
    proxy: &Proxy,
    way: &mut Way,
    subject: &Subject,
    options: &FaultOptions,
) -> Result<(Vec<Made>, usize)> {
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let (load, callers) = Load::start(subject.address);
    let mut rounds = 0;
    while rounds == 0 || Instant::now() < until || load.begun() < options.calls {
        trouble::round(core, proxy, way).await?;
        rounds += 1;
    }
    load.stop();
    let all = callers.join_all().await.concat();
    let nothing = State {
        backlog: Some(0),
        calls: Some(0),
    };
    let patience = Patience::of(RESTS_WITHIN);
    while let Err(error) = compare::state(&nothing, &subject.state().await?) {
        patience.or(error.into()).await?;
    }
    // From here on it sends nothing.
    let found = subject.close(CLOSES_WITHIN_MS).await?;
    let expected = serde_json::json!({"left": 0});
    ensure!(found == expected, Mismatch::new(expected, &found));
    Ok((all, rounds))
}

/// Of all callers. Holds that nobody has ended expire; where one does not, it is in what is found.
async fn ledgers(core: &mut RealCore) -> Result<BTreeMap<String, Ledger>> {
    let patience = Patience::new();
    let mut ledgers = BTreeMap::new();
    for user in 0..call::USERS {
        let account = account(user);
        let ledger = loop {
            let found = core.ledger(&account).await;
            let rests = found.as_ref().is_ok_and(|ledger| ledger.held_micros == 0);
            let open = anyhow::anyhow!("a hold is open");
            if rests || patience.or(open).await.is_err() {
                break found?;
            }
        };
        ledgers.insert(account.user_id, ledger);
    }
    Ok(ledgers)
}

/// The trace ids of all requests for a charge.
fn captured(proxy: &Proxy) -> BTreeSet<String> {
    let is_end = |rpc| matches!(rpc, Some(Rpc::CaptureHold | Rpc::Charge));
    let ends = proxy.seen().into_iter().filter(|seen| is_end(seen.rpc));
    ends.filter_map(|seen| seen.trace_id).collect()
}

fn print(
    options: &FaultOptions,
    all: &[Made],
    rounds: usize,
    proxy: &Proxy,
    way: &Way,
    ledgers: &BTreeMap<String, Ledger>,
) {
    let (name, through) = (&options.client.name, options.through);
    let (calls, users) = (all.len(), ledgers.len());
    println!("{name}, {through}: {calls} calls of {users} users");
    let mut kinds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for made in all {
        kinds.entry(made.call.kind).or_default().push(made);
    }
    for (kind, made) in kinds {
        let outcomes = made.into_iter().map(|made| match &made.outcome {
            Outcome::Answered(status, _) => status.to_string(),
            Outcome::Left => "left".to_owned(),
            Outcome::Unanswered(why) => format!("unanswered ({why})"),
        });
        let (kind, outcomes) = (format!("{kind:?}"), counted(outcomes));
        println!("  {kind:<16} {outcomes}");
    }
    let seen = proxy.seen();
    let met = seen.iter().filter_map(|seen| seen.fault);
    let met = counted(met.map(|kind| match kind {
        FaultKind::LoseAnswer => "answers lost",
        FaultKind::Cut => "connections cut",
        _ => "requests refused",
    }));
    let replaced = way.rotations();
    let replaced = replaced.map(|times| format!(", certificate replaced: {times}"));
    let replaced = replaced.unwrap_or_default();
    println!("  faults           core killed: {rounds}, core frozen: {rounds}, {met}{replaced}");
    let charges = ledgers.values().flat_map(|ledger| &ledger.charges);
    let (count, micros) = charges.fold((0, 0), |(count, sum), it| (count + 1, sum + it.micros));
    println!("  charges          {count}, {micros} micros");
}

fn counted<T: Display + Ord>(each: impl Iterator<Item = T>) -> String {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for one in each {
        *counts.entry(one).or_default() += 1;
    }
    let shown = counts.iter().map(|(one, count)| format!("{one}: {count}"));
    shown.collect::<Vec<_>>().join(", ")
}
