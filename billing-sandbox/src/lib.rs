//! A development server that speaks Stripe's API and Fondy's, with state, idempotency, errors and
//! signed webhooks as they have them, and that misbehaves when it is told to.
//!
//! It holds everything in memory and reaches neither. Whoever is to use it needs nothing but its URL
//! in place of `https://api.stripe.com` or `https://pay.fondy.eu/api`.

mod balance_transaction;
mod card;
mod charge;
mod control;
mod currency;
mod customer;
mod dispute;
mod event;
mod fault;
mod fondy;
mod hex;
mod metadata;
mod page;
mod payment_intent;
mod payment_method;
mod refund;
mod running;
mod tls;
mod webhook;
mod wire;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use axum::serve::Listener;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::fondy::flow;
use crate::running::{Running, unix_now};
use crate::tls::TlsListener;
use crate::webhook::sender;
use crate::world::{Cause, World};

pub use crate::event::API_VERSION;
pub use crate::tls::{Tls, TlsError};

/// The merchant that Fondy gives to everybody for tests.
pub const FONDY_TEST_MERCHANT: u64 = 1_396_424;

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
    /// Whose orders Fondy takes.
    pub fondy_merchant_id: u64,
    /// What requests to Fondy, its answers and its callbacks are signed with.
    pub fondy_secret: SecretString,
    /// As `retry_pauses`, for Fondy's callbacks.
    pub fondy_retry_pauses: Vec<Duration>,
    /// How long a webhook may take to answer.
    pub webhook_timeout: Duration,
    /// Lets it listen where other machines reach it. Everything in it is open to whoever does.
    pub public: bool,
    /// Serves `https`, and nothing else.
    pub tls: Option<Tls>,
}

impl Options {
    /// As the providers behave, with Stripe's days of retries made two minutes, and Fondy's made a
    /// hundredth; Fondy's merchant is the one for tests.
    pub fn new(secret_key: SecretString, webhook_secret: SecretString) -> Self {
        Self {
            secret_key,
            webhook_secret,
            webhook_urls: Vec::new(),
            retry_pauses: [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]
                .map(Duration::from_millis)
                .to_vec(),
            fondy_merchant_id: FONDY_TEST_MERCHANT,
            fondy_secret: "test".into(),
            fondy_retry_pauses: Self::fondy_retries(100),
            webhook_timeout: Duration::from_secs(10),
            public: false,
            tls: None,
        }
    }

    /// When Fondy repeats a callback (<https://docs.fondy.io/docs/callbacks>), so many times faster.
    pub fn fondy_retries(speedup: u32) -> Vec<Duration> {
        [2, 60, 300, 600, 3_600, 86_400]
            .map(|secs| Duration::from_secs(secs) / speedup.max(1))
            .to_vec()
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
    #[error("cannot speak TLS")]
    Tls(#[from] TlsError),
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
    base_url: String,
    running: Arc<Running>,
}

impl Sandbox {
    /// Serves on the listener until [`Sandbox::stop`]. Needs a Tokio runtime.
    pub fn start(listener: TcpListener, options: Options) -> Result<Self, StartError> {
        let addr = listener.local_addr()?;
        check(addr, &options)?;
        // Whoever came first has installed one; reqwest asks for it also where no TLS is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let acceptor = options.tls.as_ref().map(Tls::acceptor).transpose()?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let base_url = format!("{scheme}://{addr}");
        let mut world = World {
            base_url: base_url.clone(),
            ..World::default()
        };
        world.webhooks.set_urls(options.webhook_urls.clone());
        let client = sender::client(options.webhook_timeout)?;
        let running = Arc::new(Running::new(world, options, client));
        match acceptor {
            None => serve(listener, &running),
            Some(acceptor) => serve(TlsListener::new(listener, acceptor, &running)?, &running),
        }
        let expiring = Arc::clone(&running);
        running.tasks.spawn(async move {
            let stop = expiring.stop.clone();
            stop.run_until_cancelled(expire_orders(expiring)).await;
        });
        Ok(Self {
            addr,
            base_url,
            running,
        })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What takes the place of `https://api.stripe.com`; its page is there too.
    pub fn url(&self) -> String {
        self.base_url.clone()
    }

    /// What takes the place of `https://pay.fondy.eu/api`.
    pub fn fondy_url(&self) -> String {
        format!("{}/api", self.base_url)
    }

    /// Replaces the URLs that are told of events from now on: a listener that needs the sandbox's
    /// address first can be named afterwards.
    pub fn set_webhook_urls(&self, urls: Vec<String>) {
        self.running.lock().webhooks.set_urls(urls);
    }

    /// Ends it: no new requests, what is under way is answered, nothing more is delivered.
    pub async fn stop(self) {
        // A connection that a caller keeps open and does not use must not keep it.
        const PATIENCE: Duration = Duration::from_secs(5);
        self.running.stop.cancel();
        self.running.tasks.close();
        if tokio::time::timeout(PATIENCE, self.running.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("connections are left open");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.running.stop.cancel();
    }
}

fn serve<L>(listener: L, running: &Arc<Running>)
where
    L: Listener<Addr = SocketAddr>,
{
    let stop = running.stop.clone();
    let app = router().with_state(Arc::clone(running));
    running.tasks.spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the sandbox has stopped serving");
        }
    });
}

/// Ends the lifetimes of Fondy's orders, also while nobody asks.
async fn expire_orders(running: Arc<Running>) {
    const PAUSE: Duration = Duration::from_millis(200);
    loop {
        tokio::time::sleep(PAUSE).await;
        if running.lock().orders.has_ends(unix_now()) {
            running.act(&Cause::default(), flow::expire_due);
        }
    }
}

fn check(addr: SocketAddr, options: &Options) -> Result<(), StartError> {
    for (name, secret) in [
        ("secret key", &options.secret_key),
        ("webhook secret", &options.webhook_secret),
        ("secret of Fondy", &options.fondy_secret),
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

/// The providers' APIs, what tests and people do to it, and the page.
fn router() -> Router<Arc<Running>> {
    Router::new()
        .route("/", get(page::serve))
        .route("/checkout/{token}", get(page::serve_checkout))
        .route("/shop", any(page::serve_shop))
        .route("/shop/{*path}", any(page::serve_shop))
        .route("/v1/{*path}", any(wire::request::serve))
        .route("/api/{*path}", any(fondy::endpoints::serve))
        .merge(control::router())
}
