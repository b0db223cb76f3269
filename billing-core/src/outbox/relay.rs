//! The relay: leases shares of the accounts, reads what waits, delivers it, and deletes it in a
//! second short transaction. Each channel has a loop of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::amqp::{self, EventOptions};
use super::mail::{MailOptions, Postman, Round};
use super::queries::{self, Waiting};
use super::{Channel, Fate, files, handover};
use crate::unsubscribe::Links;

/// How long a core has a share before another may take it: longer than a round, whose last notice
/// may take 35 s (to connect and to send).
const LEASE_SECS: i64 = 60;
/// No notice of a round is begun later than this.
const ROUND_TIME: Duration = Duration::from_secs(15);
const ROUND_MAX: i64 = 200;
const PAUSE: Duration = Duration::from_millis(500);
/// Between rounds while the server cannot be spoken to; doubled up to the second.
const AWAY_PAUSE: Duration = Duration::from_secs(1);
const AWAY_PAUSE_MAX: Duration = Duration::from_secs(30);
/// For a notice in flight when the core is to stop.
const LAST_MESSAGE: Duration = Duration::from_secs(5);

/// How the notices of a channel leave.
enum Way {
    Files(PathBuf),
    Post(Box<Postman>),
}

/// What a round came to.
enum Ended {
    Idle,
    /// More may wait.
    Delivered,
    /// The server cannot be spoken to.
    Away,
}

/// Lets events be written, by every core, where this one has somewhere to deliver them.
pub async fn switch_events_on(
    folder: Option<&Path>,
    events: &EventOptions,
    pool: &PgPool,
) -> Result<(), sqlx::Error> {
    let were_read = folder.is_some();
    let is_read = were_read || events.is_set();
    if is_read && queries::events::switch_on(pool, were_read).await? {
        info!("events are switched on: they are written from now on");
    }
    Ok(())
}

/// A relay for each channel that has somewhere to deliver to; events without such a place are for endpoints alone.
pub fn start(
    folder: Option<&Path>,
    events: &EventOptions,
    mail: &MailOptions,
    links: &Arc<Links>,
    pool: &PgPool,
    shutdown: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut relays = JoinSet::new();
    for channel in Channel::ALL {
        let way = match channel {
            Channel::Mail => mail
                .postman(folder, links)?
                .map(|postman| Way::Post(Box::new(postman))),
            Channel::Event => match (events.broker()?, folder) {
                (Some(broker), _) => {
                    relays.spawn(amqp::run(pool.clone(), broker, shutdown.clone()));
                    None
                }
                (None, Some(folder)) => Some(Way::Files(folder.to_owned())),
                (None, None) => {
                    relays.spawn(handover::run(pool.clone(), shutdown.clone()));
                    None
                }
            },
        };
        if let Some(way) = way {
            relays.spawn(run(pool.clone(), channel, way, shutdown.clone()));
        }
    }
    Ok(relays)
}

