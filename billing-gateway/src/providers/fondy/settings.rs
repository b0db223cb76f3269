//! Fondy's settings, as they are given and once checked.

use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::config_check::{
    ConfigError, Warning, extend, guarded_url, has_user, is_http, is_loopback,
};
use crate::providers::NAMES;
use crate::return_pages::ReturnPages;

/// Its payments move no money. <https://docs.fondy.eu/en/docs/page/3/>
const TEST_MERCHANT: u64 = 1_396_424;
/// That merchant's, and in its documentation.
const TEST_SECRET: &str = "test";

const NAME: &str = "fondy";
const NAME_BYTES_MAX: usize = 32;

/// How Fondy, or another that speaks its protocol, is reached. Without a merchant there is none.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Fondy")]
#[group(id = "fondy")]
pub struct Settings {
    /// The merchant's number. Absent: no payments by Fondy
    #[arg(
        id = "fondy_merchant_id",
        long = "fondy-merchant-id",
        env = "FONDY_MERCHANT_ID"
    )]
    pub merchant_id: Option<u64>,

    /// The merchant's secret, which signs. Required with the merchant
    #[arg(
        id = "fondy_secret_key",
        long = "fondy-secret-key",
        env = "FONDY_SECRET_KEY",
        hide_env_values = true
    )]
    pub secret_key: Option<SecretString>,

    /// Where the API is; https, or http on loopback
    #[arg(
        id = "fondy_api_url",
        long = "fondy-api-url",
        env = "FONDY_API_URL",
        default_value = "https://pay.fondy.eu/api"
    )]
    pub api_url: String,

    /// What it is called in paths and payments; Flitt speaks the same protocol
    #[arg(
        id = "fondy_name",
        long = "fondy-name",
        env = "FONDY_NAME",
        default_value = NAME
    )]
    pub name: String,

    /// Where this gateway is reached from outside, for callbacks; https, or http on loopback.
    /// Required with the merchant
    #[arg(id = "backend_url", long = "backend-url", env = "BACKEND_URL")]
    pub backend_url: Option<String>,

    /// Where the payer's browser returns to where `BILLING_WEB_URL` is not set; both absent: it stays on the
    /// provider's page
    #[arg(id = "frontend_url", long = "frontend-url", env = "FRONTEND_URL")]
    pub frontend_url: Option<String>,
}

impl Settings {
    pub(in crate::providers) fn livemode(&self) -> bool {
        self.merchant_id
            .is_some_and(|merchant| merchant != TEST_MERCHANT)
    }

    /// `live`: whether any provider's payments are. Payers of each come back to the same pages.
    pub(in crate::providers) fn warnings(&self, live: bool) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let api_url = self.livemode().then_some(self.api_url.as_str());
        let shared = |url: &Option<String>| url.as_ref().is_some_and(|url| live && is_http(url));
        for (name, unsafe_there) in [
            ("FONDY_API_URL", api_url.is_some_and(is_http)),
            ("BACKEND_URL", shared(&self.backend_url)),
            ("FRONTEND_URL", shared(&self.frontend_url)),
        ] {
            if unsafe_there {
                warnings.push(Warning::LiveOverHttp(name));
            }
        }
        // The sandbox is on loopback.
        if Url::parse(&self.api_url).is_ok_and(|url| is_loopback(&url)) {
            return warnings;
        }
        if self.merchant_id == Some(TEST_MERCHANT) {
            warnings.push(Warning::PublicTestMerchant);
        }
        let secret = self.secret_key.as_ref().map(ExposeSecret::expose_secret);
        if secret == Some(TEST_SECRET) {
            warnings.push(Warning::PublicTestSecret);
        }
        warnings
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub(super) name: &'static str,
    pub(super) merchant_id: u64,
    pub(super) secret_key: SecretString,
    pub(super) api_url: Url,
    pub(super) callback_url: Url,
    pub(super) back: Option<Back>,
}

/// Where the payer's browser returns to. It comes by a form.
#[derive(Clone, Debug)]
pub(super) struct Back {
    url: Url,
    /// What of its query names the payment.
    parameter: &'static str,
}

impl Back {
    pub(super) fn of(&self, payment_id: &str) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair(self.parameter, payment_id);
        url
    }
}

impl Config {
    /// None where Fondy is not configured.
    pub(in crate::providers) fn checked(
        settings: Settings,
        dashboard: Option<&ReturnPages>,
    ) -> Result<Option<Self>, ConfigError> {
        // Whoever is paid by: they are everybody's.
        for (name, url) in [
            ("BACKEND_URL", &settings.backend_url),
            ("FRONTEND_URL", &settings.frontend_url),
        ] {
            if url.as_deref().is_some_and(has_user) {
                return Err(ConfigError::User(name));
            }
        }
        let secret = settings
            .secret_key
            .as_ref()
            .map(ExposeSecret::expose_secret);
        if secret.is_some_and(|secret| secret.trim().is_empty()) {
            return Err(ConfigError::Blank("FONDY_SECRET_KEY"));
        }
        let (merchant_id, secret_key) = match (settings.merchant_id, settings.secret_key) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(ConfigError::Missing("FONDY_MERCHANT_ID")),
            (Some(_), None) => return Err(ConfigError::Missing("FONDY_SECRET_KEY")),
            (Some(merchant_id), Some(secret_key)) => (merchant_id, secret_key),
        };
        let name = name(settings.name)?;
        let backend_url = settings
            .backend_url
            .ok_or(ConfigError::Missing("BACKEND_URL"))?;
        let backend_url =
            guarded_url(&backend_url).ok_or(ConfigError::ProviderUrl("BACKEND_URL"))?;
        let below = |parts: &[&str]| {
            let mut url = backend_url.clone();
            extend(&mut url, parts);
            url
        };
        let frontend_url = settings
            .frontend_url
            .map(|url| guarded_url(&url).ok_or(ConfigError::ProviderUrl("FRONTEND_URL")))
            .transpose()?;
        // A page of the dashboard is a file, and takes no form: ours leads the browser on to it.
        let back = match dashboard {
            Some(_) => Some(Back {
                url: below(&["api", "billing", "payment", name, "return"]),
                parameter: "payment",
            }),
            None => frontend_url.map(|url| Back {
                url,
                parameter: "payment_id",
            }),
        };
        Ok(Some(Self {
            name,
            merchant_id,
            secret_key,
            api_url: guarded_url(&settings.api_url)
                .ok_or(ConfigError::ProviderUrl("FONDY_API_URL"))?,
            callback_url: below(&["webhooks", name]),
            back,
        }))
    }

    pub(super) fn livemode(&self) -> bool {
        self.merchant_id != TEST_MERCHANT
    }
}

