//! What a gateway starts with and an operator should know of. Values of secrets are never in it.

use reqwest::Url;

/// Settings that work and are hardly meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error(
        "{0} is an http address, and payments are live: whoever is in between reads and changes them"
    )]
    LiveOverHttp(&'static str),
    #[error(
        "FONDY_MERCHANT_ID is Fondy's public test merchant: its payments move no money, and all know its \
         secret"
    )]
    PublicTestMerchant,
    #[error(
        "FONDY_SECRET_KEY is the secret of Fondy's public test merchant: anybody can sign with it"
    )]
    PublicTestSecret,
    #[error(
        "a secret in STRIPE_WEBHOOK_SECRET is shorter than Stripe's are: webhooks could be forged"
    )]
    ShortWebhookSecret,
}

/// Whether it is plain http. A setting that is no URL is refused elsewhere.
pub(crate) fn is_http(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "http")
}
