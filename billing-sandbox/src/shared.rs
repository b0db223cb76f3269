//! What every request and every delivery has in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::webhook::sender;
use crate::world::{Act, Cause, World};

#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    pub secret_key: SecretString,
    pub webhook_secret: SecretString,
    /// How long a delivery waits after its first, second, … failure.
    pub retry_pauses: Vec<Duration>,
    pub http: reqwest::Client,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Shared {
    pub fn new(
        world: World,
        secret_key: SecretString,
        webhook_secret: SecretString,
        retry_pauses: Vec<Duration>,
        http: reqwest::Client,
    ) -> Self {
        Self {
            world: Mutex::new(world),
            secret_key,
            webhook_secret,
            retry_pauses,
            http,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        // A act that panicked leaves whole objects behind, at worst one event short.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One act at a time, whole; then its events are sent.
    pub fn act<T>(self: &Arc<Self>, cause: &Cause, doing: impl FnOnce(&mut Act<'_>) -> T) -> T {
        let mut world = self.lock();
        let done = doing(&mut Act {
            world: &mut world,
            now: unix_now(),
            cause,
        });
        let batches = world.webhooks.take_outgoing();
        drop(world);
        sender::send(self, batches);
        done
    }
}

pub fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}
