//! Whose turn it is to change something by hand.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout_at};
use tonic::Status;

use crate::rpc::Call;
use crate::status::{deadline_exceeded, of_change};

/// The `lock_timeout` of the pools' sessions: for so long a statement that was left may still wait.
const LEFT_WAITS: Duration = Duration::from_secs(2);

/// What administrators and operators change waits for locks of the database: those of one switch, tool or tenant are
/// changed one after the other. Whoever waited there with a connection would keep it from everybody, and the pool is
/// patient for a second alone. So no more of them have a connection than half of the smallest pool, and who waits for a
/// turn waits in order, and until their own deadline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    /// For changes that have their connections from these pools.
    pub fn of(pools: [&PgPool; 2]) -> Self {
        let [one, other] = pools.map(|pool| pool.options().get_max_connections());
        let half = one.min(other) / 2;
        let places = usize::try_from(half).unwrap_or(1).max(1);
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Carries a change out when its turn has come.
    pub async fn change<T>(
        &self,
        call: &Call,
        change: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        let changed = self.carry_out(call, change).await?;
        changed.map_err(|error| of_change(&error))
    }

    /// The same, of what ends in its own way.
    pub async fn carry_out<T>(
        &self,
        call: &Call,
        change: impl Future<Output = T>,
    ) -> Result<T, Status> {
        let waiting = Arc::clone(&self.0).acquire_owned();
        let permit = timeout_at(call.deadline, waiting).await;
        // It is never closed.
        let turn = Turn(permit.map_err(|_| deadline_exceeded())?.ok());
        let changed = timeout_at(call.deadline, change)
            .await
            .map_err(|_| deadline_exceeded())?;
        turn.end();
        Ok(changed)
    }
}

/// Where a change is left in its middle, since its caller has gone, its connection waits on for what it waited for.
/// Its turn lasts as long.
struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            tokio::spawn(async move {
                sleep(LEFT_WAITS).await;
                drop(permit);
            });
        }
    }
}
