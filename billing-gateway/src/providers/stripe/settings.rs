//! Stripe's settings, as they are given and once checked.

use axum::http::HeaderValue;
use clap::Args;
use jiff::SignedDuration;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::pages::{ContributionPages, Pages};
use crate::config_check::{ConfigError, Warning, guarded_url, is_http};
use crate::return_pages::ReturnPages;

/// `whsec_`, and 32 characters or more.
const WEBHOOK_SECRET_CHARS_MIN: usize = 38;

/// How Stripe is reached. Without a key there is no Stripe.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Stripe")]
#[group(id = "stripe")]
pub struct Settings {
    /// The secret key of the API, or a restricted one. Absent: no payments by Stripe
    #[arg(
        id = "stripe_secret_key",
        long = "stripe-secret-key",
        env = "STRIPE_SECRET_KEY",
        hide_env_values = true
    )]
    pub secret_key: Option<SecretString>,

    /// The secrets of the webhook endpoints, separated by commas or spaces. Required with the key
    #[arg(
        id = "stripe_webhook_secret",
        long = "stripe-webhook-secret",
        env = "STRIPE_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub webhook_secret: Option<SecretString>,

    /// The key with which the pages load Stripe's card form, of the same mode. Absent: cards are typed on
    /// Stripe's own pages
    #[arg(
        id = "stripe_publishable_key",
        long = "stripe-publishable-key",
        env = "STRIPE_PUBLISHABLE_KEY"
    )]
    pub publishable_key: Option<String>,

    /// Where the API is; https, or http on loopback
    #[arg(
        id = "stripe_api_url",
        long = "stripe-api-url",
        env = "STRIPE_API_URL",
        default_value = "https://api.stripe.com"
    )]
    pub api_url: String,

    /// Where somebody comes back to from Stripe's page who has given something there; https, or http on loopback.
    /// `{CONTRIBUTION_ULID}` becomes the contribution's; without it `contribution=` is added to the query.
    /// `{CHECKOUT_SESSION_ID}` is left to Stripe. Absent: no contributions are taken
    #[arg(
        id = "stripe_success_url",
        long = "stripe-success-url",
        env = "STRIPE_SUCCESS_URL"
    )]
    pub success_url: Option<String>,

    /// Where somebody comes back to who has not. Required with the other
    #[arg(
        id = "stripe_cancel_url",
        long = "stripe-cancel-url",
        env = "STRIPE_CANCEL_URL"
    )]
    pub cancel_url: Option<String>,

    /// For how long a page of Stripe's can be paid, in seconds
    #[arg(
        id = "stripe_checkout_expiry_secs",
        long = "stripe-checkout-expiry-secs",
        env = "STRIPE_CHECKOUT_EXPIRY_SECS",
        default_value_t = 3_600,
        value_parser = clap::value_parser!(u32).range(2_700..=82_800)
    )]
    pub checkout_expiry_secs: u32,
}

impl Settings {
    /// Keys of the live mode say so.
    pub(in crate::providers) fn livemode(&self) -> bool {
        self.secret_key.as_ref().is_some_and(is_live)
    }

    /// `_live`: whether any provider's payments are.
    pub(in crate::providers) fn warnings(&self, _live: bool) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.livemode() && is_http(&self.api_url) {
            warnings.push(Warning::LiveOverHttp("STRIPE_API_URL"));
        }
        let is_short =
            |secret: &SecretString| secret.expose_secret().len() < WEBHOOK_SECRET_CHARS_MIN;
        let secrets = self.webhook_secret.as_ref().map(split).unwrap_or_default();
        if secrets.iter().any(is_short) {
            warnings.push(Warning::ShortWebhookSecret);
        }
        warnings
    }
}

fn is_live(key: &SecretString) -> bool {
    let key = key.expose_secret().trim();
    key.starts_with("sk_live_") || key.starts_with("rk_live_")
}

