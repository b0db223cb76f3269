//! One contender at work for a while: what it did, what that cost, and whether the books are right.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates and shares, for people to read"
)]

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use tokio::time::sleep;

use crate::arena::Arena;
use crate::contender::{Clients, Contender, Drive, Reference};
use crate::lean::pgbench::Script;
use crate::load::{self, Accounts, Outcome, Plan, Target, Work};
use crate::meter::{LateReading, Reading};
use crate::reference::Service;

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
    pub hot_clients: usize,
    pub uniform_clients: usize,
    pub hot_pool: Service,
    pub uniform_pool: Service,
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

/// Microseconds. pgbench tells only the mean.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    pub mean: f64,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub p999: Option<u64>,
    pub max: Option<u64>,
}

/// What operations cost. None: not counted, or not available here.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Costs {
    pub fsyncs_per_1000: Option<f64>,
    pub wal_bytes: f64,
    pub full_page_images_per_1000: Option<f64>,
    /// Of the bytes, those of pages that the log holds in full since they had not changed since the
    /// last checkpoint: they tell of checkpoints more than of operations.
    pub full_page_bytes: Option<f64>,
    pub statements: Option<f64>,
    pub postgres_cpu_micros: Option<f64>,
    /// The core or the reference process; none where pgbench asks PostgreSQL itself.
    pub server_cpu_micros: Option<f64>,
    pub generator_cpu_micros: Option<f64>,
    /// Checkpoints in the slice: there should be none.
    pub checkpoints: i64,
}

/// What takes longer to count.
struct Late {
    counters: LateReading,
    full_page_bytes: Option<i64>,
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
        Drive::Lean(script, Clients::Best) => Pressure::InFlight(best.clients(script)),
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
    let costs = Costs::between(&before, &after, &done);
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
    pub fn clients(&self, script: Script) -> usize {
        match script {
            Script::Hot => self.hot_clients,
            Script::Uniform => self.uniform_clients,
        }
    }

    pub fn clients_mut(&mut self, script: Script) -> &mut usize {
        match script {
            Script::Hot => &mut self.hot_clients,
            Script::Uniform => &mut self.uniform_clients,
        }
    }

    pub fn pool_mut(&mut self, script: Script) -> &mut Service {
        match script {
            Script::Hot => &mut self.hot_pool,
            Script::Uniform => &mut self.uniform_pool,
        }
    }
}

fn service(reference: Reference, best: &Best) -> Service {
    match reference {
        Reference::Empty => Service::Empty,
        Reference::Select => Service::Select,
        Reference::Lean(Script::Hot) => best.hot_pool,
        Reference::Lean(Script::Uniform) => best.uniform_pool,
        Reference::Savepoints => Service::Savepoints,
        Reference::Careful => Service::Careful,
    }
}

/// A few charges beside the slice, late enough that the backends that worked in it hand in what they
/// have counted. Answers with their number.
async fn hand_in(target: &Target) -> Result<u64> {
    const IN_FLIGHT: usize = 64;
    sleep(LATE).await;
    let plan = Plan::new(Work::Charge, Accounts::Uniform(crate::contender::UNIFORM));
    let outcome = load::closed(target, &plan, IN_FLIGHT, Duration::from_millis(1)).await?;
    Ok(outcome.answered)
}

async fn drive(
    target: &Target,
    plan: &Plan,
    pressure: Pressure,
    time: Duration,
) -> Result<Outcome> {
    const DEADLINE: Duration = Duration::from_secs(10);
    match pressure {
        Pressure::InFlight(in_flight) => load::closed(target, plan, in_flight, time).await,
        Pressure::PerSecond(rate) => {
            load::open(target, plan, f64::from(rate), time, DEADLINE).await
        }
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
        latency: Latency {
            mean: micros(told.latency_mean),
            p50: None,
            p90: None,
            p99: None,
            p999: None,
            max: None,
        },
        generator_cpu: None,
        faults,
    })
}

impl Done {
    fn of(outcome: &Outcome) -> Self {
        let latency = &outcome.latency;
        let at = |quantile| Some(latency.value_at_quantile(quantile));
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
            latency: Latency {
                mean: latency.mean(),
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                p999: at(0.999),
                max: Some(latency.max()),
            },
            generator_cpu: Some(outcome.own_cpu),
            faults,
        }
    }
}

impl Costs {
    fn between(before: &Reading, after: &Reading, done: &Done) -> Self {
        let by_operation = |whole: f64| whole / done.answered.max(1) as f64;
        let cpu = |before: Option<Duration>, after: Option<Duration>| {
            Some(by_operation(micros(after?.saturating_sub(before?))))
        };
        let statements = before
            .statements
            .zip(after.statements)
            .map(|(before, after)| by_operation((after - before) as f64));
        Self {
            fsyncs_per_1000: None,
            wal_bytes: by_operation((after.wal_bytes - before.wal_bytes) as f64),
            full_page_images_per_1000: None,
            full_page_bytes: None,
            statements,
            postgres_cpu_micros: cpu(before.postgres_cpu, after.postgres_cpu),
            server_cpu_micros: cpu(before.server_cpu, after.server_cpu),
            generator_cpu_micros: match done.generator_cpu {
                Some(used) => Some(by_operation(micros(used))),
                None => cpu(before.own_cpu, after.own_cpu),
            },
            checkpoints: after.checkpoints - before.checkpoints,
        }
    }

    /// `extra` operations came between the slice and the late reading.
    fn with_late(self, before: &LateReading, late: &Late, answered: u64, extra: u64) -> Self {
        let by_1000 =
            |whole: i64| whole as f64 * 1_000.0 / answered.saturating_add(extra).max(1) as f64;
        let Late {
            counters,
            full_page_bytes,
        } = late;
        let images = counters.full_page_images - before.full_page_images;
        Self {
            fsyncs_per_1000: Some(by_1000(counters.fsyncs - before.fsyncs)),
            full_page_images_per_1000: Some(by_1000(images)),
            full_page_bytes: full_page_bytes.map(|bytes| bytes as f64 / answered.max(1) as f64),
            ..self
        }
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
