//! Webhooks of our own, signed as the providers sign, sent from outside to the gateway that runs: whether
//! they arrive as they were sent, and whether a forged one is refused. Nothing of them is stored.

use billing_telemetry::doctor::{Finding, within};
use jiff::Timestamp;
use rand::TryRngCore;
use reqwest::{Client, Url};
use serde_json::Value;

use super::answer::{self, TOO_LARGE, TooLarge};
use super::outside::{below, client, unreached};
use crate::causes::causes;
use crate::config::Config;
use crate::providers::self_test::{SelfTest, Signer};
use crate::providers::{Provider, Providers};

const SUBJECT: &str = "webhooks";
/// The codes of a signature that does not fit, and of one that is too old.
const SIGNATURE: &str = "WEBHOOK_SIGNATURE_INVALID";
const CLOCK: &str = "WEBHOOK_TIMESTAMP_OUT_OF_RANGE";

/// How one was answered.
enum Answer {
    /// By a gateway, which tells of the way to it.
    Taken(Value),
    /// With the code of a problem, where it is one.
    Other {
        status: u16,
        code: String,
    },
    TooLarge,
    Unreached(String),
}

/// By which way it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By all proxies that there are.
    Public,
    /// By those that stand behind another address.
    Other,
}

pub(super) async fn check(
    url: &Url,
    config: &Config,
    providers: &Providers,
    way: Way,
) -> Vec<Finding> {
    let Ok(client) = client(url) else {
        // Said of the address.
        return Vec::new();
    };
    let mut findings = Vec::new();
    for provider in providers.iter() {
        let trusted = (config.trusted_proxies, way);
        let tried = tried(&client, url, provider.as_ref(), trusted);
        let place = below(url, &["webhooks", provider.name()]);
        findings.extend(within(SUBJECT, place.as_str(), tried).await);
    }
    findings
}

/// Where a provider may send to.
pub(super) fn addresses(url: &Url, provider: &str) -> Vec<String> {
    vec![
        below(url, &["webhooks", provider]).into(),
        below(url, &["api", "v1", provider, "webhook"]).into(),
    ]
}

async fn tried(
    client: &Client,
    url: &Url,
    provider: &dyn Provider,
    (trusted, way): (u8, Way),
) -> Vec<Finding> {
    let place = below(url, &["webhooks", provider.name()]);
    let mut taken = Vec::new();
    for test in provider.self_tests(&nonce(), Timestamp::now()) {
        let signed_by = test.signed_by;
        match judge(&place, signed_by, sent(client, &place, test).await) {
            Ok(seen) => taken.extend(seen),
            Err(finding) => return vec![finding],
        }
    }
    let Some(seen) = taken.first() else {
        return Vec::new();
    };
    let looked_at = format!(
        "{place}: {} signed, each taken as it was sent; a forged one refused; nothing stored",
        taken.len()
    );
    let mut findings = vec![Finding::ok(SUBJECT, looked_at)];
    findings.push(proxies(seen, trusted, way));
    findings
}

/// Nobody can have kept an answer to it.
fn nonce() -> String {
    let number = rand::rngs::OsRng.try_next_u64().unwrap_or_default();
    format!("{number:016x}")
}

async fn sent(client: &Client, place: &Url, test: SelfTest) -> Answer {
    let request = client
        .post(place.clone())
        .headers(test.headers)
        .body(test.body);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Answer::Unreached(causes(&error.without_url())),
    };
    let status = answer.status().as_u16();
    let body = match answer::json(answer).await {
        Ok(body) => body,
        Err(TooLarge) => return Answer::TooLarge,
    };
    match body.get("self_test") {
        Some(seen) if status == 200 => Answer::Taken(seen.clone()),
        _ => {
            let code = body.get("code").and_then(Value::as_str);
            let code = code.unwrap_or_default().to_owned();
            Answer::Other { status, code }
        }
    }
}

