//! Stripe: payment intents that are paid by cards, sessions of its Checkout, subscriptions with their
//! invoices, and events that tell of them.

pub mod amount;
pub mod balance_transaction;
pub mod card;
pub mod charge;
pub mod checkout;
pub mod customer;
pub mod dispute;
pub mod event;
pub mod invoice;
pub mod metadata;
pub mod page;
pub mod payment_intent;
pub mod payment_method;
pub mod portal;
pub mod price;
pub mod refund;
mod signature;
pub mod subscription;
pub mod test_clock;
mod webhook;
pub mod webhook_endpoint;
pub mod wire;
pub mod world;

pub use self::event::API_VERSION;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use secrecy::SecretString;

use self::webhook::StripeWebhooks;
use self::world::{Act, Cause, World};
use crate::running::{Running, unix_now};
use crate::webhook::Origin;

/// How long webhooks wait, in ms, with Stripe's days of retries made two minutes.
pub const RETRY_PAUSES_MS: [u64; 8] = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000];

/// What Stripe is made of here.
#[derive(Debug)]
pub struct Stripe {
    world: Mutex<World>,
    secret_key: SecretString,
    origin: Arc<dyn Origin>,
    running: Arc<Running>,
}

impl Stripe {
    pub fn new(
        secret_key: SecretString,
        webhook_secret: SecretString,
        retry_pauses: Vec<Duration>,
        running: Arc<Running>,
    ) -> Self {
        let world = World {
            base_url: running.base_url.clone(),
            ..World::default()
        };
        Self {
            world: Mutex::new(world),
            secret_key,
            origin: Arc::new(StripeWebhooks {
                secret: webhook_secret,
                retry_pauses,
            }),
            running,
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        // A act that panicked leaves whole objects behind, at worst one event short.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One act at a time, whole; then its events are sent.
    pub fn act<T>(&self, cause: &Cause, doing: impl FnOnce(&mut Act<'_>) -> T) -> T {
        let mut world = self.lock();
        self.running.act(|network| {
            doing(&mut Act {
                world: &mut world,
                network,
                now: unix_now(),
                cause,
                origin: &self.origin,
            })
        })
    }
}

/// Stripe's API.
pub fn router(stripe: Arc<Stripe>) -> Router {
    Router::new()
        .route("/v1/{*path}", any(wire::request::serve))
        .route("/c/pay/{id}", get(checkout::page::serve))
        .route("/p/session/{id}", get(portal::page::serve))
        .with_state(stripe)
}

/// Ends sessions whose time is over, also while nobody asks, and does what is due for subscriptions.
pub async fn keep_time(stripe: Arc<Stripe>) {
    const PAUSE: Duration = Duration::from_millis(200);
    loop {
        tokio::time::sleep(PAUSE).await;
        if stripe.lock().checkout_ends.has_due(unix_now()) {
            stripe.act(&Cause::default(), checkout::flow::expire_due);
        }
        if stripe.lock().clock.has_due(unix_now()) {
            stripe.act(&Cause::default(), test_clock::catch_up);
        }
    }
}