/// It is read once and needed until the process ends.
fn name(name: String) -> Result<&'static str, ConfigError> {
    let fits = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= NAME_BYTES_MAX
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    // Whoever else it is must not take the name of one that there is.
    let is_taken = name != NAME && NAMES.contains(&name.as_str());
    if !fits || is_taken {
        return Err(ConfigError::ProviderName("FONDY_NAME"));
    }
    Ok(name.leak())
}

#[cfg(test)]
mod tests {
    use super::{Config, Settings, TEST_MERCHANT};
    use crate::config_check::ConfigError;

    fn settings() -> Settings {
        Settings {
            merchant_id: Some(TEST_MERCHANT),
            secret_key: Some("a_secret".into()),
            api_url: "https://pay.fondy.eu/api".to_owned(),
            name: "fondy".to_owned(),
            backend_url: Some("https://billing.example.com/base/".to_owned()),
            frontend_url: None,
        }
    }

    #[test]
    fn a_blank_secret_and_half_of_what_is_needed_do_not_start() {
        type Change = fn(&mut Settings);
        for blank in ["", "  ", "\t\n"] {
            let settings = Settings {
                secret_key: Some(blank.into()),
                ..settings()
            };
            let refused = Config::checked(settings, None).unwrap_err();
            assert_eq!(refused, ConfigError::Blank("FONDY_SECRET_KEY"));
        }
        let without: [(Change, &str); 3] = [
            (|settings| settings.secret_key = None, "FONDY_SECRET_KEY"),
            (|settings| settings.merchant_id = None, "FONDY_MERCHANT_ID"),
            (|settings| settings.backend_url = None, "BACKEND_URL"),
        ];
        for (change, missing) in without {
            let mut settings = settings();
            change(&mut settings);
            let refused = Config::checked(settings, None).unwrap_err();
            assert_eq!(refused, ConfigError::Missing(missing));
        }
        let nothing = Settings {
            merchant_id: None,
            secret_key: None,
            ..settings()
        };
        assert!(Config::checked(nothing, None).unwrap().is_none());
    }

    #[test]
    fn callbacks_come_below_the_backends_url_under_the_providers_name() {
        let config = Config::checked(settings(), None).unwrap().unwrap();
        let expected = "https://billing.example.com/base/webhooks/fondy";
        assert_eq!(config.callback_url.as_str(), expected);
        let flitt = Settings {
            name: "flitt".to_owned(),
            backend_url: Some("http://127.0.0.1:8080".to_owned()),
            ..settings()
        };
        let config = Config::checked(flitt, None).unwrap().unwrap();
        let expected = "http://127.0.0.1:8080/webhooks/flitt";
        assert_eq!(config.callback_url.as_str(), expected);
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        let refused = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            Config::checked(settings, None).unwrap_err()
        };
        assert_eq!(
            refused(|settings| settings.api_url = "http://pay.example.com".to_owned()),
            ConfigError::ProviderUrl("FONDY_API_URL")
        );
        assert_eq!(
            refused(|settings| settings.backend_url = Some("http://pay.example.com".to_owned())),
            ConfigError::ProviderUrl("BACKEND_URL")
        );
        assert_eq!(
            refused(|settings| settings.frontend_url = Some("ftp://pay.example.com".to_owned())),
            ConfigError::ProviderUrl("FRONTEND_URL")
        );
    }

    #[test]
    fn a_name_that_could_not_stand_in_a_path_or_is_another_providers_does_not_start() {
        for name in [
            "",
            "stripe",
            "Fondy",
            "a/b",
            "1a",
            "a-b",
            "é",
            &"a".repeat(33),
        ] {
            let settings = Settings {
                name: name.to_owned(),
                ..settings()
            };
            let refused = Config::checked(settings, None).unwrap_err();
            assert_eq!(refused, ConfigError::ProviderName("FONDY_NAME"), "{name}");
        }
    }

    #[test]
    fn only_the_test_merchant_moves_no_money_and_no_debug_output_shows_a_secret() {
        let config = Config::checked(settings(), None).unwrap().unwrap();
        assert!(!config.livemode());
        assert!(!format!("{config:?}").contains("a_secret"));
        let live = Settings {
            merchant_id: Some(7),
            ..settings()
        };
        assert!(Config::checked(live, None).unwrap().unwrap().livemode());
    }
}
