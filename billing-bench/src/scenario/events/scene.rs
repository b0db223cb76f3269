//! A core that publishes its events, a broker that can be away, and the loads that both scenes have: grants,
//! each of which tells an event, and charges, which tell none.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_stage::rabbitmq::Broker;
use billing_stage::{CoreProcess, core_beside};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};

use super::queue::{Queue, Received};
use crate::load::{self, Accounts, Outcome, Plan, Target as LoadTarget, Work};
use crate::scenario::Scenario;
use crate::scenario::ground::Ground;
use crate::scenario::report::ScenarioReport;

/// Charges are on the first ones, grants on the others.
pub const CHARGED: u64 = 10_000;
pub const GRANTED: u64 = 1_000;

const CHARGES: Plan = Plan::new(Work::Charge, Accounts::Uniform(CHARGED));
const GRANTS: Plan = Plan::new(Work::Grant, Accounts::Between(CHARGED, CHARGED + GRANTED));
const CONNECTIONS: usize = 16;

/// Between looks at what has left.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Where many rows are deleted and not yet vacuumed, a look takes longer: no more than this part of the time.
const LOOKING_SHARE: u32 = 10;
/// For the relay, which tries again every 15 s at the latest.
const PATIENCE: Duration = Duration::from_mins(1);

/// Fields are dropped in this order: the connection before the server.
pub struct Scene {
    observer: PgConnection,
    pub ground: Ground,
    charges: LoadTarget,
    grants: LoadTarget,
    broker: Broker,
    has_broker: bool,
    received: Received,
    /// So many grants were made while events were on.
    told: u64,
    are_events_on: bool,
}

/// The events that left once the broker was back.
#[derive(Clone, Copy, Debug)]
pub struct Drained {
    pub events: u64,
    /// From when the broker could be connected to until the first event was there.
    pub silence: Duration,
    /// From the first event to the last confirm.
    pub took: Duration,
}

impl Scene {
    /// With the broker, and a queue for all events.
    pub async fn set() -> Result<Self> {
        let mut ground = Ground::prepare(Scenario::Events, 0, CHARGED + GRANTED).await?;
        let broker = Broker::throw_away().await?;
        // From the first one on, events have somewhere to go.
        drop(Queue::open(&broker.url()).await?);
        let settings = [("BILLING_AMQP_URL", broker.url())];
        let core = ground.stage.add_core_of(core_beside()?, &settings)?;
        core.start().await?;
        let address = [ground.core(0)?];
        let charges = LoadTarget::connect(&address, &ground.tokens.tools, CONNECTIONS).await?;
        let grants = LoadTarget::connect(&address, &ground.tokens.admin, CONNECTIONS).await?;
        Ok(Self {
            observer: PgConnection::connect(&ground.stage.urls.owner).await?,
            ground,
            charges,
            grants,
            broker,
            has_broker: true,
            received: Received::default(),
            told: 0,
            are_events_on: true,
        })
    }

    /// Grants at a fixed rate; answers how many.
    pub async fn grant(&mut self, per_second: f64, time: Duration) -> Result<u64> {
        let outcome = load::open(&self.grants, &GRANTS, per_second, time).await?;
        self.note(&outcome, 0).await?;
        Ok(outcome.answered)
    }

    /// Grants as fast as so many callers get them.
    pub async fn grant_by(&mut self, callers: usize, time: Duration) -> Result<Outcome> {
        let outcome = load::closed(&self.grants, &GRANTS, callers, time).await?;
        self.note(&outcome, 0).await?;
        Ok(outcome)
    }

    /// Charges beside grants, both at fixed rates: what came of the charges.
    pub async fn charge_beside_grants(
        &mut self,
        charges_per_second: f64,
        grants_per_second: f64,
        time: Duration,
    ) -> Result<Outcome> {
        // Each load has threads and connections of its own.
        let (charges, grants) = tokio::try_join!(
            load::open(&self.charges, &CHARGES, charges_per_second, time),
            load::open(&self.grants, &GRANTS, grants_per_second, time),
        )?;
        self.ground.expect_clean(&charges);
        self.note(&grants, charges.answered).await?;
        Ok(charges)
    }

    async fn note(&mut self, grants: &Outcome, charges: u64) -> Result<()> {
        self.ground.expect_clean(grants);
        if self.are_events_on {
            self.told += grants.answered;
        }
        self.ground.settle(charges).await
    }

    /// Stops the broker once all that was told is confirmed, and read.
    pub async fn lose_broker(&mut self) -> Result<()> {
        self.until_all_left(PATIENCE).await?;
        self.read_queue().await?;
        self.has_broker = false;
        self.broker.stop().await
    }

