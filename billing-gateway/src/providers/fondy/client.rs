//! Requests to Fondy: signed, bounded in time and size.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use backon::{ConstantBuilder, Retryable};
use reqwest::Url;
use reqwest::redirect::Policy;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::message::{Fields, Received};
use super::settings::{Config, extend};
use super::signature;
use crate::providers::{ProviderError, WebhookRefusal};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// For a request with its repetition: two that wait for one another fit into a request of ours.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(6);
const RETRY_AFTER: Duration = Duration::from_millis(150);
const ANSWER_BYTES_MAX: usize = 256 * 1024;
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
    name: &'static str,
    http: reqwest::Client,
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

/// Why one attempt gave no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no whole answer came")]
    Transport(#[from] reqwest::Error),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
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
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("billing-gateway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(Policy::none());
        if config.api_url.scheme() == "http" {
            // Plain HTTP is for loopback alone.
            http = http.no_proxy();
        }
        Ok(Self {
            name: config.name,
            http: http.build()?,
            api_url: config.api_url.clone(),
            merchant_id: config.merchant_id,
            secret_key: config.secret_key.clone(),
        })
    }

    /// Once, since a second time it would be refused. The answer is not signed.
    pub(super) async fn send(&self, call: Call, fields: Fields) -> Result<Fields, ProviderError> {
        let attempt = async {
            let received = self.attempt(call, &fields).await?;
            Ok(received.trusted())
        };
        self.measured(call, attempt).await
    }

    /// What may be sent again, and is answered with a signature.
    pub(super) async fn ask(&self, call: Call, fields: Fields) -> Result<Fields, ProviderError> {
        let attempt = async || {
            let received = self.attempt(call, &fields).await?;
            received
                .verified(&self.secret_key)
                .map_err(Failure::NotAuthentic)
        };
        let once_more = ConstantBuilder::default()
            .with_delay(RETRY_AFTER)
            .with_jitter()
            .with_max_times(1);
        let attempts = attempt.retry(once_more).when(Failure::may_pass);
        self.measured(call, attempts).await
    }

    async fn measured(
        &self,
        call: Call,
        attempts: impl Future<Output = Result<Fields, Failure>>,
    ) -> Result<Fields, ProviderError> {
        let started = Instant::now();
        let answer = match tokio::time::timeout(TOTAL_TIMEOUT, attempts).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(ProviderError::from(failure)),
            Err(_elapsed) => Err(ProviderError::Late),
        };
        let outcome = answer.as_ref().map_or_else(ProviderError::name, |_| "ok");
        metrics::histogram!(
            "billing.provider.call.duration",
            "provider" => self.name, "call" => call.name, "outcome" => outcome,
        )
        .record(started.elapsed());
        answer
    }

    async fn attempt(&self, call: Call, fields: &Fields) -> Result<Received, Failure> {
        let mut url = self.api_url.clone();
        // Each path ends with a slash.
        extend(&mut url, call.path);
        extend(&mut url, &[""]);
        let response = self
            .http
            .post(url)
            .json(&json!({"request": self.signed(fields)}))
            .send()
            .await?;
        let status = response.status();
        tracing::debug!(call = call.name, status = status.as_u16(), "fondy answered");
        if !status.is_success() {
            return Err(Failure::Status(status.as_u16()));
        }
        let body = read(response).await?;
        let received = Received::read(&body).map_err(Failure::NotAuthentic)?;
        // A failure carries no signature, and is believed: it credits nothing.
        if let Received::One(fields) = &received
            && fields.text("response_status") == "failure"
        {
            return Err(Failure::Refused(Refusal::of(fields)));
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

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Failure {
    /// Whether the same request may fare better a moment later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::TooLarge | Self::Refused(_) | Self::NotAuthentic(_) => false,
        }
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

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) if FINAL_CODES.contains(&refusal.code.as_str()) => {
                Self::Refused {
                    detail: refusal.to_string(),
                    code: refusal.code,
                }
            }
            Failure::Transport(error) if error.is_timeout() && !error.is_connect() => Self::Late,
            failure => Self::Away(failure.into()),
        }
    }
}
