//! One account is flooded: how long do calls on the others take?

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::time::sleep;

use super::ground::{Ground, IN_FLIGHT};
use super::report::{ScenarioReport, pairs, quantile};
use super::{Length, Scenario};
use crate::load::{self, Accounts, Plan, Target as LoadTarget, Work};
use crate::ratio::Target;

const COLD: u64 = 10_000;
/// Not one of the cold ones.
const FLOODED: u64 = COLD;
const COLD_PER_SECOND: f64 = 500.0;
/// A flood rises before it is measured, and lasts a little longer.
const RISING: Duration = Duration::from_millis(300);

/// What goes on beside the cold accounts.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Nothing,
    Flood,
    /// As much load as the flood, with no account hot: what the machine alone explains.
    Spread,
}

/// What one kind of slices has measured.
struct Arm {
    beside: Beside,
    /// Microseconds, one of each round.
    p99: Vec<f64>,
    all: Histogram<u64>,
    beside_per_second: Vec<f64>,
}

pub async fn run(length: Length) -> Result<ScenarioReport> {
    let (rounds, slice) = length.pick((2, Duration::from_secs(1)), (7, Duration::from_secs(5)));
    let mut ground = Ground::prepare(Scenario::Flood, 1, COLD + 1).await?;
    ground.report.note(format!(
        "{COLD_PER_SECOND} charges/s over {COLD} accounts, timed from when each should have been \
         sent; slices of {slice:?} alone, beside {IN_FLIGHT} charges in flight on one other account, \
         and, to compare, beside {IN_FLIGHT} in flight over the {COLD} accounts, take turns, \
         {rounds} times. The load beside comes over connections of its own from a thread of its own; \
         both, the core and PostgreSQL share this machine's cores."
    ));
    let target = ground.target(0).await?;
    let mut arms = Vec::new();
    for beside in [Beside::Nothing, Beside::Flood, Beside::Spread] {
        arms.push(Arm::new(beside)?);
    }
    ground.closed(&target, &cold(), slice / 2).await?;
    for _ in 0..rounds {
        for arm in &mut arms {
            arm.measure(&mut ground, &target, slice).await?;
        }
    }
    judge(&mut ground.report, &arms);
    ground.conclude().await
}

fn cold() -> Plan {
    Plan::new(Work::Charge, Accounts::Uniform(COLD))
}

impl Beside {
    fn plan(self) -> Option<Plan> {
        let accounts = match self {
            Self::Nothing => return None,
            Self::Flood => Accounts::One(FLOODED),
            Self::Spread => Accounts::Uniform(COLD),
        };
        Some(Plan::new(Work::Charge, accounts))
    }
}

impl Arm {
    fn new(beside: Beside) -> Result<Self> {
        Ok(Self {
            beside,
            p99: Vec::new(),
            all: Histogram::new(3)?,
            beside_per_second: Vec::new(),
        })
    }

    async fn measure(
        &mut self,
        ground: &mut Ground,
        target: &LoadTarget,
        slice: Duration,
    ) -> Result<()> {
        let measured = async {
            sleep(RISING).await;
            load::open(target, &cold(), COLD_PER_SECOND, slice).await
        };
        let beside = async {
            match self.beside.plan() {
                None => Ok(None),
                Some(plan) => load::closed(target, &plan, IN_FLIGHT, slice + 2 * RISING)
                    .await
                    .map(Some),
            }
        };
        // Each load has threads and connections of its own.
        let (outcome, beside) = tokio::try_join!(measured, beside)?;
        ground.expect_clean(&outcome);
        let mut acknowledged = outcome.answered;
        self.p99.push(quantile(&outcome.latency, 0.99));
        self.all.add(&outcome.latency)?;
        if let Some(beside) = beside {
            ground.expect_clean(&beside);
            acknowledged += beside.answered;
            self.beside_per_second.push(beside.per_second());
        }
        ground.settle(acknowledged).await
    }
}

fn judge(report: &mut ScenarioReport, arms: &[Arm]) {
    let [alone, flooded, spread] = arms else {
        return;
    };
    for arm in arms {
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let name = format!("cold accounts beside {:?}: {name}", arm.beside);
            report.figure(name, quantile(&arm.all, share), "µs");
        }
        if !arm.beside_per_second.is_empty() {
            let name = format!("  beside them: {:?}", arm.beside);
            report.figure_of(name, &arm.beside_per_second, "/s");
        }
    }
    report.judge(
        "flood_p99",
        "p99 of cold accounts, one other flooded ÷ alone",
        &pairs(&flooded.p99, &alone.p99),
        Target::AtMost(2.0),
    );
    report.compare(
        "spread_p99",
        "p99 of cold accounts beside the same load with none hot ÷ alone",
        &pairs(&spread.p99, &alone.p99),
    );
    report.compare(
        "flood_vs_spread_p99",
        "p99 of cold accounts, one other flooded ÷ the same load with none hot",
        &pairs(&flooded.p99, &spread.p99),
    );
}