/// What the gateway saw of the way, of one that it was to take.
fn judge(place: &Url, signed_by: Signer, answer: Answer) -> Result<Option<Value>, Finding> {
    let mend =
        |wrong: String, to_do: &str| Err(Finding::mend(SUBJECT, place.as_str(), wrong, to_do));
    match (signed_by, answer) {
        (Signer::Ours(_), Answer::Taken(seen)) => Ok(Some(seen)),
        (
            Signer::Forger,
            Answer::Other {
                status: 400 | 401, ..
            },
        ) => Ok(None),
        (Signer::Forger, Answer::Taken(_)) => mend(
            "it takes what anybody has signed".to_owned(),
            "stop taking payments, and see who answers there",
        ),
        (Signer::Ours(_), Answer::Other { code, .. }) if code == CLOCK => mend(
            "its clock is more than five minutes from ours".to_owned(),
            "let both machines keep their time by NTP",
        ),
        (Signer::Ours(number), Answer::Other { status: 400, code }) if code == SIGNATURE => mend(
            format!("the signature by secret {number} does not fit there"),
            "let proxies pass bodies on byte for byte; or the gateway that runs has other secrets: \
                 restart it with these",
        ),
        (
            _,
            Answer::Other {
                status: 300..=399, ..
            },
        ) => mend(
            "it leads elsewhere, and providers do not follow".to_owned(),
            "name the address that answers itself, with https",
        ),
        (_, Answer::Other { status: 404, .. }) => mend(
            "nobody takes webhooks there".to_owned(),
            "let the proxy pass the path on, and the gateway that runs have this provider's settings",
        ),
        (_, Answer::Other { status, .. }) => mend(
            format!("it answers with status {status}"),
            "let the proxy pass webhooks on to this version of the gateway, without a login of its own",
        ),
        (_, Answer::TooLarge) => mend(
            TOO_LARGE.to_owned(),
            "let the proxy pass webhooks on to the gateway, and see who answers there",
        ),
        (_, Answer::Unreached(error)) => {
            let to_do = unreached(&error);
            mend(error, to_do)
        }
    }
}

/// Whether clients are told apart. We sent no `X-Forwarded-For`: whoever stands in it was added by a proxy.
fn proxies(seen: &Value, trusted: u8, way: Way) -> Finding {
    const PROXIES: &str = "proxies";
    let client = seen["client"].as_str().unwrap_or_default();
    let added = seen["forwarded"].as_u64().unwrap_or_default();
    let running = seen["trusted_proxies"].as_u64().unwrap_or_default();
    let looked_at =
        format!("{added} addresses in X-Forwarded-For, TRUSTED_PROXIES {running}, we are {client}");
    if running != u64::from(trusted) {
        let wrong = format!("the gateway that runs has other settings than these ({trusted})");
        return Finding::warn(PROXIES, looked_at, wrong, "restart it with these");
    }
    if way == Way::Other {
        let looked_at = "the way through the proxies was not tried: --url is not BACKEND_URL";
        return Finding::ok(PROXIES, looked_at);
    }
    let to_do =
        format!("set TRUSTED_PROXIES to {added}, if all who reach the gateway come by that way");
    if running < added {
        let wrong = "many users count as one address, and share its limits";
        return Finding::mend(PROXIES, looked_at, wrong, to_do);
    }
    if running > added {
        let wrong = "whoever calls may name any address as theirs, and so escape limits";
        return Finding::warn(PROXIES, looked_at, wrong, to_do);
    }
    Finding::ok(PROXIES, looked_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn proxies_are_as_many_as_are_trusted() {
        for (added, running, trusted, way, level) in [
            (0, 0, 0, Way::Public, "ok"),
            (2, 2, 2, Way::Public, "ok"),
            (1, 0, 0, Way::Public, "mend"),
            (0, 1, 1, Way::Public, "warn"),
            // From inside, the proxies in front are not passed, and others may be.
            (0, 1, 1, Way::Other, "ok"),
            (1, 0, 0, Way::Other, "ok"),
            (1, 1, 0, Way::Public, "warn"),
        ] {
            let seen = json!({"client": "1.2.3.4", "forwarded": added, "trusted_proxies": running});
            let found = proxies(&seen, trusted, way);
            assert_eq!(found.verdict.level(), level, "{found:?}");
        }
    }
}
