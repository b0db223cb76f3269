//! Whose turn it is to change something by hand.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout_at;
use tonic::Status;

use crate::rpc::Call;
use crate::status::deadline_exceeded;

/// What administrators and operators change waits for locks of the database: those of one switch, tool or tenant are
/// changed one after the other. Whoever waited there with a connection would keep it from everybody, and the pool is
/// patient for a second alone. So no more of them have a connection than half of it, and who waits for a turn waits in
/// order, and until their own deadline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    /// For changes that have their connections from this pool.
    pub fn of(pool: &PgPool) -> Self {
        let half = pool.options().get_max_connections() / 2;
        let places = usize::try_from(half).unwrap_or(1).max(1);
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Waits for a turn, which ends when it is dropped.
    pub async fn wait(&self, call: &Call) -> Result<Option<SemaphorePermit<'_>>, Status> {
        let turn = timeout_at(call.deadline, self.0.acquire()).await;
        // It is never closed.
        turn.map(Result::ok).map_err(|_| deadline_exceeded())
    }

    /// Carries a change out when its turn has come.
    pub async fn change<T>(
        &self,
        call: &Call,
        change: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        let _turn = self.wait(call).await?;
        call.change(change).await
    }
}
