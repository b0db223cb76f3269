//! How soon events leave: ten thousand that wait for the broker, and a steady stream of them.

#![expect(
    clippy::float_arithmetic,
    reason = "rates and ratios, for people to read"
)]

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::scene::{GRANTED, Scene};
use crate::ratio::Target;
use crate::scenario::ground::per_second;

/// Ten thousand in all.
const FILL_PER_SECOND: f64 = 2_000.0;
const FILL: Duration = Duration::from_secs(5);
const SECONDS: Target = Target::AtMost(10.0);
/// Who are granted something all the time, in the stream.
const CALLERS: usize = 64;

pub struct Extent {
    pub rounds: usize,
    pub stream: Duration,
}

/// The broker is there before and after.
pub async fn play(scene: &mut Scene, extent: &Extent) -> Result<()> {
    describe(scene, extent);
    let (mut secs, mut rates, mut silences) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        scene.lose_broker().await?;
        scene.grant(FILL_PER_SECOND, FILL).await?;
        let drained = scene.regain_broker().await?;
        let rate = per_second(drained.events, drained.took);
        secs.push((10_000.0 / rate, 1.0));
        rates.push(rate);
        silences.push(drained.silence.as_secs_f64());
        scene.read_queue().await?;
    }
    let report = &mut scene.ground.report;
    report.figure_of("events that waited, published and confirmed", &rates, "/s");
    let name = "  from the broker's return to the first of them";
    report.figure_of(name, &silences, "s");
    report.judge(
        "events_10000",
        "seconds from the first to the last confirm of 10,000 events that waited",
        &secs,
        SECONDS,
    );
    stream(scene, extent.stream).await
}

/// The stream's events are confirmed while it lasts; what the relay is behind at its end counts, too.
async fn stream(scene: &mut Scene, time: Duration) -> Result<()> {
    let began = Instant::now();
    let outcome = scene.grant_by(CALLERS, time).await?;
    let ended = Instant::now();
    scene.until_all_left(Duration::from_mins(5)).await?;
    let left = per_second(outcome.answered, began.elapsed());
    let behind = ended.elapsed().as_secs_f64();
    let report = &mut scene.ground.report;
    report.figure("a stream: grants, each told", outcome.per_second(), "/s");
    report.figure("  events published and confirmed", left, "/s");
    report.figure("  from the last grant to the last confirm", behind, "s");
    Ok(())
}

fn describe(scene: &mut Scene, extent: &Extent) {
    scene.ground.report.note(format!(
        "While RabbitMQ is stopped, {FILL_PER_SECOND} grants a second for {FILL:?} on {GRANTED} accounts each \
         write an event to the outbox. Then it starts, with a durable queue that takes all events: timed is from \
         the first event in the queue until none is left in the outbox, {} times. Then {CALLERS} callers are \
         granted something all the time for {:?}, with RabbitMQ there. Everything shares this machine's cores.",
        extent.rounds, extent.stream
    ));
}
