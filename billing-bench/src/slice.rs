//! One contender at work for a while: what it did, what that cost, and whether the books are right.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use tokio::time::sleep;

use crate::arena::Arena;
use crate::contender::{Clients, Contender, Drive, Reference, UNIFORM};
use crate::costs::{Costs, Late, Latency};
use crate::lean::pgbench::Script;
use crate::load::{self, Accounts, Outcome, Plan, Target, Work};
use crate::reference::Service;
use crate::room;

/// Backends hand their counters in at most once a second.
const LATE: Duration = Duration::from_millis(1_050);

/// How a slice is measured.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub time: Duration,
    /// Count also what takes a second more to count where something was written: fsyncs, and pages
    /// in the log.
    pub is_thorough: bool,
}

/// How a contender is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    /// So many operations in flight at any time; with pgbench, so many clients.
    InFlight(usize),
    /// So many operations a second, whatever becomes of the earlier ones.
    PerSecond(u32),
}

/// What the sweeps have found to be best.
#[derive(Clone, Copy, Debug)]
pub struct Best {
    pub hot_clients: u32,
    pub uniform_clients: u32,
    pub hot_pool: u32,
    pub uniform_pool: u32,
    pub select_pool: u32,
}

/// What a slice has shown. An operation is an answered check or charge, or a hold with its capture.
#[derive(Clone, Debug, Serialize)]
pub struct Slice {
    pub contender: Contender,
    pub pressure: Pressure,
    pub answered: u64,
    pub per_second: f64,
    pub latency: Latency,
    pub costs: Costs,
    /// Why the slice is void; empty where books and answers are right.
    pub faults: Vec<String>,
}

/// What was done, however it was driven.
struct Done {
    answered: u64,
    per_second: f64,
    latency: Latency,
    /// None: as this process's children tell.
    generator_cpu: Option<Duration>,
    faults: Vec<String>,
}

impl Slice {
    pub fn is_void(&self) -> bool {
        !self.faults.is_empty()
    }
}

pub async fn measure(
    arena: &mut Arena,
    contender: Contender,
    pressure: Pressure,
    best: &Best,
    manner: Manner,
) -> Result<Slice> {
    let late_before = arena.meter.read_late().await?;
    let (server, target) = match contender.drive() {
        Drive::Core(_) => (Some(arena.core_pid()?), Some(arena.core.clone())),
        Drive::Reference(reference, _) => {
            let target = arena.reference(service(reference, best)).await?;
            (arena.reference.pid(), Some(target))
        }
        Drive::Lean(..) => (None, None),
    };
    let pressure = match contender.drive() {
        Drive::Lean(script, Clients::Best) => best.clients(script),
        _ => pressure,
    };
    let before = arena.meter.read(server).await?;
    let mut done = match (contender.drive(), &target) {
        (Drive::Core(plan) | Drive::Reference(_, plan), Some(target)) => {
            Done::of(&drive(target, &plan, pressure, manner.time).await?)
        }
        (Drive::Lean(script, _), _) => lean(arena, script, pressure, manner.time).await?,
        _ => bail!("{} has nothing that it could ask", contender.name()),
    };
    let after = arena.meter.read(server).await?;
    let mut extra = 0;
    let late = if !contender.moves_money() {
        None
    } else if manner.is_thorough {
        if let Some(target) = &target {
            extra = hand_in(target).await?;
        }
        Some(Late {
            counters: arena.meter.read_late().await?,
            full_page_bytes: arena.meter.full_page_bytes(&before, &after).await?,
        })
    } else {
        None
    };
    if contender.moves_money() {
        let page = arena.books.check().await?;
        done.faults.extend(page.faults(done.answered + extra));
    }
    room::require_bounded(arena.database_bytes().await?)?;
    let costs = Costs::between(&before, &after, done.answered, done.generator_cpu);
    Ok(Slice {
        contender,
        pressure,
        answered: done.answered,
        per_second: done.per_second,
        latency: done.latency,
        costs: match late {
            Some(late) => costs.with_late(&late_before, &late, done.answered, extra),
            None => costs,
        },
        faults: done.faults,
    })
}

impl Pressure {
    pub fn in_flight(self) -> Option<usize> {
        match self {
            Self::InFlight(in_flight) => Some(in_flight),
            Self::PerSecond(_) => None,
        }
    }
}

impl fmt::Display for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFlight(in_flight) => write!(f, "{in_flight} in flight"),
            Self::PerSecond(rate) => write!(f, "{rate} a second"),
        }
    }
}

impl Best {
    fn clients(&self, script: Script) -> Pressure {
        let clients = match script {
            Script::Hot => self.hot_clients,
            Script::Uniform => self.uniform_clients,
        };
        Pressure::InFlight(usize::try_from(clients).unwrap_or(usize::MAX))
    }
}

fn service(reference: Reference, best: &Best) -> Service {
    match reference {
        Reference::Empty => Service::Empty,
        Reference::Select => Service::Select(best.select_pool),
        Reference::Lean(Script::Hot) => Service::Lean(best.hot_pool),
        Reference::Lean(Script::Uniform) => Service::Lean(best.uniform_pool),
        Reference::Savepoints => Service::Savepoints,
        Reference::Careful => Service::Careful,
    }
}

/// A few charges beside the slice, late enough that the backends that worked in it hand in what they
/// have counted. Answers with their number.
async fn hand_in(target: &Target) -> Result<u64> {
    const IN_FLIGHT: usize = 64;
    sleep(LATE).await;
    let plan = Plan::new(Work::Charge, Accounts::Uniform(UNIFORM));
    let outcome = load::closed(target, &plan, IN_FLIGHT, Duration::from_millis(1)).await?;
    Ok(outcome.answered)
}

async fn drive(
    target: &Target,
    plan: &Plan,
    pressure: Pressure,
    time: Duration,
) -> Result<Outcome> {
    match pressure {
        Pressure::InFlight(in_flight) => load::closed(target, plan, in_flight, time).await,
        Pressure::PerSecond(rate) => load::open(target, plan, f64::from(rate), time).await,
    }
}

async fn lean(arena: &Arena, script: Script, pressure: Pressure, time: Duration) -> Result<Done> {
    let Pressure::InFlight(clients) = pressure else {
        bail!("pgbench is driven by its number of clients only");
    };
    let told = arena.lean.run(script, clients, time).await?;
    let mut faults = Vec::new();
    if told.failed > 0 {
        faults.push(format!("{} transactions failed", told.failed));
    }
    Ok(Done {
        answered: told.processed,
        per_second: told.per_second,
        latency: Latency::of_mean(told.latency_mean),
        generator_cpu: None,
        faults,
    })
}

impl Done {
    fn of(outcome: &Outcome) -> Self {
        let mut faults: Vec<String> = outcome
            .errors
            .iter()
            .map(|(error, count)| format!("{count} × {error}"))
            .collect();
        if outcome.answered == 0 {
            faults.push("nothing was answered".to_owned());
        }
        Self {
            answered: outcome.answered,
            per_second: outcome.per_second(),
            latency: Latency::of(&outcome.latency),
            generator_cpu: Some(outcome.own_cpu),
            faults,
        }
    }
}
