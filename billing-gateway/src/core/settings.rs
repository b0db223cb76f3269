//! How the core is reached.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::config_check::ConfigError;

/// How the gateway reaches the core.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Core")]
#[expect(
    clippy::struct_field_names,
    reason = "each flag is called as its field"
)]
pub struct CoreSettings {
    /// The core's gRPC address, `http://` or `https://`
    #[arg(
        long,
        env = "BILLING_CORE_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub core_url: String,

    /// The gateway's service token. Required
    #[arg(long, env = "BILLING_CORE_TOKEN", hide_env_values = true)]
    pub core_token: Option<SecretString>,

    /// A second service token, of the role admin, for the routes under `/api/admin`; absent: they are off
    #[arg(long, env = "BILLING_CORE_ADMIN_TOKEN", hide_env_values = true)]
    pub core_admin_token: Option<SecretString>,

    /// PEM file of the authority that signed the core's certificate; absent: the system's
    #[arg(long, env = "BILLING_CORE_CA")]
    pub core_ca: Option<PathBuf>,

    /// How long one request waits for the core, retry included, in milliseconds
    #[arg(long, env = "BILLING_CORE_TIMEOUT_MS", default_value = "2000",
          value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub core_timeout_ms: u64,
}

#[derive(Clone, Debug)]
pub struct CoreConfig {
    pub url: String,
    pub token: SecretString,
    /// None: the routes of administrators are off.
    pub admin_token: Option<SecretString>,
    pub ca: Option<PathBuf>,
    pub timeout: Duration,
}

impl TryFrom<CoreSettings> for CoreConfig {
    type Error = ConfigError;

    fn try_from(core: CoreSettings) -> Result<Self, ConfigError> {
        let token = core
            .core_token
            .ok_or(ConfigError::Missing("BILLING_CORE_TOKEN"))?;
        if token.expose_secret().trim().is_empty() {
            return Err(ConfigError::Blank("BILLING_CORE_TOKEN"));
        }
        let admin_token = core.core_admin_token;
        if admin_token
            .as_ref()
            .is_some_and(|token| token.expose_secret().trim().is_empty())
        {
            return Err(ConfigError::Blank("BILLING_CORE_ADMIN_TOKEN"));
        }
        let url = Url::parse(&core.core_url).map_err(|_not_a_url| ConfigError::CoreUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ConfigError::CoreUrl);
        }
        Ok(Self {
            url: core.core_url,
            token,
            admin_token,
            ca: core.core_ca,
            timeout: Duration::from_millis(core.core_timeout_ms),
        })
    }
}
