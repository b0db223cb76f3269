//! What each slice's settings are checked with, and why the gateway does not start with some.

mod url;
mod warning;

pub(crate) use url::{extend, guarded_url, has_user, header_names, is_loopback, origins};
pub use warning::Warning;
pub(crate) use warning::is_http;

/// HS256 is as strong as its secret: RFC 7518, section 3.2 asks for as many bits as the hash has.
pub(crate) const SECRET_BYTES_MIN: usize = 32;

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
    #[error("JWT_ADMIN_CLAIM and JWT_ADMIN_VALUE must be set together")]
    AdminClaim,
    #[error("{0} must be visible ASCII")]
    NotAscii(&'static str),
    #[error("{0} must be an https URL, or an http URL on loopback")]
    ProviderUrl(&'static str),
    #[error("{0} must hold no user and no password: it is shown to providers and payers")]
    User(&'static str),
    #[error(
        "{0} must be a lower-case letter, then such letters, digits or underscores, and no \
             other provider's name"
    )]
    ProviderName(&'static str),
    #[error("BILLING_RATE_SOURCE must be none, nbu, or static: and a rate, such as static:41.50")]
    RateSource,
    #[error("{0}: `{1}` is not an origin such as https://app.example.com")]
    Origin(&'static str, String),
    #[error(
        "STRIPE_PUBLISHABLE_KEY must be the key that begins with pk_test_ or pk_live_, of the mode of \
         STRIPE_SECRET_KEY: no payment could be made with one of another mode"
    )]
    PublishableKey,
    #[error("{0} must be an https URL, an http URL on loopback, or a path such as /login")]
    PageUrl(&'static str),
    #[error(
        "BILLING_WEB_TOKEN_LINKS is for trials: where payments are live, anybody's link would sign a user \
         in as somebody else"
    )]
    TokenLinks,
    #[error("CORS_HEADERS: `{0}` is not the name of a header")]
    Header(String),
}

pub(crate) fn filled(name: &'static str, value: String) -> Result<String, ConfigError> {
    if value.trim().is_empty() {
        return Err(ConfigError::Blank(name));
    }
    Ok(value)
}
