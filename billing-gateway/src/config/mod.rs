//! Configuration: settings as they are given, and the [`Config`] that they make once checked.

mod flags;
mod rate;
#[cfg(test)]
pub(crate) mod tests;
mod url;
mod warning;

pub use flags::{CoreSettings, HttpSettings, JwtSettings, PaymentSettings, RateSettings, Settings};
pub use rate::RateConfig;
pub(crate) use rate::RateSource;
pub(crate) use url::{guarded_url, is_loopback};
pub use warning::Warning;
pub(crate) use warning::is_http;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use jsonwebtoken::Algorithm;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use self::url::{header_names, origins};
use crate::auth::ContactClaims;
use crate::providers::ProviderConfig;

/// HS256 is as strong as its secret: RFC 7518, section 3.2 asks for as many bits as the hash has.
const SECRET_BYTES_MIN: usize = 32;

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
    pub payment: PaymentConfig,
    pub rate: RateConfig,
    pub providers: ProviderConfig,
    /// What is to be said when the gateway starts.
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug)]
pub struct PaymentConfig {
    /// The most that is topped up at once, in millionths of a US dollar, or of a hryvnia.
    pub most_usd_micros: i64,
    pub most_uah_micros: i64,
    /// Payments that may be created in a minute.
    pub limit_user: NonZeroU32,
    pub limit_ip: NonZeroU32,
    pub limit_tenant: NonZeroU32,
    /// How often open payments are asked about; none: never.
    pub reconcile_period: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct CoreConfig {
    pub url: String,
    pub token: SecretString,
    pub ca: Option<PathBuf>,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct JwtConfig {
    pub keys: JwtKeys,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub user_claim: String,
    pub tenant: TenantSource,
    pub admin: Option<AdminClaim>,
    pub contact: ContactClaims,
}

/// What a token must say to be an administrator's.
#[derive(Clone, Debug)]
pub struct AdminClaim {
    pub claim: String,
    pub value: String,
}

/// What tokens are verified with: one kind of key, one algorithm.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// HS256.
    Secret(SecretString),
    Jwks {
        url: Url,
        algorithm: Algorithm,
    },
}

/// Where a user's tenant comes from: exactly one place, without fallback.
#[derive(Clone, Debug)]
pub enum TenantSource {
    Claim(String),
    Fixed(String),
}

/// Bounds in time, size and number on what clients send.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// For the head of a request; an idle connection is closed after it too.
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    pub body_bytes: usize,
    /// What bodies take together while they are read, in bytes.
    pub bodies_bytes: usize,
    pub request_timeout: Duration,
    pub max_requests: u32,
    pub max_connections: u32,
    pub drain: Duration,
}

