//! Every refusal and fault as the body that callers meet: `application/problem+json` with the
//! members `error`, `message` and `code` that the platforms' clients read.

pub(crate) mod kind;
mod payment;

pub use payment::PaymentError;

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use self::kind::{
    ADMINISTRATOR_REQUIRED, BODY_LATE, BODY_TOO_LARGE, FAULT, INVALID, Kind, METHOD_NOT_ALLOWED,
    NO_EMAIL, NOT_FOUND, NOT_JSON, OPERATOR_REQUIRED, PRICE_HOLDS, RATE_LIMITED, TENANT_MISMATCH,
    TEST_MAIL_TOO_SOON, UNAUTHENTICATED, UNAVAILABLE,
};
use crate::causes::causes;
use crate::providers::ProviderError;

/// What a request ends with where it does not end well.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{} {}", .0.field, .0.message)]
    InvalidField(FieldError),
    #[error("the body is not a JSON object: {0}")]
    MalformedJson(String),
    #[error("{0}")]
    Unauthenticated(TokenRefusal),
    #[error("the X-Tenant-Id header names another tenant than the token")]
    OtherTenant,
    #[error("only an administrator may do this")]
    NotAdministrator,
    /// A switch holds for every tenant.
    #[error("only an operator of the whole service may do this")]
    NotOperator,
    #[error(
        "the price holds, or begins within seconds, and no price held before it that could be set again: it stays \
         until another one begins, so set the price that is to hold; one of 0 makes the tool free"
    )]
    PriceHolds,
    #[error("there is nothing here")]
    NotFound,
    #[error("this path does not answer that method")]
    MethodNotAllowed,
    #[error("the body did not arrive in time")]
    BodyLate,
    #[error("the body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
    #[error("the body must be sent as application/json")]
    NotJson,
    #[error("the body must be sent in UTF-8, not in {charset:?}")]
    NotUtf8 { charset: String },
    #[error("too many requests")]
    RateLimited { retry_after: Duration },
    #[error("the token names no e-mail address")]
    NoEmail,
    #[error("a test mail was sent a moment ago")]
    TestMailTooSoon,
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error("billing cannot answer at present")]
    Unavailable(#[source] Outage),
    #[error("something went wrong on our side")]
    Fault(#[source] Box<dyn Error + Send + Sync>),
}

/// What is wrong with one field of a body, a query or a header.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// The field as the REST surface names it.
    pub field: Cow<'static, str>,
    /// What it must be.
    pub message: Cow<'static, str>,
}

/// Why a bearer token is not accepted, as far as its owner may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("a bearer token is required")]
    Missing,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid")]
    Invalid,
}

/// Why billing cannot answer. Only the log learns it.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    #[error("the core did not answer: {0}")]
    Core(Box<tonic::Status>),
    #[error("the core did not answer in time")]
    CoreLate,
    #[error("the core does not accept the gateway's token: {0}")]
    CoreToken(Box<tonic::Status>),
    #[error(
        "the core does not know this call, so it is older than this gateway, or BILLING_CORE_URL names \
         something else: roll the core out before the gateway: {0}"
    )]
    CoreOld(Box<tonic::Status>),
    #[error("the core is not ready: {0}")]
    CoreNotReady(Arc<str>),
    #[error("the gateway is shutting down")]
    ShuttingDown,
    #[error("the request took longer than it may")]
    RequestLate,
    #[error("too many requests are being answered")]
    Busy,
    #[error("the signing keys could not be fetched")]
    SigningKeys(#[source] Option<Box<dyn Error + Send + Sync>>),
    #[error("the payment provider did not confirm what it reported")]
    Unconfirmed(#[source] ProviderError),
}

/// The body of every answer that is not a success (RFC 9457), with the members that the
/// platforms' clients read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where the code is described, relative to this service.
    r#type: String,
    title: &'static str,
    status: u16,
    /// The same as `title`.
    error: &'static str,
    /// What went wrong, for people.
    message: String,
    /// What went wrong, for programs; stable.
    #[schema(example = "INVALID_REQUEST")]
    code: &'static str,
    /// The fields that are wrong, on `INVALID_REQUEST`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The subscription by which the caller gives already, on `SUBSCRIPTION_EXISTS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    subscription_ulid: Option<String>,
}

/// How long a caller waits before it asks an absent core again.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);
/// An account gets one test mail in it.
const RETRY_TEST_MAIL: Duration = Duration::from_mins(1);

