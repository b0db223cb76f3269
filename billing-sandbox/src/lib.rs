//! A development server that speaks Stripe's API, with state, idempotency, errors and signed
//! webhooks as Stripe has them, and that misbehaves when it is told to.
//!
//! It holds everything in memory and never reaches Stripe. Whoever is to use it needs nothing but
//! its URL in place of `https://api.stripe.com`.

mod balance_transaction;
mod card;
mod charge;
mod control;
mod currency;
mod customer;
mod dispute;
mod event;
mod fault;
mod metadata;
mod page;
mod payment_intent;
mod payment_method;
mod refund;
mod shared;
mod webhook;
mod wire;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::shared::Shared;
use crate::webhook::sender;
use crate::world::World;

pub use crate::event::API_VERSION;

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// What callers must give as their key.
    pub secret_key: SecretString,
    /// What webhooks are signed with.
    pub webhook_secret: SecretString,
    /// Who is told of events.
    pub webhook_urls: Vec<String>,
    /// How long a delivery waits after its first, second, … failure before it is tried again. After
    /// the last one it is given up.
    pub retry_pauses: Vec<Duration>,
    /// How long a webhook may take to answer.
    pub webhook_timeout: Duration,
    /// Lets it listen where other machines reach it. Everything in it is open to whoever does.
    pub public: bool,
}

impl Options {
    /// As Stripe behaves, with its days of retries made two minutes.
    pub fn new(secret_key: SecretString, webhook_secret: SecretString) -> Self {
        Self {
            secret_key,
            webhook_secret,
            webhook_urls: Vec::new(),
            retry_pauses: [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]
                .map(Duration::from_millis)
                .to_vec(),
            webhook_timeout: Duration::from_secs(10),
            public: false,
        }
    }
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the {0} is blank")]
    BlankSecret(&'static str),
    #[error("the secret key is one of Stripe's live mode, which must not be used here")]
    LiveKey,
    #[error("{0} can be reached by other machines; that must be asked for")]
    NotLoopback(SocketAddr),
    #[error("the webhook URL `{0}` is not a URL")]
    WebhookUrl(String),
    #[error("cannot listen")]
    Listen(#[from] io::Error),
    #[error("cannot make the client of webhooks")]
    Client(#[from] reqwest::Error),
}

/// A sandbox that runs in this process. It stops accepting when it is dropped; what it knew is
/// gone then.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

impl Sandbox {
    /// Serves on the listener until [`Sandbox::stop`]. Needs a Tokio runtime.
    pub fn start(listener: TcpListener, options: Options) -> Result<Self, StartError> {
        let addr = listener.local_addr()?;
        check(addr, &options)?;
        // Whoever came first has installed one; reqwest asks for it also where no TLS is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut world = World {
            base_url: format!("http://{addr}"),
            ..World::default()
        };
        world.webhooks.set_urls(options.webhook_urls);
        let shared = Arc::new(Shared::new(
            world,
            options.secret_key,
            options.webhook_secret,
            options.retry_pauses,
            sender::client(options.webhook_timeout)?,
        ));
        let stop = shared.stop.clone();
        let app = router().with_state(Arc::clone(&shared));
        shared.tasks.spawn(async move {
            let serving =
                axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox has stopped serving");
            }
        });
        Ok(Self { addr, shared })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What takes the place of `https://api.stripe.com`; its page is there too.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces the URLs that are told of events from now on: a listener that needs the sandbox's
    /// address first can be named afterwards.
    pub fn set_webhook_urls(&self, urls: Vec<String>) {
        self.shared.lock().webhooks.set_urls(urls);
    }

    /// Ends it: no new requests, what is under way is answered, nothing more is delivered.
    pub async fn stop(self) {
        // A connection that a caller keeps open and does not use must not keep it.
        const PATIENCE: Duration = Duration::from_secs(5);
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if tokio::time::timeout(PATIENCE, self.shared.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("connections are left open");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

fn check(addr: SocketAddr, options: &Options) -> Result<(), StartError> {
    for (name, secret) in [
        ("secret key", &options.secret_key),
        ("webhook secret", &options.webhook_secret),
    ] {
        if secret.expose_secret().trim().is_empty() {
            return Err(StartError::BlankSecret(name));
        }
    }
    let key = options.secret_key.expose_secret();
    if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
        return Err(StartError::LiveKey);
    }
    if !addr.ip().is_loopback() && !options.public {
        return Err(StartError::NotLoopback(addr));
    }
    for url in &options.webhook_urls {
        if !reqwest::Url::parse(url).is_ok_and(|url| url.has_host()) {
            return Err(StartError::WebhookUrl(url.clone()));
        }
    }
    Ok(())
}

/// Stripe's API, what tests and people do to it, and the page.
fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(page::serve))
        .route("/v1/{*path}", any(wire::request::serve))
        .merge(control::router())
}
