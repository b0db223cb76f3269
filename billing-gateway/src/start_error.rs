//! Why a gateway cannot start.

use std::io;

use crate::auth;
use crate::config_check::ConfigError;

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("signing keys cannot be fetched")]
    Jwks(#[from] auth::JwksError),
    #[error("no HTTP client can be made for payment providers")]
    Providers(#[source] reqwest::Error),
    #[error("no HTTP client can be made for exchange rates")]
    Rates(#[source] reqwest::Error),
    #[error(transparent)]
    Pages(Box<dyn std::error::Error + Send + Sync>),
    #[error("metrics cannot be recorded")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the admin port failed")]
    Admin(#[source] io::Error),
}
