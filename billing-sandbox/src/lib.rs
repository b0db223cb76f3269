//! A development server that speaks Stripe's API and Fondy's, with state, idempotency, errors and
//! signed webhooks as they have them, and that misbehaves when it is told to.
//!
//! It holds everything in memory and reaches neither. Whoever is to use it needs nothing but its URL
//! in place of `https://api.stripe.com` or `https://pay.fondy.eu/api`.

mod control;
mod currency;
mod fault;
mod fondy;
mod hex;
mod html;
mod network;
mod page;
mod providers;
mod random;
mod running;
mod stripe;
mod tls;
mod webhook;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::fondy::{Fondy, Merchant};
use crate::providers::Providers;
use crate::running::{Running, sender};
use crate::stripe::Stripe;
use crate::tls::TlsListener;

pub use crate::stripe::API_VERSION;
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
            retry_pauses: stripe::RETRY_PAUSES_MS.map(Duration::from_millis).to_vec(),
            fondy_merchant_id: FONDY_TEST_MERCHANT,
            fondy_secret: "test".into(),
            fondy_retry_pauses: Self::fondy_retries(100),
            webhook_timeout: Duration::from_secs(10),
            public: false,
            tls: None,
        }
    }

    /// When Fondy repeats a callback, so many times faster.
    pub fn fondy_retries(speedup: u32) -> Vec<Duration> {
        fondy::RETRY_PAUSES_SECS
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
        let client = sender::client(options.webhook_timeout)?;
        let running = Arc::new(Running::new(base_url.clone(), client));
        running.network().webhooks.set_urls(options.webhook_urls);
        let providers = Providers {
            stripe: Arc::new(Stripe::new(
                options.secret_key,
                options.webhook_secret,
                options.retry_pauses,
                Arc::clone(&running),
            )),
            fondy: Arc::new(Fondy::new(
                Merchant {
                    id: options.fondy_merchant_id,
                    secret: options.fondy_secret,
                },
                options.fondy_retry_pauses,
                Arc::clone(&running),
            )),
            running: Arc::clone(&running),
        };
        let orders = fondy::expire_orders(Arc::clone(&providers.fondy));
        let sessions = stripe::keep_time(Arc::clone(&providers.stripe));
        match acceptor {
            None => serve(listener, providers),
            Some(acceptor) => serve(TlsListener::new(listener, acceptor, &running)?, providers),
        }
        let stop = running.stop.clone();
        running.tasks.spawn(async move {
            stop.run_until_cancelled(async { tokio::join!(orders, sessions) })
                .await
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
        self.running.network().webhooks.set_urls(urls);
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

fn serve<L>(listener: L, providers: Providers)
where
    L: Listener<Addr = SocketAddr>,
{
    let running = Arc::clone(&providers.running);
    let stop = running.stop.clone();
    let app = router(providers);
    running.tasks.spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the sandbox has stopped serving");
        }
    });
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
fn router(providers: Providers) -> Router {
    Router::new()
        .merge(stripe::router(Arc::clone(&providers.stripe)))
        .merge(fondy::router(Arc::clone(&providers.fondy)))
        .merge(page::router(providers.clone()))
        .merge(control::router(providers))
}
