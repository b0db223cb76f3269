//! Settings that a gateway starts with and that do not go together.

use billing_telemetry::doctor::Finding;
use reqwest::Url;

use super::DoctorOptions;
use crate::auth::settings::JwtKeys;
use crate::config::Config;
use crate::config_check::is_loopback;
use crate::providers::Providers;
use crate::server::open_files;

const SUBJECT: &str = "settings";

/// What the checked settings do not tell any more.
pub(super) struct Given {
    /// Where people's pages are, by the setting that says so.
    pages: Vec<(&'static str, Url)>,
}

impl Given {
    pub(super) fn of(options: &DoctorOptions) -> Self {
        let providers = &options.settings.providers;
        let pages = [
            ("FRONTEND_URL", &providers.fondy.frontend_url),
            ("BILLING_WEB_URL", &options.settings.payment.web_url),
        ];
        let pages = pages.into_iter().filter_map(|(name, url)| {
            let url = Url::parse(url.as_deref()?).ok()?;
            Some((name, url))
        });
        Self {
            pages: pages.collect(),
        }
    }
}

pub(super) fn check(
    given: &Given,
    config: &Config,
    providers: &Providers,
    public: Option<&Url>,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = config
        .warnings
        .iter()
        .map(|warning| {
            let to_do = "change the setting before real money moves";
            Finding::warn(SUBJECT, "payments", warning.to_string(), to_do)
        })
        .collect();
    findings.extend(modes(providers, public));
    findings.extend(pages(given, config, public));
    findings.extend(users(config));
    let connections = config.http.max_connections;
    let most = open_files::connections(connections);
    if most < connections {
        findings.push(Finding::warn(
            SUBJECT,
            "BILLING_GATEWAY_MAX_CONNECTIONS",
            format!("open files are limited: {most} connections, not {connections}"),
            "raise the limit of open files (LimitNOFILE, ulimit -n)",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(SUBJECT, "all are taken, and go together"));
    }
    findings
}

/// Whether money is real, told alike everywhere.
fn modes(providers: &Providers, public: Option<&Url>) -> Vec<Finding> {
    let names = |live: bool| {
        let of_mode = providers
            .iter()
            .filter(|provider| provider.livemode() == live);
        of_mode.map(|provider| provider.name()).collect::<Vec<_>>()
    };
    let (live, test) = (names(true), names(false));
    let mut findings = Vec::new();
    if live.is_empty() && test.is_empty() {
        findings.push(Finding::warn(
            SUBJECT,
            "payment providers",
            "none is set: nobody can pay",
            "set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET, or FONDY_MERCHANT_ID and FONDY_SECRET_KEY",
        ));
    }
    if !live.is_empty() && !test.is_empty() {
        findings.push(Finding::mend(
            SUBJECT,
            format!("{} live, {} in test mode", live.join(", "), test.join(", ")),
            "whoever pays in test mode is credited for nothing",
            "use keys of one mode",
        ));
    }
    if !live.is_empty() && public.is_some_and(is_loopback) {
        findings.push(Finding::mend(
            SUBJECT,
            "BACKEND_URL",
            "payments are live, and no provider reaches this machine's loopback",
            "name the public address",
        ));
    }
    findings
}

/// Whether browsers may call.
fn pages(given: &Given, config: &Config, public: Option<&Url>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for origin in &config.cors_origins {
        let text = origin.to_str().unwrap_or_default();
        if Url::parse(text).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url)) {
            let wrong =
                "its pages come by plain http: whoever is in between changes what they send";
            findings.push(Finding::warn(
                SUBJECT,
                format!("{text} of CORS_ORIGINS"),
                wrong,
                "name it with https",
            ));
        }
    }
    for (name, url) in &given.pages {
        let origin = url.origin().ascii_serialization();
        let is_own = public.is_some_and(|public| public.origin() == url.origin());
        let is_named = config.cors_origins.iter().any(|named| *named == *origin);
        if !is_own && !is_named {
            findings.push(Finding::warn(
                SUBJECT,
                *name,
                format!("browsers do not let its pages call: {origin} is not among CORS_ORIGINS"),
                format!("add {origin} to CORS_ORIGINS"),
            ));
        }
    }
    findings
}

fn users(config: &Config) -> Vec<Finding> {
    let jwt = &config.jwt;
    let mut findings = Vec::new();
    if matches!(jwt.keys, JwtKeys::Jwks { .. }) && jwt.audience.is_none() {
        findings.push(Finding::warn(
            SUBJECT,
            "JWT_AUDIENCE",
            "it is not set: tokens that were issued for other services are taken too",
            "set it to what the identity provider calls billing",
        ));
    }
    if jwt.contact.email.is_none() {
        findings.push(Finding::warn(
            SUBJECT,
            "JWT_EMAIL_CLAIM",
            "it is not set: nobody gets a receipt",
            "name the claim that holds the address",
        ));
    }
    findings
}
