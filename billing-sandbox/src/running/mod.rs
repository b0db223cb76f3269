//! The running sandbox: what every request and every delivery works with.

pub mod sender;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::network::Network;

#[derive(Debug)]
pub struct Running {
    network: Mutex<Network>,
    /// Where the sandbox itself is reached, `http://127.0.0.1:4242`.
    pub base_url: String,
    pub http: reqwest::Client,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Running {
    pub fn new(base_url: String, http: reqwest::Client) -> Self {
        Self {
            network: Mutex::default(),
            base_url,
            http,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Waits, and not beyond the sandbox's end.
    pub async fn wait(&self, pause: Duration) {
        self.stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await;
    }

    pub fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One act at a time, whole, whose provider is locked already; then its events are sent.
    pub fn act<T>(self: &Arc<Self>, doing: impl FnOnce(&mut Network) -> T) -> T {
        let mut network = self.network();
        let done = doing(&mut network);
        let batches = network.webhooks.take_outgoing();
        drop(network);
        sender::send(self, batches);
        done
    }
}

pub fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}
