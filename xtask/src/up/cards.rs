//! Who takes the cards: the stand-in for Stripe and Fondy, or Stripe itself where real keys are given.

use anyhow::{Result, bail};
use clap::Args;

use super::ports::Ports;
use super::state::Secrets;

/// The merchant that Fondy gives to everybody for tests.
pub const FONDY_MERCHANT: u64 = 1_396_424;

/// Hryvnias for a dollar, the same each time that somebody tries.
const RATE_SOURCE: &str = "static:41.50";

#[derive(Debug, Args)]
pub struct CardKeys {
    /// Use Stripe itself by this key, and start no stand-in. Use one of its test mode.
    #[arg(
        long = "stripe-secret-key",
        env = "STRIPE_SECRET_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub secret_key: Option<String>,

    /// What Stripe signs its webhooks with. Goes with the key.
    #[arg(
        long = "stripe-webhook-secret",
        env = "STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub webhook_secret: Option<String>,

    /// What the pages load Stripe's card form with; without it cards are typed on Stripe's own pages.
    #[arg(
        long = "stripe-publishable-key",
        env = "STRIPE_PUBLISHABLE_KEY",
        value_name = "KEY"
    )]
    pub publishable_key: Option<String>,
}

/// Where payments are made.
pub enum Cards {
    Sandbox,
    Stripe {
        key: String,
        secret: String,
        publishable_key: Option<String>,
    },
}

impl Cards {
    pub fn of(keys: &CardKeys) -> Result<Self> {
        match (&keys.secret_key, &keys.webhook_secret) {
            (None, None) if keys.publishable_key.is_none() => Ok(Self::Sandbox),
            (Some(key), Some(secret)) => Ok(Self::Stripe {
                key: key.clone(),
                secret: secret.clone(),
                publishable_key: keys.publishable_key.clone(),
            }),
            _ => bail!(
                "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET go together, and STRIPE_PUBLISHABLE_KEY with \
                 them; set both, or none for the stand-in"
            ),
        }
    }

    pub const fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox)
    }

    /// Whether money is real.
    pub fn are_live(&self) -> bool {
        match self {
            Self::Sandbox => false,
            Self::Stripe { key, .. } => key.contains("_live_"),
        }
    }

    /// The key and the webhook secret that the gateway uses.
    pub fn keys<'a>(&'a self, secrets: &'a Secrets) -> (&'a str, &'a str) {
        match self {
            Self::Sandbox => (&secrets.stripe_secret_key, &secrets.stripe_webhook_secret),
            Self::Stripe { key, secret, .. } => (key, secret),
        }
    }

    /// What Fondy's requests and callbacks are signed with; none where there is no stand-in.
    pub fn fondy_secret<'a>(&self, secrets: &'a Secrets) -> Option<&'a str> {
        self.is_sandbox().then_some(secrets.fondy_secret.as_str())
    }

    pub fn gateway_environment(
        &self,
        secrets: &Secrets,
        ports: Ports,
    ) -> Vec<(&'static str, String)> {
        let (key, secret) = self.keys(secrets);
        let mut environment = vec![
            ("STRIPE_SECRET_KEY", key.to_owned()),
            ("STRIPE_WEBHOOK_SECRET", secret.to_owned()),
            ("BILLING_RATE_SOURCE", RATE_SOURCE.to_owned()),
            ("BACKEND_URL", format!("http://{}", ports.gateway)),
        ];
        if let Self::Stripe {
            publishable_key: Some(key),
            ..
        } = self
        {
            environment.push(("STRIPE_PUBLISHABLE_KEY", key.clone()));
        }
        if self.is_sandbox() {
            environment.extend([
                ("STRIPE_API_URL", sandbox_url(ports)),
                ("FONDY_API_URL", format!("{}/api", sandbox_url(ports))),
                ("FONDY_MERCHANT_ID", FONDY_MERCHANT.to_string()),
                ("FONDY_SECRET_KEY", secrets.fondy_secret.clone()),
                // Everybody who tries it, and every test, comes from one address.
                ("BILLING_PAYMENT_LIMIT_IP", "120".to_owned()),
            ]);
        }
        environment
    }

    pub fn sandbox_environment(secrets: &Secrets, ports: Ports) -> [(&'static str, String); 6] {
        [
            ("FONDY_MERCHANT_ID", FONDY_MERCHANT.to_string()),
            ("FONDY_SECRET_KEY", secrets.fondy_secret.clone()),
            ("BILLING_SANDBOX_ADDR", ports.sandbox.to_string()),
            ("STRIPE_SECRET_KEY", secrets.stripe_secret_key.clone()),
            (
                "STRIPE_WEBHOOK_SECRET",
                secrets.stripe_webhook_secret.clone(),
            ),
            (
                "BILLING_SANDBOX_WEBHOOK_URL",
                format!("http://{}/webhooks/stripe", ports.gateway),
            ),
        ]
    }
}

pub fn sandbox_url(ports: Ports) -> String {
    format!("http://{}", ports.sandbox)
}
