//! Configuration: settings as they are given, by flags or the environment, and the [`Config`] that
//! they make once checked. Each slice has its own in its `settings.rs`.

#[cfg(test)]
pub(crate) mod tests;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::http::{HeaderName, HeaderValue};
use billing_telemetry::log::LogOptions;
use billing_telemetry::slow::{SlowLog, SlowOptions};
use clap::Args;

use crate::auth::settings::{JwtConfig, JwtSettings};
use crate::config_check::{header_names, origins};
use crate::core::settings::{CoreConfig, CoreSettings};
use crate::payment::settings::{PaymentConfig, PaymentSettings};
use crate::providers::{ProviderConfig, ProviderSettings};
use crate::rates::settings::{RateConfig, RateSettings};
use crate::server::settings::{HttpLimits, HttpSettings};
use crate::web::settings::{WebConfig, WebSettings};

pub use crate::auth::settings::JwtKeys;
pub use crate::config_check::{ConfigError, Warning};

/// The settings of the gateway, from flags or the environment.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where the public REST surface listens
    #[arg(long, env = "BILLING_GATEWAY_ADDR", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,

    /// Where metrics and probes listen; keep it private
    #[arg(
        long,
        env = "BILLING_GATEWAY_ADMIN_ADDR",
        default_value = "127.0.0.1:9080"
    )]
    pub admin_addr: SocketAddr,

    #[command(flatten)]
    pub core: CoreSettings,

    #[command(flatten)]
    pub jwt: JwtSettings,

    #[command(flatten)]
    pub http: HttpSettings,

    #[command(flatten)]
    pub payment: PaymentSettings,

    #[command(flatten)]
    pub rate: RateSettings,

    #[command(flatten)]
    pub providers: ProviderSettings,

    #[command(flatten)]
    pub web: WebSettings,

    #[command(flatten)]
    pub log: LogOptions,

    #[command(flatten)]
    pub slow: SlowOptions,
}

/// Settings that were checked: what is in here can be used.
#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    pub admin_addr: SocketAddr,
    pub core: CoreConfig,
    pub jwt: JwtConfig,
    pub http: HttpLimits,
    pub cors_origins: Vec<HeaderValue>,
    pub cors_headers: Vec<HeaderName>,
    pub trusted_proxies: u8,
    pub rate_limit_user: NonZeroU32,
    pub rate_limit_ip: NonZeroU32,
    pub rate_limit_public: NonZeroU32,
    pub payment: PaymentConfig,
    pub rate: RateConfig,
    pub providers: ProviderConfig,
    pub web: WebConfig,
    /// Which answers are told of in the log.
    pub slow: SlowLog,
    /// What is to be said when the gateway starts.
    pub warnings: Vec<Warning>,
}

impl Settings {
    /// How many threads serve requests.
    pub fn threads(&self) -> usize {
        self.http.threads()
    }
}

impl Config {
    /// Why nobody can use the routes under `/api/admin`, where nobody can.
    pub fn no_administrators(&self) -> Option<&'static str> {
        if self.core.admin_token.is_none() {
            return Some("BILLING_CORE_ADMIN_TOKEN is not set: administrators' routes are off");
        }
        self.jwt.admin.is_none().then_some(
            "BILLING_CORE_ADMIN_TOKEN is set and JWT_ADMIN_CLAIM is not: nobody is an administrator",
        )
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        let Settings {
            addr,
            admin_addr,
            core,
            jwt,
            http,
            payment,
            rate,
            providers,
            web,
            log: _,
            slow,
        } = settings;
        let web_url = payment.web_url.clone();
        let cors_origins = origins("CORS_ORIGINS", &http.cors_origins)?;
        let payment = PaymentConfig::checked(&payment, &cors_origins)?;
        Ok(Self {
            addr,
            admin_addr,
            core: core.try_into()?,
            jwt: jwt.try_into()?,
            cors_origins,
            cors_headers: header_names(&http.cors_headers)?,
            trusted_proxies: http.trusted_proxies,
            rate_limit_user: http.rate_limit_user,
            rate_limit_ip: http.rate_limit_ip,
            rate_limit_public: http.rate_limit_public,
            rate: RateConfig::try_from(rate)?,
            web: WebConfig::checked(web, providers.are_live())?,
            warnings: providers.warnings(web_url.as_deref()),
            providers: ProviderConfig::checked(providers, payment.return_pages.as_ref())?,
            payment,
            slow: SlowLog::from(&slow),
            http: http.into(),
        })
    }
}
