//! `billing-gateway doctor`: looks at everything that a gateway stands on, beside one that runs with the
//! same settings, and says what to mend. It binds no port, and nothing of it remains anywhere.
//!
//! | file | looks at |
//! |---|---|
//! | `settings` | what does not go together |
//! | `the_core` | the core: ready, its token, its contract, its clock |
//! | `keys` | keys of users' tokens |
//! | `outside` | the public address: its certificate, its pages, its clock |
//! | `webhooks` | signed webhooks of our own, sent from outside |
//! | `rates` | where rates come from |
//!
//! What is asked of a provider is in its own file below `providers`.

mod answer;
mod contract;
mod keys;
mod outside;
mod rates;
mod settings;
mod the_core;
mod webhooks;

use std::process::ExitCode;

use billing_telemetry::doctor::{Finding, report, within};
use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use self::webhooks::Way;
use crate::config::{Config, Settings};
use crate::config_check::guarded_url;
use crate::core::CoreClient;
use crate::providers::Providers;
use crate::web::Site;

#[derive(Args, Debug)]
pub struct DoctorOptions {
    #[command(flatten)]
    pub settings: Settings,

    /// Print what was found as one JSON object
    #[arg(long)]
    pub json: bool,

    /// Where webhooks and pages are tried, in the place of `BACKEND_URL`: from inside a cluster that does
    /// not let its own public address be reached, the gateway's service, and then nothing in front of
    /// it is tried; https, or any http
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Where the gateway is reached.
#[derive(Clone, Debug)]
struct Place {
    /// As providers and browsers have it; none: it is not known.
    public: Option<Url>,
    /// Where it is tried.
    tried: Option<Url>,
}

/// Exits with 1 where something must be mended. A rustls provider must be installed.
pub async fn run(options: DoctorOptions) -> ExitCode {
    let as_json = options.json;
    let secrets = secrets(&options.settings);
    let findings = Box::pin(looked_at(options)).await;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    report(&findings, as_json, &secrets)
}

async fn looked_at(options: DoctorOptions) -> Vec<Finding> {
    let given = settings::Given::of(&options);
    let place = match place(&options) {
        Ok(place) => place,
        Err(finding) => return vec![finding],
    };
    let refused = |error: &dyn std::error::Error| {
        let to_do = "mend the setting that it names: a gateway does not start with it";
        let wrong = crate::causes::causes(error);
        vec![Finding::mend("settings", "the settings", wrong, to_do)]
    };
    let config = match Config::try_from(options.settings) {
        Ok(config) => config,
        Err(error) => return refused(&error),
    };
    let core = match CoreClient::new(&config.core) {
        Ok(core) => core,
        Err(error) => return refused(&error),
    };
    let providers = match Providers::new(&config.providers) {
        Ok(providers) => providers,
        Err(error) => return refused(&error),
    };
    if let Err(error) = Site::open(&config.web, &config.jwt, &providers) {
        return refused(&error);
    }
    let mut findings = settings::check(&given, &config, &providers, place.public.as_ref());
    let (of_core, of_keys, of_outside, of_providers, of_rates) = tokio::join!(
        the_core::check(&core, &config),
        within("keys", "keys of users' tokens", keys::check(&config.jwt)),
        outside(&place, &config, &providers),
        of_providers(&providers, place.public.as_ref()),
        within(
            "rates",
            "exchange rates",
            rates::check(&core, &config.rate, &providers)
        ),
    );
    findings.extend([of_core, of_keys, of_outside, of_providers, of_rates].concat());
    findings
}

fn place(options: &DoctorOptions) -> Result<Place, Finding> {
    let public = options.settings.providers.fondy.backend_url.as_deref();
    let public = public.and_then(guarded_url);
    let tried = match options.url.as_deref() {
        None => public.clone(),
        Some(text) => {
            let url = Url::parse(text).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
            let url = url.ok_or_else(|| {
                let to_do = "name it as https://host";
                Finding::mend("settings", "--url", "it is no URL of the web", to_do)
            })?;
            Some(url)
        }
    };
    Ok(Place { public, tried })
}

async fn outside(place: &Place, config: &Config, providers: &Providers) -> Vec<Finding> {
    let Some(url) = &place.tried else {
        return vec![Finding::warn(
            "outside",
            "the public address",
            "neither BACKEND_URL nor --url is set: nothing was tried from outside, webhooks neither",
            "set BACKEND_URL to where this gateway is reached from outside",
        )];
    };
    let way = if place.tried == place.public {
        Way::Public
    } else {
        Way::Other
    };
    let (mut of_pages, of_webhooks) = tokio::join!(
        outside::check(url, config, place),
        webhooks::check(url, config, providers, way),
    );
    of_pages.extend(of_webhooks);
    of_pages
}

async fn of_providers(providers: &Providers, public: Option<&Url>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in providers.iter() {
        let addresses = public.map(|url| webhooks::addresses(url, provider.name()));
        let addresses = addresses.unwrap_or_default();
        let looked_at = provider.look(&addresses);
        findings.extend(within(provider.name(), "the provider's API", looked_at).await);
    }
    findings
}

/// None of them is printed, whoever repeats it.
fn secrets(settings: &Settings) -> Vec<String> {
    let (stripe, fondy) = (&settings.providers.stripe, &settings.providers.fondy);
    let webhook_secrets = stripe.webhook_secret.as_ref();
    let webhook_secrets = webhook_secrets.map(|all| all.expose_secret().split([',', ' ']));
    let single = [
        &settings.core.core_token,
        &settings.core.core_admin_token,
        &settings.jwt.jwt_secret,
        &stripe.secret_key,
        &fondy.secret_key,
    ];
    let single = single
        .into_iter()
        .flatten()
        .map(SecretString::expose_secret);
    webhook_secrets
        .into_iter()
        .flatten()
        .chain(single)
        .map(|secret| secret.trim().to_owned())
        .collect()
}
