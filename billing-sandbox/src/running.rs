//! The running sandbox: what every request and every delivery works with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Options;
use crate::fondy::Merchant;
use crate::webhook::{Origin, sender};
use crate::world::{Act, Cause, World};

#[derive(Debug)]
pub struct Running {
    world: Mutex<World>,
    pub secret_key: SecretString,
    pub webhook_secret: SecretString,
    pub merchant: Merchant,
    pauses: RetryPauses,
    pub http: reqwest::Client,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// How long a delivery waits after its first, second, … failure.
#[derive(Debug)]
pub struct RetryPauses {
    pub stripe: Vec<Duration>,
    pub fondy: Vec<Duration>,
}

impl Running {
    pub fn new(world: World, options: Options, http: reqwest::Client) -> Self {
        Self {
            world: Mutex::new(world),
            secret_key: options.secret_key,
            webhook_secret: options.webhook_secret,
            merchant: Merchant {
                id: options.fondy_merchant_id,
                secret: options.fondy_secret,
            },
            pauses: RetryPauses {
                stripe: options.retry_pauses,
                fondy: options.fondy_retry_pauses,
            },
            http,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    pub fn retry_pauses(&self, origin: Origin) -> &[Duration] {
        match origin {
            Origin::Stripe => &self.pauses.stripe,
            Origin::Fondy => &self.pauses.fondy,
        }
    }

    /// Waits, and not beyond the sandbox's end.
    pub async fn wait(&self, pause: Duration) {
        self.stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await;
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
            merchant: &self.merchant,
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
