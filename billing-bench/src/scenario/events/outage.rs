//! A long time without a broker: what calls lose by it, what the core keeps in memory, and whether all that was
//! told leaves afterwards.

#![expect(
    clippy::float_arithmetic,
    reason = "rates and ratios, for people to read"
)]

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::scene::{CHARGED, Drained, GRANTED, Scene};
use crate::load::Outcome;
use crate::ratio::{Ratio, Target};
use crate::scenario::ground::per_second;
use crate::scenario::memory::{Watch, most_kib};
use crate::scenario::report::{ScenarioReport, quantile};

const CHARGES_PER_SECOND: f64 = 300.0;
const GRANTS_PER_SECOND: f64 = 100.0;
const NO_SLOWER: Target = Target::AtMost(1.2);
const NO_LARGER: Target = Target::AtMost(1.1);

#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// As long as a part of the outage of which the charges' p99 is taken, and the memory.
    pub minute: Duration,
    pub minutes: u32,
    /// Slices with the broker and with events off, before the outage and after it.
    pub rounds: u32,
}

/// Of each slice, in microseconds.
#[derive(Default)]
struct Charges {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// The slices that the outage is compared with.
#[derive(Default)]
struct Beside {
    off: Charges,
    there: Charges,
}

struct Outage {
    charges: Charges,
    /// MiB, the most of each minute.
    memory: Vec<f64>,
}

/// The broker is there before.
pub async fn play(scene: &mut Scene, extent: Extent) -> Result<()> {
    describe(&mut scene.ground.report, extent);
    // The first charges make connections and plans.
    load(scene, extent.minute / 2).await?;
    let mut beside = Beside::default();
    for _ in 0..extent.rounds {
        beside.measure(scene, extent.minute).await?;
    }
    let outage = without_broker(scene, extent).await?;
    let drained = scene.regain_broker().await?;
    scene.read_queue().await?;
    for _ in 0..extent.rounds {
        beside.measure(scene, extent.minute).await?;
    }
    let report = &mut scene.ground.report;
    judge_charges(report, &beside, &outage.charges);
    judge_memory(report, &outage.memory);
    tell_of_draining(report, drained);
    Ok(())
}

fn describe(report: &mut ScenarioReport, extent: Extent) {
    let Extent {
        minute,
        minutes,
        rounds,
    } = extent;
    report.note(format!(
        "{CHARGES_PER_SECOND} charges/s over {CHARGED} accounts, timed from when each should have been sent, \
         beside {GRANTS_PER_SECOND} grants/s on {GRANTED} others, each of which tells an event: {minutes} times \
         {minute:?} in which RabbitMQ is stopped and the core goes on trying. Before and after that, {rounds} \
         times each and in turns, the same load for {minute:?} with RabbitMQ there, and with events switched off \
         and RabbitMQ stopped. It is judged against the latter, the stricter of the two: nothing of events is \
         written, and RabbitMQ takes nothing of the cores that it shares with PostgreSQL, the core and the load. \
         The median minute is judged; the highest number in brackets is of the worst one."
    ));
}

async fn load(scene: &mut Scene, time: Duration) -> Result<Outcome> {
    let (charges, grants) = (CHARGES_PER_SECOND, GRANTS_PER_SECOND);
    scene.charge_beside_grants(charges, grants, time).await
}

impl Charges {
    fn note(&mut self, outcome: &Outcome) {
        self.p50.push(quantile(&outcome.latency, 0.5));
        self.p99.push(quantile(&outcome.latency, 0.99));
    }