impl ApiError {
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::InvalidField(FieldError {
            field: field.into(),
            message: message.into(),
        })
    }

    pub fn fault(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fault(source.into())
    }

    fn kind(&self) -> Kind {
        match self {
            Self::InvalidField(_) | Self::MalformedJson(_) => INVALID,
            Self::Unauthenticated(_) => UNAUTHENTICATED,
            Self::OtherTenant => TENANT_MISMATCH,
            Self::NotAdministrator => ADMINISTRATOR_REQUIRED,
            Self::NotOperator => OPERATOR_REQUIRED,
            Self::PriceHolds => PRICE_HOLDS,
            Self::NotFound => NOT_FOUND,
            Self::MethodNotAllowed => METHOD_NOT_ALLOWED,
            Self::BodyLate => BODY_LATE,
            Self::BodyTooLarge { .. } => BODY_TOO_LARGE,
            Self::NotJson | Self::NotUtf8 { .. } => NOT_JSON,
            Self::RateLimited { .. } => RATE_LIMITED,
            Self::NoEmail => NO_EMAIL,
            Self::TestMailTooSoon => TEST_MAIL_TOO_SOON,
            Self::Payment(error) => error.kind(),
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Fault(_) => FAULT,
        }
    }

    /// Here an error ends: refusals are the caller's to know, the rest is logged.
    fn log(&self) {
        match self {
            Self::Unavailable(outage @ (Outage::CoreToken(_) | Outage::CoreOld(_))) => {
                tracing::error!(error = %causes(outage), "billing unavailable");
            }
            // Counted where it is refused, and said once in a while.
            Self::Unavailable(Outage::Busy) => {}
            Self::Unavailable(outage) => {
                tracing::warn!(error = %causes(outage), "billing unavailable");
            }
            Self::Fault(source) => {
                tracing::error!(error = %causes(source.as_ref()), "request failed");
            }
            Self::Payment(error) if error.is_of_the_provider() => {
                tracing::warn!(error = %causes(error), "payment provider failed");
            }
            _ => {}
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::TestMailTooSoon => Some(RETRY_TEST_MAIL),
            Self::Payment(error) => error.retry_after(),
            Self::Unavailable(_) => Some(RETRY_UNAVAILABLE),
            _ => None,
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Unauthenticated(TokenRefusal::Missing) => {
                Some(HeaderValue::from_static("Bearer"))
            }
            Self::Unauthenticated(_) => {
                Some(HeaderValue::from_static("Bearer error=\"invalid_token\""))
            }
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let Kind {
            status,
            code,
            title,
        } = self.kind();
        let message = self.to_string();
        let retry_after = self.retry_after();
        let challenge = self.challenge();
        let closes = matches!(self, Self::BodyLate | Self::BodyTooLarge { .. });
        let (errors, subscription_ulid) = match self {
            Self::InvalidField(error) => (vec![error], None),
            Self::Payment(PaymentError::SubscriptionExists { ulid }) => (Vec::new(), Some(ulid)),
            _ => (Vec::new(), None),
        };
        let problem = Problem {
            r#type: format!("/docs#{code}"),
            title,
            status: status.as_u16(),
            error: title,
            message,
            code,
            errors,
            subscription_ulid,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, whole_secs(wait).into());
        }
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Rounded up, and at least 1: who comes back earlier is refused again.
pub fn whole_secs(wait: Duration) -> u64 {
    let partial = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(partial).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::header;
    use axum::response::IntoResponse;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::{ApiError, Outage, TokenRefusal};

    async fn body(error: ApiError) -> Value {
        let bytes = error.into_response().into_body().collect().await.unwrap();
        serde_json::from_slice(&bytes.to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_bad_field_is_named_in_the_members_that_old_clients_read() {
        let problem = body(ApiError::invalid("limit", "must be 1 to 500")).await;
        let expected = json!({
            "type": "/docs#INVALID_REQUEST",
            "title": "Invalid request",
            "status": 400,
            "error": "Invalid request",
            "message": "limit must be 1 to 500",
            "code": "INVALID_REQUEST",
            "errors": [{"field": "limit", "message": "must be 1 to 500"}],
        });
        assert_eq!(problem, expected);
    }

    #[tokio::test]
    async fn a_fault_says_nothing_about_its_cause() {
        let problem = body(ApiError::fault("host db-7 is down")).await;
        assert_eq!(problem["message"], "something went wrong on our side");
        assert!(!problem.to_string().contains("db-7"));
    }

    #[tokio::test]
    async fn an_outage_says_nothing_about_the_core() {
        let status = Box::new(tonic::Status::unavailable("tcp 10.0.0.7"));
        let problem = body(ApiError::Unavailable(Outage::Core(status))).await;
        assert_eq!(problem["code"], "BILLING_UNAVAILABLE");
        assert!(!problem.to_string().contains("10.0.0.7"));
    }

    #[test]
    fn who_must_wait_is_told_how_long_and_never_zero() {
        let wait = |millis| {
            let response = ApiError::RateLimited {
                retry_after: Duration::from_millis(millis),
            }
            .into_response();
            response.headers()[header::RETRY_AFTER]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            [wait(0), wait(400), wait(1000), wait(1001)],
            ["1", "1", "1", "2"]
        );
    }

    #[test]
    fn a_missing_token_is_answered_with_a_challenge() {
        let response = ApiError::Unauthenticated(TokenRefusal::Missing).into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