/// None where it is not set. It tells its mode as the secret key does.
fn checked_publishable(
    key: Option<&str>,
    secret_key: &SecretString,
) -> Result<Option<String>, ConfigError> {
    let Some(key) = key.map(str::trim) else {
        return Ok(None);
    };
    let kind = if is_live(secret_key) {
        "pk_live_"
    } else {
        "pk_test_"
    };
    if !key.starts_with(kind) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::PublishableKey);
    }
    Ok(Some(key.to_owned()))
}

fn split(secrets: &SecretString) -> Vec<SecretString> {
    secrets
        .expose_secret()
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .collect()
}

#[derive(Clone, Debug)]
pub struct Config {
    pub(super) secret_key: SecretString,
    pub(super) webhook_secrets: Vec<SecretString>,
    pub(super) publishable_key: Option<String>,
    pub(super) api_url: Url,
    pub(super) pages: Pages,
}

impl Config {
    /// None where Stripe is not configured.
    pub(in crate::providers) fn checked(
        settings: Settings,
        dashboard: Option<&ReturnPages>,
    ) -> Result<Option<Self>, ConfigError> {
        let blank = |secret: &Option<SecretString>| {
            let text = secret.as_ref().map(ExposeSecret::expose_secret);
            text.is_some_and(|text| text.trim().is_empty())
        };
        if blank(&settings.secret_key) {
            return Err(ConfigError::Blank("STRIPE_SECRET_KEY"));
        }
        if blank(&settings.webhook_secret) {
            return Err(ConfigError::Blank("STRIPE_WEBHOOK_SECRET"));
        }
        let Some(secret_key) = settings.secret_key else {
            // Half of it is a mistake, not a wish to do without.
            return if settings.webhook_secret.is_some() || settings.publishable_key.is_some() {
                Err(ConfigError::Missing("STRIPE_SECRET_KEY"))
            } else {
                Ok(None)
            };
        };
        let secret_key = SecretString::from(secret_key.expose_secret().trim());
        if HeaderValue::from_str(secret_key.expose_secret()).is_err() {
            return Err(ConfigError::NotAscii("STRIPE_SECRET_KEY"));
        }
        let webhook_secret = settings.webhook_secret;
        let webhook_secret = webhook_secret.ok_or(ConfigError::Missing("STRIPE_WEBHOOK_SECRET"))?;
        let webhook_secrets = split(&webhook_secret);
        if webhook_secrets.is_empty() {
            return Err(ConfigError::Blank("STRIPE_WEBHOOK_SECRET"));
        }
        let publishable_key =
            checked_publishable(settings.publishable_key.as_deref(), &secret_key)?;
        Ok(Some(Self {
            secret_key,
            webhook_secrets,
            publishable_key,
            api_url: guarded_url(&settings.api_url)
                .ok_or(ConfigError::ProviderUrl("STRIPE_API_URL"))?,
            pages: Pages {
                contributions: ContributionPages::checked(
                    settings.success_url,
                    settings.cancel_url,
                )?,
                top_ups: dashboard.cloned(),
                lifetime: SignedDuration::from_secs(settings.checkout_expiry_secs.into()),
            },
        }))
    }