    /// Starts the broker, and ends when all that waits for it is confirmed. Something must wait, and the queue
    /// be empty.
    pub async fn regain_broker(&mut self) -> Result<Drained> {
        let events = self.waiting().await?;
        self.broker.start().await?;
        self.has_broker = true;
        let there = Instant::now();
        let queue = Queue::open(&self.broker.url()).await?;
        // The last moment at which nothing had come: so the time is rather too long than too short.
        let mut first = there;
        loop {
            let now = Instant::now();
            if queue.count().await? > 0 {
                break;
            }
            ensure!(
                there.elapsed() < PATIENCE,
                "no event came within {PATIENCE:?} after the broker; the core's log ends:\n{}",
                self.log_end()
            );
            first = now;
            sleep(LOOK_EVERY).await;
        }
        // A tenth of the rate that is hoped for is waited for.
        let patience = PATIENCE + Duration::from_millis(10) * u32::try_from(events)?;
        self.until_all_left(patience).await?;
        Ok(Drained {
            events,
            silence: first.duration_since(there),
            took: first.elapsed(),
        })
    }

    /// The broker is there, and the core knows.
    pub async fn have_broker(&mut self) -> Result<()> {
        if !self.has_broker {
            self.grant(20.0, Duration::from_millis(500)).await?;
            self.regain_broker().await?;
        }
        Ok(())
    }

    /// No events are written from now on, as where no core has a broker. None may wait.
    pub async fn events_off(&mut self) -> Result<()> {
        self.are_events_on = false;
        let off = "delete from outbox_channel where channel = 'event'";
        self.ground.execute_as_owner(off).await
    }

    /// Ends once the core has read it, which it does each second, and so tells of all of some grants. The broker is
    /// away: whatever it has told waits, and that before it had read that events were off, too.
    pub async fn events_on(&mut self) -> Result<()> {
        let on = "insert into outbox_channel (channel) values ('event')";
        self.ground.execute_as_owner(on).await?;
        let since = Instant::now();
        loop {
            let before = self.waiting().await?;
            let granted = self.grant(20.0, Duration::from_millis(100)).await?;
            let waiting = self.waiting().await?;
            if granted > 0 && waiting == before + granted {
                self.told += waiting;
                self.are_events_on = true;
                return Ok(());
            }
            ensure!(since.elapsed() < PATIENCE, "the core tells no events");
        }
    }

    async fn waiting(&mut self) -> Result<u64> {
        let waiting: i64 =
            sqlx::query_scalar("select count(*) from outbox_message where channel = 'event'")
                .fetch_one(&mut self.observer)
                .await?;
        Ok(u64::try_from(waiting)?)
    }

    /// Until no event is left in the outbox: the broker has confirmed them all.
    pub async fn until_all_left(&mut self, patience: Duration) -> Result<()> {
        let began = Instant::now();
        loop {
            let looked_at = Instant::now();
            let some_wait: bool = sqlx::query_scalar(
                "select exists (select from outbox_message where channel = 'event')",
            )
            .fetch_one(&mut self.observer)
            .await?;
            if !some_wait {
                return Ok(());
            }
            ensure!(
                began.elapsed() < patience,
                "events still wait after {patience:?}; the core's log ends:\n{}",
                self.log_end()
            );
            sleep(LOOK_EVERY.max(looked_at.elapsed() * LOOKING_SHARE)).await;
        }
    }

    fn log_end(&self) -> String {
        let core = self.ground.stage.core(0);
        let log = core.map_or_else(|error| error.to_string(), CoreProcess::log);
        let lines: Vec<&str> = log.lines().collect();
        let skipped = lines.len().saturating_sub(10);
        lines.get(skipped..).unwrap_or_default().join("\n")
    }

    /// Reads all that has come. Nothing may be on its way.
    pub async fn read_queue(&mut self) -> Result<()> {
        let queue = Queue::open(&self.broker.url()).await?;
        queue
            .take_all(&mut self.received)
            .await
            .context("cannot read the queue")
    }

    /// Whether every event has come, in order; then the end of everything.
    pub async fn conclude(mut self) -> Result<ScenarioReport> {
        // Events may wait that were told while the broker was away.
        self.have_broker().await?;
        self.lose_broker().await?;
        let report = &mut self.ground.report;
        report.note(format!(
            "{} grants were told; {} events came, and {} deliveries were of events that had come before.",
            self.told, self.received.events, self.received.again
        ));
        report.wrong.extend(self.received.wrong(self.told));
        self.observer.close().await?;
        self.ground.conclude().await
    }
}
