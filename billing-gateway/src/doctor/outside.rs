//! The public address, asked as a browser asks: its certificate, its clock, and which pages may call.

use std::time::Duration;

use axum::http::header;
use billing_telemetry::doctor::{Finding, clock_reading, judge_certificate, judge_clock, within};
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, ClientBuilder, Method, Response, Url};

use super::Place;
use super::answer::{self, TOO_LARGE, TooLarge};
use super::the_core::http_date;
use crate::causes::causes;
use crate::config::Config;
use crate::config_check::is_loopback;

const SUBJECT: &str = "outside";
const ANSWER_TIME: Duration = Duration::from_secs(4);
/// Enough to see that they are let in.
const ORIGINS_MOST: usize = 5;

/// What to do where nobody answers, which may be for two reasons.
const UNREACHED: &str = "see DNS, the proxy and the firewall; from inside a cluster or a network \
     its own public address may not be reachable: then run this elsewhere, or name the gateway's service by --url";

const CERTIFICATE: &str = "show a certificate that holds today, for this host, of an authority that \
     everybody knows, with all that lead to it: no provider and no browser takes this one";

/// What to do about an error of the way.
pub(super) fn unreached(error: &str) -> &'static str {
    if is_about_certificate(error) {
        CERTIFICATE
    } else {
        UNREACHED
    }
}

/// As rustls says it: what is in between wraps the error in several ways.
fn is_about_certificate(error: &str) -> bool {
    error.contains("peer certificate")
}

pub(super) async fn check(url: &Url, config: &Config, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    if place.tried != place.public {
        let looked_at = format!("tried at {url}, in the place of BACKEND_URL");
        findings.push(Finding::ok(SUBJECT, looked_at));
    }
    if url.scheme() == "http" && !is_loopback(url) && place.tried == place.public {
        let wrong = "it is plain http: whoever is in between reads tokens and changes payments";
        findings.push(Finding::mend(
            SUBJECT,
            url.as_str(),
            wrong,
            "end TLS in front of the gateway",
        ));
    }
    let client = match client(url) {
        Ok(client) => client,
        Err(error) => {
            let wrong = causes(&error);
            findings.push(Finding::mend(
                SUBJECT,
                url.as_str(),
                wrong,
                "mend the system's TLS",
            ));
            return findings;
        }
    };
    findings.extend(within(SUBJECT, url.as_str(), health(&client, url)).await);
    if findings
        .iter()
        .all(|finding| finding.verdict.level() != "mend")
    {
        findings.extend(within("cors", "CORS_ORIGINS", origins(&client, url, config)).await);
    }
    findings
}

pub(super) fn client(url: &Url) -> Result<Client, reqwest::Error> {
    builder(url).build()
}

fn builder(url: &Url) -> ClientBuilder {
    let mut client = Client::builder()
        .user_agent(concat!(
            "billing-gateway-doctor/",
            env!("CARGO_PKG_VERSION")
        ))
        .redirect(Policy::none())
        .timeout(ANSWER_TIME)
        .tls_info(true);
    if url.scheme() == "http" {
        client = client.no_proxy();
    }
    client
}

/// `url` with further parts of its path.
pub(super) fn below(url: &Url, parts: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

async fn health(client: &Client, url: &Url) -> Vec<Finding> {
    let before = Timestamp::now();
    let answer = client.get(below(url, &["health"])).send().await;
    let after = Timestamp::now();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let wrong = causes(&error.without_url());
            let refused = is_about_certificate(&wrong);
            let to_do = unreached(&wrong);
            let mut findings = vec![Finding::mend(SUBJECT, url.as_str(), wrong, to_do)];
            if refused {
                findings.extend(refused_certificate(url).await);
            }
            return findings;
        }
    };
    let mut findings = about_the_way(url, &answer, before, after);
    let status = answer.status();
    let to_do =
        "let the proxy pass every path on to the gateway, and name its address in BACKEND_URL";
    let of_answer = match answer::json(answer).await {
        Ok(body) if status == 200 && body.get("status").is_some_and(|status| status == "ok") => {
            Finding::ok(SUBJECT, format!("{url} answers"))
        }
        Ok(_) => {
            let wrong = format!("it answers with status {status}, and not as a gateway does");
            Finding::mend(SUBJECT, url.as_str(), wrong, to_do)
        }
        Err(TooLarge) => Finding::mend(SUBJECT, url.as_str(), TOO_LARGE, to_do),
    };
    findings.insert(0, of_answer);
    findings
}

/// What is to be said of a certificate that is not believed: it is only read, and nothing secret is sent.
async fn refused_certificate(url: &Url) -> Option<Finding> {
    let client = builder(url).tls_danger_accept_invalid_certs(true).build();
    let answer = client
        .ok()?
        .get(below(url, &["health"]))
        .send()
        .await
        .ok()?;
    of_certificate(url.host_str().unwrap_or_default(), &answer)
}

fn of_certificate(host: &str, answer: &Response) -> Option<Finding> {
    let tls = answer.extensions().get::<TlsInfo>();
    let der = tls.and_then(TlsInfo::peer_certificate)?;
    let whose = format!("the certificate of {host}");
    Some(judge_certificate("tls", &whose, der, Timestamp::now()))
}

fn about_the_way(
    url: &Url,
    answer: &Response,
    before: Timestamp,
    after: Timestamp,
) -> Vec<Finding> {
    let host = url.host_str().unwrap_or_default();
    let certificate = of_certificate(host, answer);
    let date = answer.headers().get(header::DATE);
    let date = date.and_then(|date| date.to_str().ok()).and_then(http_date);
    let clock = date.map(|theirs| {
        let reading = clock_reading(before, theirs, after, SignedDuration::from_secs(1));
        judge_clock(&format!("the clock of {host}"), reading)
    });
    certificate.into_iter().chain(clock).collect()
}

/// Asks as a browser does before a page calls.
async fn origins(client: &Client, url: &Url, config: &Config) -> Vec<Finding> {
    let mut shut_out = Vec::new();
    for origin in config.cors_origins.iter().take(ORIGINS_MOST) {
        let request = client
            .request(Method::OPTIONS, below(url, &["api", "billing", "balance"]))
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        let answer = request.send().await;
        let is_let_in = answer.is_ok_and(|answer| {
            let named = answer
                .headers()
                .get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            named.iter().eq([origin])
        });
        if !is_let_in {
            shut_out.push(origin.to_str().unwrap_or_default().to_owned());
        }
    }
    if shut_out.is_empty() {
        let count = config.cors_origins.len();
        return vec![Finding::ok(
            "cors",
            format!("pages of {count} other origins may call"),
        )];
    }
    vec![Finding::mend(
        "cors",
        shut_out.join(", "),
        "browsers do not let these pages call, though CORS_ORIGINS has them",
        "restart the gateway with these settings, and let the proxy pass OPTIONS on and add no headers of its own",
    )]
}
