//! A provider reports that payments are paid: how long until the credit is committed, and what does a
//! storm of such reports do to checks?

mod delivery;
mod gateway;
mod payments;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::time::sleep;

use self::delivery::Storm;
use self::gateway::Gateway;
use self::payments::Purpose;
use super::ground::Ground;
use super::report::{ScenarioReport, pairs, quantile};
use super::{Length, Scenario};
use crate::load::{self, Accounts, Plan, Target as LoadTarget, Work, apart};
use crate::ratio::Target;

const ACCOUNTS: u64 = 10_000;
const CHECKS_PER_SECOND: f64 = 500.0;
/// From when all of a storm has been sent until it is measured: the gateway has read it by then.
const RISING: Duration = Duration::from_millis(500);

/// How much is measured.
#[derive(Clone, Copy)]
struct Extent {
    rounds: usize,
    slice: Duration,
    /// Reports in a slice, one after the other.
    lone: usize,
    /// Reports that are in flight at once in a storm.
    storm: usize,
    /// Reports that a storm has to send: more than it can.
    supply: usize,
}

pub async fn run(length: Length) -> Result<ScenarioReport> {
    let quick = Extent {
        rounds: 2,
        slice: Duration::from_secs(1),
        lone: 50,
        storm: 500,
        supply: 10_000,
    };
    let full = Extent {
        rounds: 7,
        slice: Duration::from_secs(5),
        lone: 500,
        storm: 5_000,
        supply: 30_000,
    };
    let extent = length.pick(quick, full);
    let mut ground = Ground::prepare(Scenario::Webhook, 1, ACCOUNTS).await?;
    let Extent {
        rounds,
        slice,
        lone,
        storm,
        ..
    } = extent;
    ground.report.note(format!(
        "Signed webhooks of Stripe's shape, each of a payment of its own, through a gateway and the \
         core: {lone} one after the other, timed from the first byte sent to the last received, take \
         turns with lone charges, {rounds} times. Then {CHECKS_PER_SECOND} checks/s over {ACCOUNTS} \
         accounts for {slice:?}, alone and beside {storm} webhooks in flight on as many connections: \
         whenever one is answered, the next is sent; payments that top accounts up, then contributions to one tenant. What is answered 503 is sent again when the answer \
         says so. The gateway's bounds are as they come."
    ));
    let target = ground.target(0).await?;
    let gateway = Gateway::start(ground.core(0)?, &ground.tokens.admin).await?;
    measure_lone(&mut ground, &target, &gateway, extent).await?;
    for purpose in [Purpose::TopUp, Purpose::Contribution] {
        measure_storm(&mut ground, &target, &gateway, extent, purpose).await?;
    }
    gateway.stop().await?;
    ground.conclude().await
}

/// Webhooks and charges, each alone on the machine.
async fn measure_lone(
    ground: &mut Ground,
    target: &LoadTarget,
    gateway: &Gateway,
    extent: Extent,
) -> Result<()> {
    let charges = Plan::new(Work::Charge, Accounts::Uniform(ACCOUNTS));
    let (mut webhook_p50, mut charge_p50) = (Vec::new(), Vec::new());
    let mut all = Histogram::new(3)?;
    for round in 0..=extent.rounds {
        let made = payments::fill(
            ground,
            &format!("lone-{round}"),
            Purpose::TopUp,
            extent.lone,
        )
        .await?;
        let latency = delivery::one_by_one(gateway, &made).await?;
        let outcome = load::closed(target, &charges, 1, extent.slice / 2).await?;
        ground.expect_clean(&outcome);
        payments::expect_booked(ground, Purpose::TopUp, &made, &[]).await?;
        // The first round warms up.
        if round > 0 {
            webhook_p50.push(quantile(&latency, 0.5));
            charge_p50.push(quantile(&outcome.latency, 0.5));
            all.add(&latency)?;
        }
    }
    let report = &mut ground.report;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        report.figure(
            format!("webhook to committed credit: {name}"),
            quantile(&all, share),
            "µs",
        );
    }
    report.figure_of("a lone charge: p50", &charge_p50, "µs");
    report.judge(
        "webhook_p50",
        "p50 of a webhook, from its sending to its answer ÷ p50 of a lone charge",
        &pairs(&webhook_p50, &charge_p50),
        Target::AtMost(3.0),
    );
    Ok(())
}

/// Checks, alone and in a storm of webhooks.
async fn measure_storm(
    ground: &mut Ground,
    target: &LoadTarget,
    gateway: &Gateway,
    extent: Extent,
    purpose: Purpose,
) -> Result<()> {
    let (storm_name, ratio, of) = match purpose {
        Purpose::TopUp => (
            "storm",
            "storm_p99",
            "p99 of checks in a storm of webhooks ÷ alone",
        ),
        Purpose::Contribution => (
            "gifts",
            "gifts_p99",
            "p99 of checks in a storm of contributions to one tenant ÷ alone",
        ),
    };
    let checks = Plan::new(Work::Check, Accounts::Uniform(ACCOUNTS));
    let (mut alone_p99, mut storm_p99) = (Vec::new(), Vec::new());
    let (mut sent, mut put_off) = (Vec::new(), Vec::new());
    for round in 0..extent.rounds {
        let outcome = load::open(target, &checks, CHECKS_PER_SECOND, extent.slice).await?;
        ground.expect_clean(&outcome);
        alone_p99.push(quantile(&outcome.latency, 0.99));

        let made = payments::fill(
            ground,
            &format!("{storm_name}-{round}"),
            purpose,
            extent.supply,
        )
        .await?;
        let reports: Result<_> = made.iter().map(|payment| gateway.report(payment)).collect();
        let storm = Arc::new(Storm::new(reports?));
        let (blowing, address) = (Arc::clone(&storm), gateway.address);
        let blown = apart(move || blowing.blow(address, extent.storm));
        let measured = async {
            storm.risen(extent.storm).await?;
            sleep(RISING).await;
            let outcome = load::open(target, &checks, CHECKS_PER_SECOND, extent.slice).await;
            storm.end();
            outcome
        };
        let (storm, outcome) = tokio::try_join!(blown, measured)?;
        ground.expect_clean(&outcome);
        storm_p99.push(quantile(&outcome.latency, 0.99));
        let (credited, never_sent) = made.split_at(storm.sent);
        sent.push(f64::from(u32::try_from(credited.len())?));
        put_off.push(f64::from(storm.put_off));
        ground.report.wrong.extend(storm.wrong);
        payments::expect_booked(ground, purpose, credited, never_sent).await?;
    }
    let report = &mut ground.report;
    report.figure_of(format!("{storm_name}: checks alone, p99"), &alone_p99, "µs");
    report.figure_of("  checks in the storm, p99", &storm_p99, "µs");
    report.figure_of("  payments booked in a slice", &sent, "");
    report.figure_of("  webhooks put off by 503", &put_off, "");
    report.judge(
        ratio,
        of,
        &pairs(&storm_p99, &alone_p99),
        Target::AtMost(3.0),
    );
    Ok(())
}
