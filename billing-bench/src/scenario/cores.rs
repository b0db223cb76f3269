//! Several cores, as processes, on one database: one hot account, whose row they must pass around.

use std::time::Duration;

use anyhow::Result;

use super::ground::{Ground, IN_FLIGHT};
use super::report::{ScenarioReport, pairs};
use super::{Length, Scenario};
use crate::load::{Accounts, Plan, Target as LoadTarget, Work};
use crate::ratio::Target;

const CORES: [usize; 3] = [1, 2, 4];
const CONNECTIONS: usize = 16;
const KEPT: Target = Target::AtLeast(0.85);

const HOT: Plan = Plan::new(Work::Charge, Accounts::One(0));

pub async fn run(length: Length) -> Result<ScenarioReport> {
    let (rounds, slice) = length.pick((2, Duration::from_secs(1)), (5, Duration::from_secs(3)));
    let mut ground = Ground::prepare(Scenario::Cores, 4, 1).await?;
    ground.report.note(format!(
        "Charges on one account, {IN_FLIGHT} in flight over all cores; slices of {slice:?} with 1, 2 \
         and 4 cores take turns, {rounds} times. All four run all the time."
    ));
    let addresses: Vec<_> = ground.stage.cores.iter().map(|core| core.grpc).collect();
    let mut targets = Vec::new();
    for cores in CORES {
        let addresses: Vec<_> = addresses.iter().copied().take(cores).collect();
        let target = LoadTarget::connect(&addresses, &ground.tokens.tools, CONNECTIONS).await?;
        // The first calls make connections and plans.
        ground.closed(&target, &HOT, slice / 2).await?;
        targets.push(target);
    }
    let deadlocks_before = ground.deadlocks().await?;
    let mut measured = vec![Vec::new(); CORES.len()];
    for _ in 0..rounds {
        for (target, rates) in targets.iter().zip(&mut measured) {
            let outcome = ground.closed(target, &HOT, slice).await?;
            rates.push(outcome.per_second());
        }
    }
    let deadlocks = ground.deadlocks().await? - deadlocks_before;
    if deadlocks > 0 {
        ground.report.wrong.push(format!("{deadlocks} deadlocks"));
    }
    judge(&mut ground.report, &measured);
    ground.conclude().await
}

fn judge(report: &mut ScenarioReport, measured: &[Vec<f64>]) {
    let [one, two, four] = measured else {
        return;
    };
    for (cores, rates) in CORES.iter().zip(measured) {
        report.figure_of(format!("charges with {cores} core(s)"), rates, "/s");
    }
    report.judge(
        "cores_2_vs_1",
        "charges/s, 2 cores ÷ 1",
        &pairs(two, one),
        KEPT,
    );
    report.judge(
        "cores_4_vs_1",
        "charges/s, 4 cores ÷ 1",
        &pairs(four, one),
        KEPT,
    );
}
