//! Settings: flags, or the environment. `Debug` shows no secret.

use std::net::SocketAddr;

use axum::http::Uri;
use billing_client::{Settings, SettingsError, WithoutUser};
use billing_telemetry::log::LogOptions;
use clap::Parser;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};
use secrecy::{ExposeSecret as _, SecretString};

/// The name under which logs and traces show this service.
pub const SERVICE_NAME: &str = "tool-backend";

#[derive(Clone, Debug, Parser)]
#[command(name = "tool-backend", version, about)]
pub struct Config {
    /// Where calls are answered
    #[arg(long, env = "TOOL_BACKEND_ADDR", default_value = "127.0.0.1:3000")]
    pub addr: SocketAddr,

    /// The billing core, `http://` or `https://`
    #[arg(
        long,
        env = "BILLING_CORE_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub core_url: Uri,

    /// A service token of the role `tools`
    #[arg(long, env = "BILLING_TOOLS_TOKEN", hide_env_values = true, value_parser = secret())]
    pub tools_token: SecretString,

    /// The tenant whose users call
    #[arg(long, env = "BILLING_TENANT", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: String,

    /// The secret of the users' tokens (JWT, HS256, claim `userId`)
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_parser = secret())]
    pub jwt_secret: SecretString,

    /// Keys of services whose calls are not billed, separated by commas; none holds a dot
    #[arg(
        long,
        env = "API_KEYS",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = secret()
    )]
    pub api_keys: Vec<SecretString>,

    /// Where users top up, if the tenant has set no address of its own
    #[arg(long, env = "BILLING_TOPUP_URL")]
    pub topup_url: Option<String>,

    #[command(flatten)]
    pub log: LogOptions,
}

impl Config {
    /// How calls are billed: a service calls without a user, and is not.
    pub(crate) fn billing(&self) -> Result<Settings, SettingsError> {
        let token = self.tools_token.expose_secret();
        let settings = Settings::new(&self.core_url.to_string(), token, &self.tenant)?
            .without_user(WithoutUser::Pass);
        Ok(match &self.topup_url {
            Some(url) => settings.topup_url(url),
            None => settings,
        })
    }
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Billing(#[from] SettingsError),
    #[error("an API key holds a dot, so that it could be taken for a JWT")]
    ApiKeyWithDot,
}

fn secret() -> impl TypedValueParser<Value = SecretString> {
    NonEmptyStringValueParser::new().map(SecretString::from)
}
