//! Who takes the cards: the stand-in for Stripe, or Stripe itself where real keys are given.

use anyhow::{Result, bail};
use clap::Args;

use super::ports::Ports;
use super::state::Secrets;

#[derive(Debug, Args)]
pub struct CardKeys {
    /// Use Stripe itself by this key, and start no stand-in. Use one of its test mode.
    #[arg(
        long,
        env = "STRIPE_SECRET_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub stripe_secret_key: Option<String>,

    /// What Stripe signs its webhooks with. Goes with the key.
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub stripe_webhook_secret: Option<String>,
}

/// Where payments are made.
pub enum Cards {
    Sandbox,
    Stripe { key: String, secret: String },
}

impl Cards {
    pub fn of(keys: &CardKeys) -> Result<Self> {
        match (&keys.stripe_secret_key, &keys.stripe_webhook_secret) {
            (None, None) => Ok(Self::Sandbox),
            (Some(key), Some(secret)) => Ok(Self::Stripe {
                key: key.clone(),
                secret: secret.clone(),
            }),
            _ => bail!(
                "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET go together; set both, or neither for \
                 the stand-in"
            ),
        }
    }

    pub const fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox)
    }

    /// The key and the webhook secret that the gateway uses.
    pub fn keys<'a>(&'a self, secrets: &'a Secrets) -> (&'a str, &'a str) {
        match self {
            Self::Sandbox => (&secrets.stripe_secret_key, &secrets.stripe_webhook_secret),
            Self::Stripe { key, secret } => (key, secret),
        }
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
        ];
        if self.is_sandbox() {
            environment.push(("STRIPE_API_URL", sandbox_url(ports)));
        }
        environment
    }

    pub fn sandbox_environment(secrets: &Secrets, ports: Ports) -> [(&'static str, String); 4] {
        [
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
