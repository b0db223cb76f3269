//! An example of a tool backend that bills its calls: read it from [`call`], and copy what you
//! need.
//!
//! - [`call`]: what happens to a call, from its request to its answer; `billing-client` bills it;
//! - [`answer`]: the bodies that callers meet, beside those of billing's refusals;
//! - [`caller`]: who calls: a user by JWT, or a service by API key, which is not billed;
//! - [`tools`]: the tools, the units that they are priced by, and their pretend work.

pub mod answer;
pub mod call;
pub mod caller;
pub mod config;
pub mod tools;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use billing_client::{Billing, CLOSE_WITHIN};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::caller::Credentials;
use crate::config::{Config, ConfigError};

/// Bytes of a request's body: room for the longest query in any script.
const BODY_BYTES: usize = 256 * 1024;

/// What every call needs.
#[derive(Clone, Debug)]
pub struct Backend {
    pub(crate) billing: Billing,
    pub(crate) credentials: Arc<Credentials>,
}

impl Backend {
    /// Connects to the core with the first call, not here, so that the two start in any order.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            credentials: Arc::new(Credentials::new(config)?),
            billing: Billing::new(config.billing()?)?,
        })
    }

    /// Answers calls until `shutdown` is cancelled and every call under way has ended.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let billing = self.billing.clone();
        axum::serve(listener, router(self))
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await?;
        let left = billing.close(CLOSE_WITHIN).await;
        if left > 0 {
            tracing::error!(left, "calls whose end the core was not told");
        }
        Ok(())
    }
}

fn router(backend: Backend) -> Router {
    Router::new()
        .route("/api/tools/{tool}", post(call::answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(backend)
}
