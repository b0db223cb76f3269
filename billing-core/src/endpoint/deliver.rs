//! The way out: leases subjects that are due, and sends what waits of each, in order.
//!
//! Subjects and endpoints are independent. An endpoint has eight exchanges at once, and one while nothing succeeds; who
//! has the fewest under way comes first. So whoever is slow holds nobody else up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::queries;
use super::queries::delivery::{self, Due, Subject};
use super::record::{self, LEASE_SECS};
use super::send::Sender;
use super::signature::Secret;

/// Exchanges at once, of a core.
const ALL: usize = 64;
/// Of those, with endpoints of which nothing succeeds.
const FAILING: usize = 32;
const OF_ENDPOINT: usize = 8;
/// Statements at once: other calls share the connections.
const STATEMENTS: usize = 2;
const PAUSE: Duration = Duration::from_millis(500);
/// How long one subject is gone on with before others have their turn.
const TURN: Duration = Duration::from_secs(20);
/// For an exchange under way when the core is to stop.
const LAST_EXCHANGE: Duration = Duration::from_secs(5);

/// Delivers events to endpoints until `shutdown`. Several cores share the work; each event is delivered at least
/// once, and its first delivery comes after that of the one before of its subject.
pub(super) async fn run(
    pool: PgPool,
    sender: Sender,
    failing_hours: i64,
    shutdown: CancellationToken,
) {
    let mut work = Work {
        means: Means {
            pool,
            sender,
            failing_hours,
            statements: Arc::new(Semaphore::new(STATEMENTS)),
        },
        all: Arc::new(Semaphore::new(ALL)),
        failing: Arc::new(Semaphore::new(FAILING)),
        endpoints: HashMap::new(),
        errands: JoinSet::new(),
    };
    loop {
        if let Err(error) = work.fill(&shutdown).await {
            warn!(%error, "endpoints not read");
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(_) = work.errands.join_next() => {}
            () = sleep(PAUSE) => {}
        }
        while work.errands.try_join_next().is_some() {}
    }
    while work.errands.join_next().await.is_some() {}
}

/// What an errand needs.
#[derive(Clone)]
struct Means {
    pool: PgPool,
    sender: Sender,
    failing_hours: i64,
    statements: Arc<Semaphore>,
}

struct Work {
    means: Means,
    all: Arc<Semaphore>,
    failing: Arc<Semaphore>,
    /// Those with exchanges under way, and the room that each has left.
    endpoints: HashMap<Uuid, Arc<Semaphore>>,
    errands: JoinSet<()>,
}

impl Work {
    /// Begins with as much as there is room for.
    async fn fill(&mut self, shutdown: &CancellationToken) -> Result<(), sqlx::Error> {
        self.endpoints
            .retain(|_, room| room.available_permits() < OF_ENDPOINT);
        if self.all.available_permits() == 0 {
            return Ok(());
        }
        let mut due = delivery::due_endpoints(&self.means.pool).await?;
        due.sort_by_cached_key(|endpoint| self.under_way(endpoint.id));
        for endpoint in due {
            let own = self
                .endpoints
                .entry(endpoint.id)
                .or_insert_with(|| Arc::new(Semaphore::new(OF_ENDPOINT)));
            let own = Arc::clone(own);
            let most = self.room(&endpoint, &own);
            if most == 0 {
                continue;
            }
            let most = i64::try_from(most).unwrap_or(1);
            let pool = &self.means.pool;
            let leased = delivery::lease_subjects(pool, endpoint.id, most, LEASE_SECS).await?;
            for (subject, attempts) in leased {
                let errand = Errand {
                    means: self.means.clone(),
                    url: endpoint.url.clone(),
                    subject,
                    attempts,
                    _room: self.take_room(&endpoint, &own),
                };
                self.errands.spawn(errand.run(shutdown.clone()));
            }
        }
        Ok(())
    }

    /// Exchanges with an endpoint.
    fn under_way(&self, endpoint: Uuid) -> usize {
        let own = self.endpoints.get(&endpoint);
        own.map_or(0, |own| OF_ENDPOINT.saturating_sub(own.available_permits()))
    }

