//! Events and their broker, a real RabbitMQ: how soon they leave, what it costs that they cannot, and whether
//! all of them leave in the end, in order.

mod outage;
mod publishing;
mod queue;
mod scene;

use std::time::Duration;

use anyhow::{Result, ensure};
use billing_stage::rabbitmq::obstacle;

use self::scene::Scene;
use super::report::ScenarioReport;
use super::{Length, Scenario, ScenarioOptions};
use crate::room;

/// Each minute without a broker takes so much of the disk: ledger, outbox, the server's log, and then the queue.
const MINUTE_BYTES: u64 = 150 << 20;
const NEEDED_BYTES: u64 = 4 << 30;
/// So many fit into the time that a quick run may take.
const QUICK_MINUTES: u32 = 3;

/// Where there is no RabbitMQ, it says so and measures nothing.
pub async fn run(length: Length, options: &ScenarioOptions) -> Result<ScenarioReport> {
    if let Some(obstacle) = obstacle() {
        eprintln!("bench: the scenario events is SKIPPED: {obstacle}");
        let mut report = ScenarioReport::new(Scenario::Events);
        report.note(format!("SKIPPED, nothing was measured: {obstacle}"));
        return Ok(report);
    }
    let away = away(length, options)?;
    let minutes = away.as_secs().div_ceil(60);
    room::require(
        NEEDED_BYTES + minutes * MINUTE_BYTES,
        "the scenario `events`",
        "choose fewer --events-minutes, or make room",
    )?;
    let mut scene = Scene::set().await?;
    let publishing = publishing::Extent {
        rounds: length.pick(1, 3),
        stream: length.pick(Duration::from_secs(2), Duration::from_secs(10)),
    };
    publishing::play(&mut scene, &publishing).await?;
    let (minute, minutes) = parts(away)?;
    let outage = outage::Extent {
        minute,
        minutes,
        rounds: (minutes / 15).clamp(1, 3),
    };
    outage::play(&mut scene, outage).await?;
    scene.conclude().await
}

/// By when the scenario has ended, or hangs.
pub fn limit(length: Length, options: &ScenarioOptions) -> Result<Duration> {
    let away = away(length, options)?;
    // All that has come meanwhile leaves and is read within a third of the time.
    Ok(length.pick(Duration::from_mins(5), Duration::from_mins(30)) + away + away / 3)
}

/// How long the broker is away.
fn away(length: Length, options: &ScenarioOptions) -> Result<Duration> {
    let Some(minutes) = options.events_minutes else {
        return Ok(length.pick(Duration::from_secs(20), Duration::from_mins(5)));
    };
    ensure!(
        length == Length::Full || minutes <= QUICK_MINUTES,
        "with --quick, --events-minutes must be at most {QUICK_MINUTES}"
    );
    Ok(Duration::from_mins(minutes.into()))
}

/// Minutes; at least four parts, so that the quarters can be compared.
fn parts(away: Duration) -> Result<(Duration, u32)> {
    let minute = Duration::from_mins(1).min(away / 4);
    let minutes = away.as_millis() / minute.as_millis().max(1);
    Ok((minute, u32::try_from(minutes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_has_whole_minutes_or_four_parts() {
        let (mins, secs) = (Duration::from_mins, Duration::from_secs);
        assert_eq!(parts(mins(60)).unwrap(), (mins(1), 60));
        assert_eq!(parts(mins(5)).unwrap(), (mins(1), 5));
        assert_eq!(parts(secs(20)).unwrap(), (secs(5), 4));
    }
}