    pub(super) fn livemode(&self) -> bool {
        is_live(&self.secret_key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Settings};
    use crate::config_check::ConfigError;

    fn settings(key: Option<&str>, webhook: Option<&str>) -> Settings {
        Settings {
            secret_key: key.map(Into::into),
            webhook_secret: webhook.map(Into::into),
            publishable_key: None,
            api_url: "https://api.stripe.com".to_owned(),
            success_url: None,
            cancel_url: None,
            checkout_expiry_secs: 3_600,
        }
    }

    fn checked(key: Option<&str>, webhook: Option<&str>) -> Result<Option<Config>, ConfigError> {
        Config::checked(settings(key, webhook), None)
    }

    #[test]
    fn a_blank_secret_does_not_start() {
        for blank in ["", "  ", "\t\n"] {
            assert_eq!(
                checked(Some(blank), Some("whsec_1")).unwrap_err(),
                ConfigError::Blank("STRIPE_SECRET_KEY")
            );
            for key in [None, Some("sk_test_1")] {
                assert_eq!(
                    checked(key, Some(blank)).unwrap_err(),
                    ConfigError::Blank("STRIPE_WEBHOOK_SECRET")
                );
            }
        }
        assert_eq!(
            checked(Some("sk_test_1"), Some(" , ")).unwrap_err(),
            ConfigError::Blank("STRIPE_WEBHOOK_SECRET")
        );
        assert_eq!(
            checked(Some("sk_test_1"), None).unwrap_err(),
            ConfigError::Missing("STRIPE_WEBHOOK_SECRET")
        );
        assert_eq!(
            checked(Some("sk_test_\u{e9}\n1"), Some("whsec_1")).unwrap_err(),
            ConfigError::NotAscii("STRIPE_SECRET_KEY")
        );
        assert!(checked(None, None).unwrap().is_none());
    }

    #[test]
    fn several_webhook_secrets_are_current_at_once() {
        let config = checked(Some("sk_test_1"), Some("whsec_1, whsec_2\nwhsec_3")).unwrap();
        assert_eq!(config.unwrap().webhook_secrets.len(), 3);
    }

    #[test]
    fn the_key_tells_the_mode() {
        for (key, live) in [
            ("sk_live_1", true),
            ("rk_live_1", true),
            ("sk_test_1", false),
            ("rk_test_1", false),
        ] {
            let config = checked(Some(key), Some("whsec_1")).unwrap().unwrap();
            assert_eq!(config.livemode(), live, "{key}");
        }
    }

    #[test]
    fn a_publishable_key_is_of_the_mode_of_the_secret_one() {
        let with_keys = |secret: Option<&str>, publishable: &str| {
            let webhook = secret.map(|_| "whsec_1");
            Config::checked(
                Settings {
                    publishable_key: Some(publishable.to_owned()),
                    ..settings(secret, webhook)
                },
                None,
            )
        };
        for (secret, publishable) in [
            ("sk_test_1", "pk_test_1"),
            ("rk_test_1", " pk_test_1\n"),
            ("sk_live_1", "pk_live_1"),
            ("rk_live_1", "pk_live_1"),
        ] {
            let config = with_keys(Some(secret), publishable).unwrap().unwrap();
            let expected = Some(publishable.trim().to_owned());
            assert_eq!(config.publishable_key, expected);
        }
        for (secret, publishable) in [
            ("sk_test_1", "pk_live_1"),
            ("sk_live_1", "pk_test_1"),
            ("sk_test_1", "sk_test_1"),
            ("sk_test_1", "pk_test_\u{e9}"),
            ("sk_test_1", ""),
        ] {
            let error = with_keys(Some(secret), publishable).unwrap_err();
            assert_eq!(error, ConfigError::PublishableKey, "{publishable}");
        }
        let alone = with_keys(None, "pk_test_1").unwrap_err();
        assert_eq!(alone, ConfigError::Missing("STRIPE_SECRET_KEY"));
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for (url, good) in [
            ("http://127.0.0.1:12111", true),
            ("http://localhost:12111/", true),
            ("https://stripe.example.com", true),
            ("http://api.stripe.com", false),
            ("stripe", false),
        ] {
            let settings = Settings {
                api_url: url.to_owned(),
                ..settings(Some("sk_test_1"), Some("whsec_1"))
            };
            assert_eq!(Config::checked(settings, None).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn no_debug_output_shows_a_secret() {
        let config = checked(Some("sk_test_secret"), Some("whsec_secret")).unwrap();
        let text = format!("{config:?}");
        assert!(!text.contains("_secret\""), "{text}");
        assert!(!text.contains("sk_test"), "{text}");
    }
}