    fn show(&self, report: &mut ScenarioReport, when: &str) {
        report.figure_of(format!("charges {when}: p50"), &self.p50, "µs");
        report.figure_of("  p99, the median", &self.p99, "µs");
        let worst = Ratio::of_all(self.p99.iter().copied()).high;
        report.figure("  p99, the worst", worst, "µs");
        let millis: Vec<f64> = self.p99.iter().map(|micros| micros / 1_000.0).collect();
        report.note(format!(
            "p99 of charges {when}, one after the other, ms: {}",
            listed(&millis)
        ));
    }
}

impl Beside {
    /// One slice of each; the broker is away afterwards.
    async fn measure(&mut self, scene: &mut Scene, time: Duration) -> Result<()> {
        scene.have_broker().await?;
        self.there.note(&load(scene, time).await?);
        scene.lose_broker().await?;
        scene.events_off().await?;
        self.off.note(&load(scene, time).await?);
        scene.events_on().await
    }
}

async fn without_broker(scene: &mut Scene, extent: Extent) -> Result<Outage> {
    let mut outage = Outage {
        charges: Charges::default(),
        memory: Vec::new(),
    };
    let began = Instant::now();
    let watch = Watch::start(scene.ground.stage.core(0)?.pid()?, began);
    let mut ends = vec![Duration::ZERO];
    for minute in 1..=extent.minutes {
        outage.charges.note(&load(scene, extent.minute).await?);
        ends.push(began.elapsed());
        eprintln!(
            "bench: events, without a broker: {minute} of {}",
            extent.minutes
        );
    }
    let samples = watch.end().await?;
    for (from, to) in ends.iter().zip(ends.iter().skip(1)) {
        let kib = most_kib(&samples, *from, *to).and_then(|kib| u32::try_from(kib).ok());
        let mib = kib.map_or(f64::NAN, |kib| f64::from(kib) / 1_024.0);
        outage.memory.push(mib);
    }
    Ok(outage)
}

fn judge_charges(report: &mut ScenarioReport, beside: &Beside, outage: &Charges) {
    beside.off.show(report, "with events off");
    beside.there.show(report, "with the broker there");
    outage.show(report, "without a broker");
    let by = |charges: &Charges| -> Vec<(f64, f64)> {
        let median = Ratio::of_all(charges.p99.iter().copied()).median;
        outage.p99.iter().map(|p99| (*p99, median)).collect()
    };
    report.judge(
        "outage_p99",
        "p99 of charges, each minute without a broker ÷ the median with events off",
        &by(&beside.off),
        NO_SLOWER,
    );
    report.compare(
        "outage_p99_vs_broker",
        "p99 of charges, each minute without a broker ÷ the median with the broker there",
        &by(&beside.there),
    );
}

fn judge_memory(report: &mut ScenarioReport, memory: &[f64]) {
    report.note(format!(
        "Memory of the core without a broker (VmRSS), the most of each minute, MiB: {}",
        listed(memory)
    ));
    let middle = |minutes: &[f64]| Ratio::of_all(minutes.iter().copied()).median;
    let [_, second, _, last] = quarters(memory);
    let (before, after) = (middle(second), middle(last));
    report.figure("memory in the second quarter of the outage", before, "MiB");
    report.figure("memory in the last quarter", after, "MiB");
    report.judge(
        "outage_memory",
        "the core's memory in the last quarter of the outage ÷ in the second",
        &[(after, before)],
        NO_LARGER,
    );
}

fn tell_of_draining(report: &mut ScenarioReport, drained: Drained) {
    let Drained {
        events,
        silence,
        took,
    } = drained;
    report.figure(
        format!("{events} events that waited, published and confirmed"),
        per_second(events, took),
        "/s",
    );
    report.figure("  all of them", took.as_secs_f64(), "s");
    let name = "  from the broker's return to the first of them";
    report.figure(name, silence.as_secs_f64(), "s");
}

/// As equal as they can be.
fn quarters(minutes: &[f64]) -> [&[f64]; 4] {
    let end = |quarter: usize| minutes.len() * quarter / 4;
    let part = |number: usize| {
        minutes
            .get(end(number)..end(number + 1))
            .unwrap_or_default()
    };
    [part(0), part(1), part(2), part(3)]
}

fn listed(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number:.1}"))
        .collect();
    numbers.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_is_in_one_quarter() {
        let minutes = [1.0, 2.0, 3.0, 4.0, 5.0];
        let quarters = quarters(&minutes);
        assert_eq!(quarters.concat(), minutes);
        assert!(quarters.iter().all(|quarter| !quarter.is_empty()));
    }
}
