//! Errors as Stripe answers them.

use http::StatusCode;
use serde_json::{Map, Value, json};

/// An error answer. What a caller can act on is its `type` and `code`, as at Stripe.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct ApiError(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    status: StatusCode,
    kind: &'static str,
    message: String,
    /// `code`, `param` and whatever else the body has.
    rest: Map<String, Value>,
    refused_before_it_began: bool,
}

impl ApiError {
    /// A request that is refused for what is in it: 400, `invalid_request_error`.
    pub fn invalid(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
        error.0.refused_before_it_began = true;
        error
    }

    /// A request that the state of its object forbids: 400, `invalid_request_error`.
    pub fn forbidden_now(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message).code(code)
    }

    /// The object that the path names is not there: 404.
    pub fn not_found(noun: &str, id: &str, param: &str) -> Self {
        Self::missing(noun, id, param).status(StatusCode::NOT_FOUND)
    }

    /// The object that a parameter names is not there: 400.
    pub fn missing(noun: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {noun}: '{id}'"))
            .code("resource_missing")
            .param(param)
    }

    /// The card's bank said no: 402, `card_error`.
    pub fn card(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", message).code(code)
    }

    /// The key was used for something else (400), or is in use (409).
    pub fn idempotency(status: StatusCode, message: impl Into<String>) -> Self {
        let mut error = Self::new(status, "idempotency_error", message);
        error.0.refused_before_it_began = true;
        error
    }

    /// There is no such endpoint: 404.
    pub fn unrecognized(message: impl Into<String>) -> Self {
        Self::invalid(message).status(StatusCode::NOT_FOUND)
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::invalid(message).status(StatusCode::UNAUTHORIZED)
    }

    pub fn too_many_requests() -> Self {
        Self::invalid(
            "Request rate limit exceeded. Learn more about rate limits here \
             https://stripe.com/docs/rate-limits.",
        )
        .status(StatusCode::TOO_MANY_REQUESTS)
        .code("rate_limit")
    }

    /// Stripe's own fault.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "An unknown error occurred",
        )
    }

    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            status,
            kind,
            message: message.into(),
            rest: Map::new(),
            refused_before_it_began: false,
        }))
    }

    fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// An error that comes when the request has taken effect.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.0.refused_before_it_began = false;
        self
    }

    #[must_use]
    pub fn code(self, code: &str) -> Self {
        let page = format!(
            "https://stripe.com/docs/error-codes/{}",
            code.replace('_', "-")
        );
        self.with("code", code).with("doc_url", page)
    }

    #[must_use]
    pub fn param(self, param: impl Into<String>) -> Self {
        self.with("param", param.into())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.rest.insert(name.to_owned(), value.into());
        self
    }

    pub fn status_code(&self) -> StatusCode {
        self.0.status
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether an idempotency key keeps this answer. Stripe keeps an answer once an endpoint began
    /// to act, be it good or bad, and forgets a request that it did not accept.
    pub fn is_kept_by_a_key(&self) -> bool {
        !self.0.refused_before_it_began
    }

    pub fn body(&self, request_id: &str) -> Value {
        let mut error = self.0.rest.clone();
        error.insert("type".to_owned(), self.0.kind.into());
        error.insert("message".to_owned(), self.0.message.clone().into());
        let log = format!("https://dashboard.stripe.com/test/logs/{request_id}");
        error.insert("request_log_url".to_owned(), log.into());
        json!({ "error": error })
    }
}
