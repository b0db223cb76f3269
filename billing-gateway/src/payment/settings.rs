//! What holds for payments of every provider.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::Args;
use reqwest::Url;

use crate::config_check::{ConfigError, guarded_url, has_user};
use crate::currency::{Currency, UAH, USD};
use crate::return_pages::ReturnPages;

/// What Stripe takes, less our name of the payment.
const RETURN_URL_BYTES_MAX: usize = 1_800;

/// Payments of every provider.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Payments")]
pub struct PaymentSettings {
    /// The most that is topped up at once, in whole US dollars
    #[arg(long, env = "BILLING_TOPUP_MAX_USD", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub topup_max_usd: u32,

    /// The most that is topped up at once by a provider that is paid in hryvnias, in whole hryvnias
    #[arg(long, env = "BILLING_TOPUP_MAX_UAH", default_value = "40000",
          value_parser = clap::value_parser!(u32).range(10..=9_999_999))]
    pub topup_max_uah: u32,

    /// Payments that one user may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_USER", default_value = "5")]
    pub payment_limit_user: NonZeroU32,

    /// Payments that may be created from one client address in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_IP", default_value = "10")]
    pub payment_limit_ip: NonZeroU32,

    /// Payments that the users of one tenant may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_TENANT", default_value = "120")]
    pub payment_limit_tenant: NonZeroU32,

    /// How often providers are asked about payments that stayed open, in seconds, 900 at most; 0: never
    #[arg(long, env = "BILLING_RECONCILE_SECS", default_value = "30",
          value_parser = clap::value_parser!(u64).range(0..=900))]
    pub reconcile_secs: u64,

    /// Where browsers reach the pages that this gateway serves, the dashboard among them; https, or http on
    /// loopback. Payers come back to `app/top-up/return` below it, and top-ups may be paid on Stripe's own
    /// page then. Absent: they are not, and payers come back from Fondy to `FRONTEND_URL`
    #[arg(long, env = "BILLING_WEB_URL")]
    pub web_url: Option<String>,
}

#[derive(Clone, Debug)]
pub struct PaymentConfig {
    /// The most that is topped up at once, in millionths of the currency's unit.
    most_micros: [(Currency, i64); Currency::ALL.len()],
    /// Payments that may be created in a minute.
    pub limit_user: NonZeroU32,
    pub limit_ip: NonZeroU32,
    pub limit_tenant: NonZeroU32,
    /// How often open payments are asked about; none: never.
    pub reconcile_period: Option<Duration>,
    /// Where payers of top-ups come back to; none: where each provider's settings say.
    pub(crate) return_pages: Option<ReturnPages>,
    /// Whose pages a request may name to come back to.
    return_origins: Vec<String>,
}

impl PaymentConfig {
    /// `callers`: the origins whose pages may call.
    pub(crate) fn checked(
        payment: &PaymentSettings,
        callers: &[HeaderValue],
    ) -> Result<Self, ConfigError> {
        // Blank where a deployment leaves it away.
        let given = payment.web_url.as_deref().map(str::trim);
        let given = given.filter(|text| !text.is_empty());
        let web_url = given.map(web_url).transpose()?;
        let callers = callers.iter().filter_map(|origin| origin.to_str().ok());
        let own = web_url
            .as_ref()
            .map(|url| url.origin().ascii_serialization());
        Ok(Self {
            return_pages: web_url.as_ref().map(ReturnPages::of_dashboard),
            return_origins: callers.map(str::to_owned).chain(own).collect(),
            most_micros: [(USD, payment.topup_max_usd), (UAH, payment.topup_max_uah)]
                .map(|(currency, units)| (currency, i64::from(units).saturating_mul(1_000_000))),
            limit_user: payment.payment_limit_user,
            limit_ip: payment.payment_limit_ip,
            limit_tenant: payment.payment_limit_tenant,
            reconcile_period: (payment.reconcile_secs > 0)
                .then(|| Duration::from_secs(payment.reconcile_secs)),
        })
    }

    /// The page that a request names to come back to. None: it is nobody's that may call.
    pub(crate) fn return_page(&self, named: &str) -> Option<ReturnPages> {
        let url = guarded_url(named).filter(|_| !has_user(named))?;
        let origin = url.origin().ascii_serialization();
        let is_allowed =
            named.len() <= RETURN_URL_BYTES_MAX && self.return_origins.contains(&origin);
        is_allowed.then(|| ReturnPages::at(&url))
    }

    /// The most that is topped up at once. Nothing of a currency that has none.
    pub(crate) fn most_micros(&self, currency: Currency) -> i64 {
        let most = self.most_micros.iter().find(|(of, _)| *of == currency);
        most.map_or(0, |(_, micros)| *micros)
    }
}

fn web_url(text: &str) -> Result<Url, ConfigError> {
    const NAME: &str = "BILLING_WEB_URL";
    if has_user(text) {
        return Err(ConfigError::User(NAME));
    }
    guarded_url(text).ok_or(ConfigError::ProviderUrl(NAME))
}

#[cfg(test)]
mod tests {
    use crate::config::tests::config;

    #[test]
    fn payers_come_back_to_pages_of_ours_and_of_those_who_may_call_and_to_nobody_elses() {
        let config = config(&[
            "--web-url=https://billing.example.com/base",
            "--cors-origins=https://app.example.com",
        ]);
        for (named, is_allowed) in [
            ("https://billing.example.com/other", true),
            ("https://app.example.com/pay?tab=1", true),
            ("https://app.example.com:8443/pay", false),
            ("http://app.example.com/pay", false),
            ("https://app.example.com@evil.example/", false),
            ("https://user:word@app.example.com/", false),
            ("https://evil.example/app.example.com", false),
            ("javascript:alert(1)", false),
            ("/pay", false),
            ("", false),
        ] {
            let page = config.payment.return_page(named);
            assert_eq!(page.is_some(), is_allowed, "{named}");
        }
        let long = format!("https://app.example.com/{}", "a".repeat(1_800));
        assert!(config.payment.return_page(&long).is_none());
    }
}
