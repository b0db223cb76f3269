//! Fondy: orders that are paid on a hosted page, and callbacks that tell of them.

pub mod callback;
pub mod endpoints;
pub mod flow;
pub mod order;
pub mod orders;
pub mod outcome;
pub mod page;
pub mod refusal;
pub mod signature;
mod webhook;
pub mod wire;
pub mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use secrecy::SecretString;

use self::webhook::FondyCallbacks;
use self::world::{Act, World};
use crate::running::{Running, unix_now};
use crate::webhook::Origin;

/// When Fondy repeats a callback, in seconds (<https://docs.fondy.io/docs/callbacks>).
pub const RETRY_PAUSES_SECS: [u64; 6] = [2, 60, 300, 600, 3_600, 86_400];

/// Whose orders they are: callers sign with the secret, and so does Fondy.
#[derive(Clone, Debug)]
pub struct Merchant {
    pub id: u64,
    pub secret: SecretString,
}

/// What Fondy is made of here.
#[derive(Debug)]
pub struct Fondy {
    world: Mutex<World>,
    pub merchant: Merchant,
    origin: Arc<dyn Origin>,
    running: Arc<Running>,
}

impl Fondy {
    pub fn new(merchant: Merchant, retry_pauses: Vec<Duration>, running: Arc<Running>) -> Self {
        let world = World {
            base_url: running.base_url.clone(),
            ..World::default()
        };
        Self {
            world: Mutex::new(world),
            merchant,
            origin: Arc::new(FondyCallbacks { retry_pauses }),
            running,
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        // A act that panicked leaves whole orders behind, at worst one callback short.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One act at a time, whole; then its callbacks are sent.
    pub fn act<T>(&self, doing: impl FnOnce(&mut Act<'_>) -> T) -> T {
        let mut world = self.lock();
        self.running.act(|network| {
            doing(&mut Act {
                world: &mut world,
                network,
                now: unix_now(),
                merchant: &self.merchant,
                origin: &self.origin,
            })
        })
    }
}

/// Fondy's API, and the checkouts of its orders.
pub fn router(fondy: Arc<Fondy>) -> Router {
    Router::new()
        .route("/api/{*path}", any(endpoints::serve))
        .route("/checkout/{token}", get(page::serve))
        .with_state(fondy)
}

/// Ends the lifetimes of orders, also while nobody asks.
pub async fn expire_orders(fondy: Arc<Fondy>) {
    const PAUSE: Duration = Duration::from_millis(200);
    loop {
        tokio::time::sleep(PAUSE).await;
        if fondy.lock().orders.has_ends(unix_now()) {
            fondy.act(flow::expire_due);
        }
    }
}
