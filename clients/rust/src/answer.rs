//! Why a call is not made, and what its caller is told: exactly the bodies that clients of every
//! language send.

mod body;

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::denial::Denial;

const KEY_IS_INVALID: &str = "Idempotency-Key must be sent once, with 1 to 255 bytes";

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the call is denied")]
    Denied(Denial),
    /// The core gives no clear yes: it is away, late, or not understood. The log says why.
    #[error("billing does not answer")]
    Unavailable,
    /// The idempotency key belongs to another call.
    #[error("the idempotency key is used by another call")]
    KeyReused,
    /// The hold was released or has expired, so there is nothing left to charge.
    #[error("the hold has ended")]
    HoldEnded,
    /// The call was made and charged before, and the setting `repeats` is `refuse`.
    #[error("the call was made before")]
    Repeated,
    /// Nobody is named who pays, and the setting `without_user` is `refuse`.
    #[error("the call has no user")]
    Nobody,
    #[error("the idempotency key is not valid")]
    InvalidKey,
}

/// An answer to a caller whose call is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    /// The `code` of the body.
    pub code: &'static str,
    /// The `message` of the body.
    pub message: String,
    /// For the header `Retry-After`.
    pub retry_after_secs: Option<i64>,
    /// JSON.
    pub body: Bytes,
}

impl Answer {
    /// An answer whose body has nothing but `error`, `message` and `code`.
    pub fn new(
        status: StatusCode,
        error: &'static str,
        message: impl Into<String>,
        code: &'static str,
    ) -> Self {
        let message = message.into();
        Self::with_body(status, &body::Plain::new(error, &message, code), &message)
    }

    /// 400 `INVALID_REQUEST`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, "Invalid request", message, "INVALID_REQUEST")
    }

    fn with_body(status: StatusCode, body: &impl body::Coded, message: &str) -> Self {
        Self {
            status,
            code: body.code(),
            message: message.to_owned(),
            retry_after_secs: None,
            body: json(body),
        }
    }

    /// As an HTTP response.
    pub fn into_http<B: From<Bytes>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }

    /// As a gRPC status, with `google.rpc.ErrorInfo` of the domain `billing` whose reason is the code.
    pub fn to_grpc(&self) -> Status {
        let code = match self.status {
            StatusCode::PAYMENT_REQUIRED | StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::CONFLICT if self.code == "IDEMPOTENCY_KEY_REUSED" => Code::AlreadyExists,
            StatusCode::CONFLICT => Code::FailedPrecondition,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            status if status.is_client_error() => Code::InvalidArgument,
            _ => Code::Unavailable,
        };
        let wait = self
            .retry_after_secs
            .map(|secs| ("retry_after_secs".to_owned(), secs.to_string()));
        let metadata: HashMap<String, String> = wait.into_iter().collect();
        let details =
            ErrorDetails::with_error_info(self.code, billing_proto::reason::DOMAIN, metadata);
        Status::with_error_details(code, self.message.clone(), details)
    }
}

impl Refused {
    /// What the caller is told.
    pub fn answer(&self) -> Answer {
        let conflict = StatusCode::CONFLICT;
        match self {
            Self::Denied(denial) => body::of_denial(denial),
            Self::Unavailable => Answer::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Billing unavailable",
                "Billing cannot be reached, so the call was not made. Try again soon.",
                "BILLING_UNAVAILABLE",
            ),
            Self::KeyReused => Answer::new(
                conflict,
                "Key already used",
                "This Idempotency-Key was used for another call.",
                "IDEMPOTENCY_KEY_REUSED",
            ),
            Self::HoldEnded => Answer::new(
                conflict,
                "Call has ended",
                "This call has ended. Sent with a new Idempotency-Key, it is another call.",
                "HOLD_ENDED",
            ),
            Self::Repeated => Answer::new(
                conflict,
                "Call repeated",
                "This call was made and charged before.",
                "CALL_REPEATED",
            ),
            Self::Nobody => Answer::new(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "Send a valid bearer token or API key.",
                "UNAUTHENTICATED",
            ),
            Self::InvalidKey => Answer::invalid_request(KEY_IS_INVALID),
        }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        refused.answer()
    }
}

fn json(body: &impl Serialize) -> Bytes {
    // Nothing in these bodies can fail to be written; an empty body would still be a refusal.
    Bytes::from(serde_json::to_vec(body).unwrap_or_default())
}

#[cfg(test)]
mod tests;
