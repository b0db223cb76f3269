//! Requests to Fondy: signed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use axum::http::HeaderMap;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::message::{Fields, Received};
use super::settings::Config;
use super::signature;
use crate::config_check::extend;
use crate::providers::http::{self, Bounds, Failure, Http};
use crate::providers::{ProviderError, WebhookRefusal};

/// Two requests that wait for one another fit into a request of ours.
const BOUNDS: Bounds = Bounds {
    total_timeout: Duration::from_secs(6),
    answer_bytes_max: 256 * 1024,
};
const TEXT_CHARS_MAX: usize = 200;

/// The order is not new.
pub(super) const DUPLICATE_ORDER: &str = "1013";
pub(super) const UNKNOWN_ORDER: &str = "1018";

/// What the request itself is to blame for: nothing was done, and never will be. Not 1017, for which
/// the merchant's settings are, and those Fondy can mend.
/// <https://docs.fondy.io/gateway/direct-integration/response-codes>
const FINAL_CODES: [&str; 8] = [
    "1005", // invalid format, an amount that is too small
    "1007", // a parameter is incorrect
    "1009", // a parameter is empty
    "1011", // a parameter is missing
    "1012", // a currency that the merchant has not
    DUPLICATE_ORDER,
    UNKNOWN_ORDER,
    "1019", // the order has been completed
];

/// The way to Fondy, or to a stand-in that speaks its protocol.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    api_url: Url,
    merchant_id: u64,
    secret_key: SecretString,
}

/// What is asked for: its name in metrics and the log, and its path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub name: &'static str,
    pub path: &'static [&'static str],
}

/// Why an answer is of no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("status {0}")]
    Status(u16),
    #[error("{0}")]
    Refused(Refusal),
    #[error("the answer is not believed: {0}")]
    NotAuthentic(WebhookRefusal),
}

/// An answer that says `failure`. Its text is for the log: it never holds a secret of ours.
#[derive(Debug)]
struct Refusal {
    code: String,
    text: String,
    request_id: String,
}

impl Client {
    pub(super) fn new(config: &Config) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: Http::new(config.name, &config.api_url, HeaderMap::new(), BOUNDS)?,
            api_url: config.api_url.clone(),
            merchant_id: config.merchant_id,
            secret_key: config.secret_key.clone(),
        })
    }

    /// Once, since a second time it would be refused. The answer is not signed.
    pub(super) async fn send(&self, call: Call, fields: Fields) -> Result<Fields, ProviderError> {
        let attempt = async || {
            let received = self.attempt(call, &fields).await?;
            Ok::<_, Failure<Unusable>>(received.trusted())
        };
        self.http.ask(call.name, 0, attempt).await
    }

    /// What may be sent again, and is answered with a signature.
    pub(super) async fn ask(&self, call: Call, fields: Fields) -> Result<Fields, ProviderError> {
        let attempt = async || {
            let received = self.attempt(call, &fields).await?;
            received
                .verified(&self.secret_key)
                .map_err(|refusal| Failure::Refused(Unusable::NotAuthentic(refusal)))
        };
        self.http.ask(call.name, 1, attempt).await
    }

    async fn attempt(&self, call: Call, fields: &Fields) -> Result<Received, Failure<Unusable>> {
        let mut url = self.api_url.clone();
        // Each path ends with a slash.
        extend(&mut url, call.path);
        extend(&mut url, &[""]);
        let request = self.http.client().post(url);
        let request = request.json(&json!({"request": self.signed(fields)}));
        let (response, body) = self.http.attempt(call.name, request).await?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            self.http.log(call.name, status, "");
            return Err(Failure::Refused(Unusable::Status(status)));
        }
        let received = Received::read(&body)
            .map_err(|refusal| Failure::Refused(Unusable::NotAuthentic(refusal)))?;
        let Received::One(fields) = &received else {
            self.http.log(call.name, status, "");
            return Ok(received);
        };
        self.http.log(call.name, status, fields.text("request_id"));
        // A failure carries no signature, and is believed: it credits nothing.
        if fields.text("response_status") == "failure" {
            return Err(Failure::Refused(Unusable::Refused(Refusal::of(fields))));
        }
        Ok(received)
    }

    fn signed(&self, fields: &Fields) -> BTreeMap<String, Value> {
        let merchant_id = self.merchant_id.to_string();
        let whole = fields.iter().chain([("merchant_id", merchant_id.as_str())]);
        let whole: Fields = whole.collect();
        let mut members: BTreeMap<String, Value> = whole
            .iter()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        let signature = signature::of_fields(&self.secret_key, &whole);
        members.insert("merchant_id".to_owned(), self.merchant_id.into());
        members.insert(signature::FIELD.to_owned(), signature.into());
        members
    }
}

impl http::Refusal for Unusable {
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Refused(_) | Self::NotAuthentic(_) => false,
        }
    }

    fn final_code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code.as_str()),
            Self::Status(_) | Self::NotAuthentic(_) => None,
        }
        .filter(|code| FINAL_CODES.contains(code))
    }
}

impl Refusal {
    fn of(fields: &Fields) -> Self {
        let text = |names: [&str; 2]| {
            let text = names.map(|name| fields.text(name));
            let text = text.into_iter().find(|text| !text.is_empty());
            text.unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .take(TEXT_CHARS_MAX)
                .collect()
        };
        Self {
            code: text(["error_code", "response_code"]),
            text: text(["error_message", "response_description"]),
            request_id: text(["request_id", ""]),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            text,
            request_id,
        } = self;
        write!(f, "failure {code} {text:?} (request {request_id})")
    }
}