/// A setting that the gateway does not start with. Values of secrets are never in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{0} must be set")]
    Missing(&'static str),
    #[error("{0} must not be blank")]
    Blank(&'static str),
    #[error("JWT_SECRET must be at least {SECRET_BYTES_MIN} bytes long")]
    ShortSecret,
    #[error("exactly one of JWT_SECRET and JWT_JWKS_URL must be set")]
    SecretOrJwks,
    #[error("JWT_ALGORITHM must be {expected}")]
    Algorithm { expected: &'static str },
    #[error("JWT_JWKS_URL must be an https URL, or an http URL on loopback")]
    JwksUrl,
    #[error("BILLING_CORE_URL must be an http or https URL")]
    CoreUrl,
    #[error("BILLING_CORE_CA cannot be read: {0}")]
    CoreCa(String),
    #[error("BILLING_CORE_TOKEN must be visible ASCII")]
    CoreToken,
    #[error("JWT_ADMIN_CLAIM and JWT_ADMIN_VALUE must be set together")]
    AdminClaim,
    #[error("{0} must be visible ASCII")]
    NotAscii(&'static str),
    #[error("{0} must be an https URL, or an http URL on loopback")]
    ProviderUrl(&'static str),
    #[error(
        "{0} must be a lower-case letter, then such letters, digits or underscores, and no \
             other provider's name"
    )]
    ProviderName(&'static str),
    #[error("BILLING_RATE_SOURCE must be none, nbu, or static: and a rate, such as static:41.50")]
    RateSource,
    #[error("CORS_ORIGINS: `{0}` is not an origin such as https://app.example.com")]
    Origin(String),
    #[error("CORS_HEADERS: `{0}` is not the name of a header")]
    Header(String),
}

impl Settings {
    /// How many threads serve requests.
    pub fn threads(&self) -> usize {
        match self.http.worker_threads {
            0 => available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            threads => threads,
        }
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
            log: _,
        } = settings;
        Ok(Self {
            addr,
            admin_addr,
            core: core_config(core)?,
            jwt: jwt_config(jwt)?,
            cors_origins: origins(&http.cors_origins)?,
            cors_headers: header_names(&http.cors_headers)?,
            trusted_proxies: http.trusted_proxies,
            rate_limit_user: http.rate_limit_user,
            rate_limit_ip: http.rate_limit_ip,
            payment: payment_config(&payment),
            rate: RateConfig::try_from(rate)?,
            warnings: providers.warnings(),
            providers: ProviderConfig::try_from(providers)?,
            http: HttpLimits {
                header_timeout: Duration::from_secs(5),
                body_timeout: Duration::from_secs(10),
                body_bytes: 1024 * 1024,
                // Room for a usual webhook on half of the connections: a storm is read as it comes.
                bodies_bytes: 128 * 1024 * 1024,
                request_timeout: Duration::from_secs(http.request_timeout_secs),
                max_requests: http.max_requests,
                max_connections: http.max_connections,
                drain: Duration::from_secs(http.drain_secs),
            },
        })
    }
}

fn payment_config(payment: &PaymentSettings) -> PaymentConfig {
    PaymentConfig {
        most_usd_micros: i64::from(payment.topup_max_usd).saturating_mul(1_000_000),
        most_uah_micros: i64::from(payment.topup_max_uah).saturating_mul(1_000_000),
        limit_user: payment.payment_limit_user,
        limit_ip: payment.payment_limit_ip,
        limit_tenant: payment.payment_limit_tenant,
        reconcile_period: (payment.reconcile_secs > 0)
            .then(|| Duration::from_secs(payment.reconcile_secs)),
    }
}

fn core_config(core: CoreSettings) -> Result<CoreConfig, ConfigError> {
    let token = core
        .core_token
        .ok_or(ConfigError::Missing("BILLING_CORE_TOKEN"))?;
    if token.expose_secret().trim().is_empty() {
        return Err(ConfigError::Blank("BILLING_CORE_TOKEN"));
    }
    let url = Url::parse(&core.core_url).map_err(|_not_a_url| ConfigError::CoreUrl)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(ConfigError::CoreUrl);
    }
    Ok(CoreConfig {
        url: core.core_url,
        token,
        ca: core.core_ca,
        timeout: Duration::from_millis(core.core_timeout_ms),
    })
}

fn jwt_config(jwt: JwtSettings) -> Result<JwtConfig, ConfigError> {
    // A claim beside a default would be a fallback from one to the other.
    let tenant = match (jwt.jwt_tenant_claim, jwt.default_tenant) {
        (Some(claim), _) => TenantSource::Claim(filled("JWT_TENANT_CLAIM", claim)?),
        (None, Some(tenant)) => TenantSource::Fixed(filled("BILLING_DEFAULT_TENANT", tenant)?),
        (None, None) => return Err(ConfigError::Missing("BILLING_DEFAULT_TENANT")),
    };
    let admin = match (jwt.jwt_admin_claim, jwt.jwt_admin_value) {
        (Some(claim), Some(value)) => Some(AdminClaim {
            claim: filled("JWT_ADMIN_CLAIM", claim)?,
            value: filled("JWT_ADMIN_VALUE", value)?,
        }),
        (None, None) => None,
        _ => return Err(ConfigError::AdminClaim),
    };
    let filled_option = |name, value: Option<String>| value.map(|v| filled(name, v)).transpose();
    Ok(JwtConfig {
        keys: jwt_keys(
            jwt.jwt_secret,
            jwt.jwt_jwks_url,
            jwt.jwt_algorithm.as_deref(),
        )?,
        issuer: filled_option("JWT_ISSUER", jwt.jwt_issuer)?,
        audience: filled_option("JWT_AUDIENCE", jwt.jwt_audience)?,
        user_claim: filled("JWT_USER_CLAIM", jwt.jwt_user_claim)?,
        tenant,
        admin,
        contact: ContactClaims {
            email: filled_option("JWT_EMAIL_CLAIM", jwt.jwt_email_claim)?,
            name: filled_option("JWT_NAME_CLAIM", jwt.jwt_name_claim)?,
        },
    })
}

fn jwt_keys(
    secret: Option<SecretString>,
    jwks_url: Option<String>,
    algorithm: Option<&str>,
) -> Result<JwtKeys, ConfigError> {
    match (secret, jwks_url) {
        (Some(secret), None) => {
            if secret.expose_secret().trim().is_empty() {
                return Err(ConfigError::Blank("JWT_SECRET"));
            }
            if secret.expose_secret().trim().len() < SECRET_BYTES_MIN {
                return Err(ConfigError::ShortSecret);
            }
            match algorithm {
                None | Some("HS256") => Ok(JwtKeys::Secret(secret)),
                Some(_) => Err(ConfigError::Algorithm {
                    expected: "HS256 with JWT_SECRET",
                }),
            }
        }
        (None, Some(url)) => {
            let algorithm = match algorithm {
                Some("RS256") => Algorithm::RS256,
                Some("ES256") => Algorithm::ES256,
                Some("EdDSA") => Algorithm::EdDSA,
                _ => {
                    return Err(ConfigError::Algorithm {
                        expected: "RS256, ES256 or EdDSA with JWT_JWKS_URL",
                    });
                }
            };
            Ok(JwtKeys::Jwks {
                url: guarded_url(&url).ok_or(ConfigError::JwksUrl)?,
                algorithm,
            })
        }
        _ => Err(ConfigError::SecretOrJwks),
    }
}

fn filled(name: &'static str, value: String) -> Result<String, ConfigError> {
    if value.trim().is_empty() {
        return Err(ConfigError::Blank(name));
    }
    Ok(value)
}
