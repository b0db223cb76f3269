//! Requests to Stripe, repeated under our own idempotency key.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod, VERSION};

use super::settings::Config;
use crate::causes::causes;
use crate::providers::ProviderError;
use crate::providers::http::{self, Bounds, Failure, Http};
use crate::wire::{self, Object};

const BOUNDS: Bounds = Bounds {
    total_timeout: Duration::from_secs(8),
    answer_bytes_max: 1024 * 1024,
};
const RETRIES_MAX: usize = 2;

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_ID: &str = "request-id";
const SHOULD_RETRY: &str = "stripe-should-retry";

/// Errors that are about the request. Others are about us, about Stripe, or no answer of Stripe's.
const KINDS_OF_REQUESTS: [&str; 2] = ["invalid_request_error", "card_error"];
/// Codes of what passes, under whatever status: too many requests (400 of old), and an object, or a
/// key, that another request holds. <https://docs.stripe.com/error-codes>
const PASSING_CODES: [&str; 3] = ["rate_limit", "lock_timeout", "idempotency_key_in_use"];

/// The way to Stripe, or to a stand-in that speaks its protocol.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    api_url: Url,
}

/// An answer to whoever only looks.
#[derive(Debug)]
pub(super) struct Looked {
    pub status: u16,
    /// When it was given, by Stripe's clock.
    pub date: Option<Timestamp>,
    /// Null where it is no JSON.
    pub body: Value,
}

/// Why an answer is of no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    Status(Refusal),
    #[error("the answer cannot be read (request {request_id})")]
    Answer {
        request_id: String,
        #[source]
        error: serde_json::Error,
    },
    #[error("the request's address is not what it was built as")]
    Address,
}

/// An answer that is not a success. Its message is left out: it may repeat what we sent.
#[derive(Debug)]
struct Refusal {
    status: u16,
    kind: String,
    code: String,
    request_id: String,
    should_retry: Option<bool>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: Object<ErrorObject>,
}

#[derive(Default, Deserialize)]
struct ErrorObject {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

impl Client {
    pub(super) fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, bearer(config));
        headers.insert(STRIPE_VERSION, HeaderValue::from_static(VERSION.as_str()));
        Ok(Self {
            http: Http::new(super::NAME, &config.api_url, headers, BOUNDS)?,
            api_url: config.api_url.clone(),
        })
    }

    /// `key` makes it repeatable; a request that changes nothing needs none. `call` names it in
    /// metrics and the log.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        call: &'static str,
        request: RequestBuilder,
        key: Option<&str>,
    ) -> Result<T, ProviderError> {
        let attempt = || self.attempt(call, &request, key);
        self.http.ask(call, RETRIES_MAX, attempt).await
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        call: &'static str,
        request: &RequestBuilder,
        key: Option<&str>,
    ) -> Result<T, Failure<Unusable>> {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let address = self.address(request).map_err(Failure::Refused)?;
        let mut outgoing = self.http.client().request(method, address);
        if let Some(body) = &request.body {
            outgoing = outgoing
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone());
        }
        if let Some(key) = key {
            outgoing = outgoing.header(IDEMPOTENCY_KEY, key);
        }
        let (response, body) = self.http.attempt(call, outgoing).await?;
        let status = response.status();
        let request_id = text(response.headers(), REQUEST_ID);
        let should_retry = text(response.headers(), SHOULD_RETRY).parse().ok();
        self.http.log(call, status.as_u16(), &request_id);
        if status.is_success() {
            return serde_json::from_slice(wire::unmarked(&body))
                .map(|Object(answer)| answer)
                .map_err(|error| Failure::Refused(Unusable::Answer { request_id, error }));
        }
        let error = serde_json::from_slice::<Object<ErrorBody>>(wire::unmarked(&body))
            .map(|Object(body)| body.error.0)
            .unwrap_or_default();
        Err(Failure::Refused(Unusable::Status(Refusal {
            status: status.as_u16(),
            kind: error.r#type.unwrap_or_default(),
            code: error.code.unwrap_or_default(),
            request_id,
            should_retry,
        })))
    }

    /// Reads once, without a change to anything, whatever the answer says.
    pub(super) async fn look(&self, path: &str, query: &str) -> Result<Looked, String> {
        let mut url = self.api_url.clone();
        url.set_path(&format!("/v1/{path}"));
        url.set_query(Some(query));
        let request = self.http.client().get(url);
        let (response, body) = self
            .http
            .attempt::<Unusable>("doctor", request)
            .await
            .map_err(|failure| {
                let failure = match failure {
                    Failure::Transport(error) => Failure::Transport(error.without_url()),
                    other => other,
                };
                causes(&failure)
            })?;
        let date = text(response.headers(), header::DATE.as_str());
        Ok(Looked {
            status: response.status().as_u16(),
            date: rfc2822::DateTimeParser::new().parse_timestamp(&date).ok(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }

    /// A path that reads differently once parsed holds something that was never an id.
    fn address(&self, request: &RequestBuilder) -> Result<Url, Unusable> {
        let path = format!("/v1{}", request.path);
        let mut url = self.api_url.clone();
        url.set_path(&path);
        url.set_query(request.query.as_deref().filter(|query| !query.is_empty()));
        (url.path() == path).then_some(url).ok_or(Unusable::Address)
    }
}

fn bearer(config: &Config) -> HeaderValue {
    // Checked with the settings.
    let bearer = format!("Bearer {}", config.secret_key.expose_secret());
    let mut value = HeaderValue::try_from(bearer).unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

impl http::Refusal for Unusable {
    fn may_pass(&self) -> bool {
        match self {
            // <https://docs.stripe.com/error-low-level>: the header decides, then the rest.
            Self::Status(refusal) => refusal.should_retry.unwrap_or_else(|| {
                let locked = refusal.status == 409;
                locked || refusal.status == 429 || refusal.status >= 500 || refusal.passes()
            }),
            Self::Answer { .. } | Self::Address => false,
        }
    }

    fn final_code(&self) -> Option<&str> {
        let Self::Status(refusal) = self else {
            return None;
        };
        let named = [&refusal.code, &refusal.kind]
            .into_iter()
            .find(|name| !name.is_empty());
        refusal
            .is_final()
            .then(|| named.map_or("refused", String::as_str))
    }
}

impl Refusal {
    /// Whether it is about the request itself, in Stripe's own words: nothing was done, and nothing
    /// would be if it came again. A key that was used with another content says that something *was*
    /// done, and a page of whoever stands in front of Stripe says nothing.
    fn is_final(&self) -> bool {
        matches!(self.status, 400 | 402 | 404)
            && KINDS_OF_REQUESTS.contains(&self.kind.as_str())
            && self.should_retry != Some(true)
            && !self.passes()
    }

    fn passes(&self) -> bool {
        PASSING_CODES.contains(&self.code.as_str())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            kind,
            code,
            request_id,
            ..
        } = self;
        write!(f, "status {status} {kind} {code} (request {request_id})")
    }
}
