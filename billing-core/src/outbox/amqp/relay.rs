//! The relay to RabbitMQ: many subjects at once, each in order.
//!
//! A subject's next event is published when the broker has confirmed the one before. What it has not confirmed
//! stays in the outbox and is published again: receivers get each event at least once, and its first delivery in
//! order.

use std::time::Duration;

use metrics::{counter, gauge};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::super::queries::events::{postpone_events, take_events, waiting_events};
use super::super::queries::{Waiting, lease_shares, release_shares};
use super::super::relay::{cut_short, show};
use super::Broker;
use super::link::{Link, Slot, Trouble, publish};
use crate::outbox::Channel as Outgoing;

/// Longer than a round, whose last confirm may take 10 s.
const LEASE_SECS: i64 = 60;
/// No event of a round is published later than this.
const ROUND_TIME: Duration = Duration::from_secs(10);
const ROUND_MAX: i64 = 1_600;
const PAUSE: Duration = Duration::from_millis(200);
/// While nothing can leave, looking for what could takes no more than this part of the time.
const LOOKING_SHARE: u32 = 10;
/// Between attempts to reach the broker; doubled up to the second.
const AWAY_PAUSE: Duration = Duration::from_millis(500);
const AWAY_PAUSE_MAX: Duration = Duration::from_secs(15);
/// Counting what waits reads all of it.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// What a round came to.
enum Ended {
    /// Nothing could leave; how long it took to see that.
    Idle(Duration),
    /// More may wait.
    Delivered,
    /// Some left, and nothing is known of others.
    Partly,
    /// The broker cannot be spoken to, blocks, or is silent.
    Away,
}