/// Delivers what one channel has, until `shutdown`. Several cores share the work; each notice is
/// delivered at least once, in the order of its account.
async fn run(pool: PgPool, channel: Channel, way: Way, shutdown: CancellationToken) {
    let owner = Uuid::now_v7().to_string();
    let mut away_pause = AWAY_PAUSE;
    loop {
        let ended = match round(&pool, channel, &way, &owner, &shutdown).await {
            Ok(ended) => ended,
            Err(error) => {
                warn!(channel = channel.name(), %error, "outbox not read");
                Ended::Idle
            }
        };
        let pause = match ended {
            Ended::Delivered => Duration::ZERO,
            Ended::Idle => PAUSE,
            Ended::Away => away_pause,
        };
        away_pause = match ended {
            Ended::Away => (away_pause * 2).min(AWAY_PAUSE_MAX),
            Ended::Delivered | Ended::Idle => AWAY_PAUSE,
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    // Else the others would wait for the lease to run out.
    if let Err(error) = queries::release_shares(&pool, channel, &owner).await {
        warn!(channel = channel.name(), %error, "shares of the outbox not given back");
    }
}

async fn round(
    pool: &PgPool,
    channel: Channel,
    way: &Way,
    owner: &str,
    shutdown: &CancellationToken,
) -> Result<Ended, sqlx::Error> {
    let shares = queries::lease_shares(pool, channel, owner, LEASE_SECS).await?;
    let waiting = queries::waiting(pool, channel, &shares, ROUND_MAX).await?;
    let mut done = Done {
        pool,
        channel,
        notices: (Vec::new(), Vec::new()),
        all: 0,
    };
    let mut post = Round::default();
    let ended = deliver_all(&waiting, way, &mut done, &mut post, shutdown).await;
    post.end().await;
    done.delete().await?;
    show(pool, channel, done.all).await?;
    ended
}

/// Delivers notices until the round's time is over, or the server is away.
async fn deliver_all(
    waiting: &[Waiting],
    way: &Way,
    done: &mut Done<'_>,
    post: &mut Round,
    shutdown: &CancellationToken,
) -> Result<Ended, sqlx::Error> {
    let (pool, channel, begun) = (done.pool, done.channel, Instant::now());
    let mut stuck: Option<Uuid> = None;
    for notice in waiting {
        if shutdown.is_cancelled() || begun.elapsed() > ROUND_TIME {
            break;
        }
        // An account's notices come one after the other.
        if stuck == Some(notice.account_id) {
            continue;
        }
        let fate = tokio::select! {
            fate = way.deliver(pool, channel, notice, post) => fate?,
            // It is delivered again, and can be told.
            () = cut_short(shutdown) => break,
        };
        match fate {
            Fate::Done => done.add(notice, way.batch()).await?,
            Fate::Later(told) => {
                stuck = Some(notice.account_id);
                postpone(pool, channel, notice, &told).await?;
            }
            Fate::Never(told) => give_up(pool, channel, notice, &told).await?,
            Fate::Away(told) => {
                warn!(
                    channel = channel.name(),
                    error = told,
                    "nothing can be delivered, it waits"
                );
                return Ok(Ended::Away);
            }
        }
    }
    Ok(if done.all > 0 {
        Ended::Delivered
    } else {
        Ended::Idle
    })
}

pub(super) async fn cut_short(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    sleep(LAST_MESSAGE).await;
}

impl Way {
    async fn deliver(
        &self,
        pool: &PgPool,
        channel: Channel,
        notice: &Waiting,
        post: &mut Round,
    ) -> Result<Fate, sqlx::Error> {
        match self {
            Self::Post(postman) => postman.deliver(pool, notice, post).await,
            Self::Files(folder) => Ok(match files::deliver(folder, channel, notice).await {
                Ok(()) => Fate::Done,
                Err(error) => Fate::Later(error.to_string()),
            }),
        }
    }

    /// How many deliveries are noted together. A file that is written again is the same; a mail that
    /// is sent again is read twice.
    const fn batch(&self) -> usize {
        match self {
            Self::Files(_) => 200,
            Self::Post(_) => 1,
        }
    }
}

/// Notices that were delivered and still have their rows.
struct Done<'a> {
    pool: &'a PgPool,
    channel: Channel,
    notices: (Vec<Uuid>, Vec<i64>),
    all: u64,
}

impl Done<'_> {
    async fn add(&mut self, notice: &Waiting, batch: usize) -> Result<(), sqlx::Error> {
        self.notices.0.push(notice.account_id);
        self.notices.1.push(notice.seq);
        self.all += 1;
        if self.notices.0.len() >= batch {
            self.delete().await?;
        }
        Ok(())
    }

    async fn delete(&mut self) -> Result<(), sqlx::Error> {
        let (accounts, seqs) = &self.notices;
        if !accounts.is_empty() {
            match self.channel {
                Channel::Mail => {
                    queries::delete_delivered(self.pool, self.channel, accounts, seqs).await?;
                }
                Channel::Event => queries::events::take_events(self.pool, accounts, seqs).await?,
            }
            self.notices = (Vec::new(), Vec::new());
        }
        Ok(())
    }
}

async fn postpone(
    pool: &PgPool,
    channel: Channel,
    notice: &Waiting,
    error: &str,
) -> Result<(), sqlx::Error> {
    let given_up = queries::postpone(pool, channel, notice, error).await?;
    warn!(channel = channel.name(), account = %notice.account_id, seq = notice.seq,
        attempts = notice.attempts, given_up, error, "notice not delivered");
    Ok(())
}

async fn give_up(
    pool: &PgPool,
    channel: Channel,
    notice: &Waiting,
    error: &str,
) -> Result<(), sqlx::Error> {
    warn!(channel = channel.name(), account = %notice.account_id, seq = notice.seq, error,
        "notice cannot be delivered, it is given up");
    queries::give_up(pool, channel, notice, error).await
}

pub(super) async fn show(
    pool: &PgPool,
    channel: Channel,
    delivered: u64,
) -> Result<(), sqlx::Error> {
    let backlog = queries::backlog(pool, channel).await?;
    let name = channel.name();
    counter!("billing_outbox_delivered_total", "channel" => name).increment(delivered);
    let shown = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    gauge!("billing_outbox_waiting", "channel" => name).set(shown(backlog.waiting));
    gauge!("billing_outbox_oldest_seconds", "channel" => name).set(shown(backlog.oldest_secs));
    gauge!("billing_outbox_given_up", "channel" => name).set(shown(backlog.given_up));
    Ok(())
}