    /// How many exchanges may begin with an endpoint.
    fn room(&self, endpoint: &Due, own: &Semaphore) -> usize {
        let all = self.all.available_permits();
        let free = own.available_permits();
        if !endpoint.is_failing {
            return free.min(all);
        }
        // One after the other, until one succeeds.
        let one = usize::from(free == OF_ENDPOINT);
        one.min(self.failing.available_permits()).min(all)
    }

    /// Given back when the errand ends, however it does.
    fn take_room(&self, endpoint: &Due, own: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
        let failing = endpoint.is_failing.then_some(&self.failing);
        [Some(own), Some(&self.all), failing]
            .into_iter()
            .flatten()
            .filter_map(|room| Arc::clone(room).try_acquire_owned().ok())
            .collect()
    }
}

/// A subject of an endpoint, and what is to be sent of it.
struct Errand {
    means: Means,
    url: String,
    subject: Subject,
    attempts: i32,
    _room: Vec<OwnedSemaphorePermit>,
}

impl Errand {
    async fn run(self, shutdown: CancellationToken) {
        if let Err(error) = self.carry_out(&shutdown).await {
            // Once the lease is over, somebody repeats it.
            warn!(endpoint = %self.subject.endpoint, account = %self.subject.account, %error,
                "delivery to an endpoint not noted");
        }
    }

    async fn carry_out(&self, shutdown: &CancellationToken) -> Result<(), sqlx::Error> {
        let (pool, subject) = (&self.means.pool, self.subject);
        let mut next = {
            let _turn = self.means.statements.acquire().await;
            delivery::find_next(pool, subject).await?
        };
        if next.is_none() {
            let _turn = self.means.statements.acquire().await;
            return record::nothing_left(pool, subject).await;
        }
        let mut attempts = self.attempts;
        let until = Instant::now() + TURN;
        while let Some(event) = next {
            if shutdown.is_cancelled() || Instant::now() > until {
                return self.release().await;
            }
            let Some(secrets) = self.secrets().await? else {
                return self.release().await;
            };
            let sent = tokio::select! {
                sent = self.means.sender.send(&self.url, &secrets, &event) => sent,
                () = cut_short(shutdown) => return self.release().await,
            };
            let turn = self.means.statements.acquire().await;
            let taken = match sent {
                Ok(_) => record::taken(pool, subject, &event).await?,
                Err(failure) => {
                    let hours = self.means.failing_hours;
                    return record::not_taken(pool, subject, attempts, &failure, hours).await;
                }
            };
            drop(turn);
            if taken.has_recovered {
                // Whoever is next goes on with the subject meanwhile: this may take longer than a lease.
                if taken.next.is_some() {
                    self.release().await?;
                }
                return self.hurry_all().await;
            }
            next = taken.next;
            attempts = 0;
        }
        Ok(())
    }

    /// Makes everything due that waits for this endpoint. Each piece takes a turn of its own: there may be a thousand,
    /// and other endpoints' statements go in between.
    async fn hurry_all(&self) -> Result<(), sqlx::Error> {
        let mut piece = Some(Uuid::nil());
        while let Some(behind) = piece {
            let _turn = self.means.statements.acquire().await;
            piece = record::hurry_piece(&self.means.pool, self.subject.endpoint, behind).await?;
        }
        Ok(())
    }

    /// Asked for each message: one may be rotated, or the endpoint disabled, since the last. None: nothing is sent.
    async fn secrets(&self) -> Result<Option<Vec<Secret>>, sqlx::Error> {
        let _turn = self.means.statements.acquire().await;
        queries::find_sending_secrets(&self.means.pool, self.subject.endpoint).await
    }

    async fn release(&self) -> Result<(), sqlx::Error> {
        let _turn = self.means.statements.acquire().await;
        delivery::release(&self.means.pool, self.subject).await
    }
}

async fn cut_short(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    sleep(LAST_EXCHANGE).await;
}
