//! The public gateway of the billing service: REST for browsers, translated to the core's gRPC.
//!
//! It has no database and decides nothing about money. One file for each endpoint; [`router`] is
//! the table of contents.

mod admin;
mod auth;
mod balance;
mod causes;
pub mod config;
mod config_check;
mod contributions;
mod core;
mod csv;
mod currency;
mod docs;
pub mod doctor;
mod downloads;
mod email_preferences;
mod entity_tag;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzed;
mod gate;
mod health;
mod history;
mod holds;
mod json_object;
mod language;
mod me;
mod observe;
mod openapi;
mod payment;
mod payment_id;
mod prices;
pub mod problem;
mod progress;
mod providers;
mod public_tenant;
mod query;
mod rate_limit;
mod rates;
mod reconcile;
mod return_pages;
mod router;
mod server;
mod settings;
mod sponsorship;
mod start_error;
mod state;
mod supporters;
mod test_email;
mod unsubscribe;
mod usage;
pub mod usd;
mod web;
mod webhooks;
mod wire;

pub use reconcile::{CommandError, Tally, reconcile, replay};
pub use server::open_files;
pub use start_error::StartError;

use std::io;
use std::sync::Arc;

use billing_telemetry::admin as admin_port;
use billing_telemetry::admin::Readiness;
use config::Config;
use rates::Rates;
use state::AppState;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::Site;

/// Serves the public surface on `listener` and metrics and probes on `admin_listener` until
/// `shutdown` is cancelled and what was under way has ended. Once in a process, since metrics
/// belong to the process; a rustls provider must be installed.
pub async fn run(
    config: Config,
    listener: TcpListener,
    admin_listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let metrics =
        admin_port::install_metrics().map_err(|error| StartError::Metrics(error.into()))?;
    admin_port::show_build("billing-gateway", env!("CARGO_PKG_VERSION"));
    observe::describe_metrics();
    // Probes are answered until the last request is.
    let admin_shutdown = CancellationToken::new();
    let admin = tokio::spawn(admin_port::serve(
        admin_listener,
        metrics,
        readiness.clone(),
        admin_shutdown.clone(),
    ));
    let served = serve(config, listener, readiness, shutdown).await;
    admin_shutdown.cancel();
    let admin = admin
        .await
        .unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
    served.and(admin.map_err(StartError::Admin))
}

/// The public surface alone, as often in a process as one likes.
pub async fn serve(
    mut config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    config.http.max_connections = open_files::connections(config.http.max_connections);
    let state = AppState::new(&config, readiness.clone())?;
    let site = Site::open(&config.web, &config.jwt, state.providers())
        .map_err(|error| StartError::Pages(error.into()))?;
    for provider in state.providers().iter() {
        observe::begin_counting(provider.name());
    }
    let background = TaskTracker::new();
    let jwks = state.verifier().jwks().map(Arc::clone);
    if let Some(jwks) = &jwks {
        background.spawn(Arc::clone(jwks).keep_fresh(shutdown.clone()));
    }
    if let Some(period) = config.payment.reconcile_period {
        background.spawn(reconcile::keep(
            state.core().clone(),
            state.providers().clone(),
            period,
            shutdown.clone(),
        ));
    }
    let rates = Rates::new(
        state.core().clone(),
        &config.rate.source,
        config.rate.period,
    );
    if let Some(rates) = rates.map_err(StartError::Rates)? {
        background.spawn(rates.keep(shutdown.clone()));
    }
    let app = router::router(&config, state, site);
    background.spawn(keep_ready(jwks, readiness.clone(), shutdown.clone()));
    background.close();
    server::serve(listener, app, config.http, readiness, shutdown).await;
    background.wait().await;
    Ok(())
}

/// Ready as soon as tokens can be verified, until `shutdown`.
async fn keep_ready(
    jwks: Option<Arc<auth::Jwks>>,
    readiness: Readiness,
    shutdown: CancellationToken,
) {
    observe::show_ready(false);
    if let Some(jwks) = jwks {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = jwks.first_keys() => {}
        }
    }
    readiness.set(true);
    observe::show_ready(true);
    shutdown.cancelled().await;
    readiness.set(false);
    observe::show_ready(false);
}

/// The OpenAPI document, as it is committed in `openapi.json`.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    openapi::printed(&router::openapi())
}