/// Publishes events until `shutdown`. Several cores share the work.
pub async fn run(pool: PgPool, broker: Broker, shutdown: CancellationToken) {
    let mut relay = Relay {
        pool,
        broker,
        owner: Uuid::now_v7().to_string(),
        link: None,
        delivered: 0,
        shown_at: None,
    };
    let mut away_pause = AWAY_PAUSE;
    loop {
        let ended = relay.round(&shutdown).await;
        let pause = match ended {
            Ended::Delivered => Duration::ZERO,
            Ended::Idle(took) => PAUSE.max(took * LOOKING_SHARE),
            Ended::Partly => AWAY_PAUSE,
            Ended::Away => away_pause,
        };
        away_pause = match ended {
            Ended::Away => (away_pause * 2).min(AWAY_PAUSE_MAX),
            Ended::Delivered | Ended::Partly | Ended::Idle(_) => AWAY_PAUSE,
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    relay.give_back().await;
}

struct Relay {
    pool: PgPool,
    broker: Broker,
    owner: String,
    link: Option<Link>,
    /// Since it was last shown.
    delivered: u64,
    shown_at: Option<Instant>,
}

impl Relay {
    async fn round(&mut self, shutdown: &CancellationToken) -> Ended {
        if let Err(error) = self.show().await {
            warn!(%error, "events that wait not counted");
        }
        if self.link.as_ref().is_some_and(Link::is_blocked) {
            warn!("the broker of events is short of memory or disk and takes none, they wait");
            self.give_back().await;
            return Ended::Away;
        }
        // It was blocked.
        self.drop_lost();
        if self.link.is_none() {
            match Link::open(&self.broker).await {
                Ok(link) => {
                    info!("connected to the broker of events");
                    self.link = Some(link);
                }
                Err(error) => {
                    warn!(error, "the broker of events cannot be reached, they wait");
                    return Ended::Away;
                }
            }
            gauge!("billing_amqp_connected").set(1.0);
        }
        let begun = Instant::now();
        let delivered = self.deliver(shutdown).await;
        self.drop_lost();
        match delivered {
            Ok(Ended::Away) => {
                // Another core may reach its broker.
                self.give_back().await;
                Ended::Away
            }
            Ok(ended) => ended,
            Err(error) => {
                warn!(channel = Outgoing::Event.name(), %error, "outbox not read");
                Ended::Idle(begun.elapsed())
            }
        }
    }

    /// Not while it is blocked: that it is closed would not be written, and its thread and socket would stay. The
    /// next one would be blocked like it, and the one after that.
    fn drop_lost(&mut self) {
        let is_done = |link: &Link| link.is_lost && !link.is_blocked();
        if self.link.as_ref().is_some_and(is_done) {
            self.link = None;
            gauge!("billing_amqp_connected").set(0.0);
        }
    }

    async fn deliver(&mut self, shutdown: &CancellationToken) -> Result<Ended, sqlx::Error> {
        let Some(link) = &mut self.link else {
            return Ok(Ended::Away);
        };
        let shares = lease_shares(&self.pool, Outgoing::Event, &self.owner, LEASE_SECS).await?;
        let begun = Instant::now();
        let many = i64::try_from(shares.len()).unwrap_or(i64::MAX).max(1);
        let waiting = waiting_events(&self.pool, &shares, ROUND_MAX / many).await?;
        if waiting.is_empty() {
            return Ok(Ended::Idle(begun.elapsed()));
        }
        let sent = publish_all(&link.channels, waiting, shutdown).await;
        let is_blocked = link.is_blocked();
        link.is_lost = sent.unknown().is_some();
        let is_lost = link.is_lost;
        let (accounts, seqs) = &sent.confirmed;
        if !accounts.is_empty() {
            take_events(&self.pool, accounts, seqs).await?;
        }
        let confirmed = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
        self.delivered = self.delivered.saturating_add(confirmed);
        counter!("billing_events_published_total", "outcome" => "confirmed").increment(confirmed);
        if let Some(error) = sent.unknown() {
            warn!(
                error,
                "the broker of events was lost or says nothing, they wait"
            );
        }
        self.postpone(sent.troubled, is_blocked).await?;
        Ok(match (is_lost, confirmed) {
            (true, 0) => Ended::Away,
            // One queue may say nothing for long: what is for others does not wait as for a broker that is away.
            (true, _) => Ended::Partly,
            (false, 0) => Ended::Idle(begun.elapsed()),
            (false, _) => Ended::Delivered,
        })
    }

    /// Notes what is wrong with each event. Where nothing is known, it is not the event's fault; nor where a broker
    /// that blocks says nothing. One that does not block and says nothing may do so of this event only, and the
    /// others must get their turn.
    async fn postpone(
        &self,
        troubled: Vec<(Waiting, Trouble)>,
        is_blocked: bool,
    ) -> Result<(), sqlx::Error> {
        let (mut accounts, mut seqs, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (event, trouble) in troubled {
            counter!("billing_events_published_total", "outcome" => trouble.name()).increment(1);
            let error = match trouble {
                Trouble::Unroutable(error) | Trouble::Rejected(error) => error,
                Trouble::Silent(error) if !is_blocked => error,
                Trouble::Silent(_) | Trouble::Unknown(_) => continue,
            };
            warn!(channel = Outgoing::Event.name(), account = %event.account_id, seq = event.seq,
                kind = event.kind, attempts = event.attempts, error, "event not taken, it waits");
            accounts.push(event.account_id);
            seqs.push(event.seq);
            errors.push(error);
        }
        if accounts.is_empty() {
            return Ok(());
        }
        postpone_events(&self.pool, &accounts, &seqs, &errors).await
    }

    async fn show(&mut self) -> Result<(), sqlx::Error> {
        if self.shown_at.is_some_and(|at| at.elapsed() < SHOW_EVERY) {
            return Ok(());
        }
        self.shown_at = Some(Instant::now());
        show(
            &self.pool,
            Outgoing::Event,
            std::mem::take(&mut self.delivered),
        )
        .await
    }

    /// Else the others would wait for the lease to run out.
    async fn give_back(&self) {
        if let Err(error) = release_shares(&self.pool, Outgoing::Event, &self.owner).await {
            warn!(channel = Outgoing::Event.name(), %error, "shares of the outbox not given back");
        }
    }
}

/// What came of events.
#[derive(Default)]
struct Sent {
    /// Their accounts and numbers.
    confirmed: (Vec<Uuid>, Vec<i64>),
    troubled: Vec<(Waiting, Trouble)>,
}

impl Sent {
    /// Why nothing is known of an event, where that is so.
    fn unknown(&self) -> Option<&str> {
        self.troubled.iter().find_map(|(_, trouble)| match trouble {
            Trouble::Silent(error) | Trouble::Unknown(error) => Some(error.as_str()),
            Trouble::Unroutable(_) | Trouble::Rejected(_) => None,
        })
    }

    fn extend(&mut self, more: Self) {
        self.confirmed.0.extend(more.confirmed.0);
        self.confirmed.1.extend(more.confirmed.1);
        self.troubled.extend(more.troubled);
    }
}

/// Publishes all subjects at once, their events in order, on as many channels as there are: each subject has one,
/// and shares it with others.
async fn publish_all(
    channels: &[Slot],
    waiting: Vec<Waiting>,
    shutdown: &CancellationToken,
) -> Sent {
    let until = Instant::now() + ROUND_TIME;
    let mut subjects = JoinSet::new();
    let mut slots = channels.iter().cycle();
    let mut events = waiting.into_iter().peekable();
    while let (Some(first), Some(slot)) = (events.next(), slots.next()) {
        let account = first.account_id;
        let mut of_subject = vec![first];
        while let Some(next) = events.next_if(|event| event.account_id == account) {
            of_subject.push(next);
        }
        subjects.spawn(publish_in_order(
            Slot::clone(slot),
            of_subject,
            until,
            shutdown.clone(),
        ));
    }
    let mut sent = Sent::default();
    loop {
        tokio::select! {
            biased;
            done = subjects.join_next() => match done {
                None => return sent,
                Some(Ok(of_subject)) => sent.extend(of_subject),
                Some(Err(error)) => warn!(%error, "events of a subject not published"),
            },
            // What is not known to be confirmed is published again.
            () = cut_short(shutdown) => return sent,
        }
    }
}

/// Publishes a subject's events one after the other, until one is not confirmed.
async fn publish_in_order(
    slot: Slot,
    events: Vec<Waiting>,
    until: Instant,
    shutdown: CancellationToken,
) -> Sent {
    let mut sent = Sent::default();
    for event in events {
        // Nothing else is on its way on this channel until the broker has answered.
        let mut held = slot.lock().await;
        if shutdown.is_cancelled() || Instant::now() > until {
            break;
        }
        // Nobody else finds it there where this task ends before the broker has answered.
        let Some(channel) = held.take() else {
            break;
        };
        match publish(&channel, &event).await {
            Ok(()) => {
                *held = Some(channel);
                sent.confirmed.0.push(event.account_id);
                sent.confirmed.1.push(event.seq);
            }
            Err(trouble) => {
                if trouble.is_answer() {
                    *held = Some(channel);
                }
                sent.troubled.push((event, trouble));
                break;
            }
        }
    }
    sent
}
