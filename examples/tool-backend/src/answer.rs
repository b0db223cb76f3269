//! Every body that callers meet.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::billing::{BillingError, Charged};
use crate::caller::Unauthenticated;
use crate::usd::Usd;

/// 200: what the tool brought, and what it cost; calls of services are not billed.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub result: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<Bill>,
}

#[derive(Debug, Serialize)]
pub struct Bill {
    charged_usd: Usd,
    /// The balance after the charge, as the billing gateway shows it too. What other calls hold
    /// is still in it.
    balance_usd: Usd,
}

impl From<Charged> for Bill {
    fn from(charged: Charged) -> Self {
        Self {
            charged_usd: charged.charged,
            balance_usd: charged.balance,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Why a call is not answered with a result.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    #[error("there is no such tool")]
    UnknownTool,
    #[error("{message}")]
    BadRequest { status: StatusCode, message: String },
    #[error(transparent)]
    Billing(#[from] BillingError),
    /// The work failed; nothing was charged.
    #[error("{0}")]
    WorkFailed(String),
    #[error("the call broke off")]
    BrokeOff(#[source] tokio::task::JoinError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let (status, error, code) = self.kind();
        let message = match self {
            Self::Billing(BillingError::Denied(denial)) => return denial.into_response(),
            Self::Billing(BillingError::KeyReused) => {
                "This Idempotency-Key was used for another call.".to_owned()
            }
            Self::Billing(BillingError::HoldEnded) => {
                "This call has ended without a charge. Send it with a new Idempotency-Key."
                    .to_owned()
            }
            Self::Billing(_) => {
                "Billing cannot be reached, so the call was not made. Try again soon.".to_owned()
            }
            Self::BrokeOff(_) => "The call was not completed.".to_owned(),
            Self::Unauthenticated(_) => "Send a valid bearer token or API key.".to_owned(),
            Self::UnknownTool => "There is no such tool.".to_owned(),
            Self::BadRequest { message, .. } => message,
            Self::WorkFailed(why) => format!("{why}; nothing was charged"),
        };
        let body = Body {
            error,
            message,
            code,
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl Refusal {
    /// Status, title and code; a denial's are its own.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match self {
            Self::Unauthenticated(_) => {
                (StatusCode::UNAUTHORIZED, "Unauthorized", "UNAUTHENTICATED")
            }
            Self::UnknownTool => (StatusCode::NOT_FOUND, "Unknown tool", "UNKNOWN_TOOL"),
            Self::BadRequest { status, .. } => (*status, "Invalid request", "INVALID_REQUEST"),
            Self::Billing(BillingError::KeyReused) => (
                StatusCode::CONFLICT,
                "Key already used",
                "IDEMPOTENCY_KEY_REUSED",
            ),
            Self::Billing(BillingError::HoldEnded) => {
                (StatusCode::CONFLICT, "Call has ended", "HOLD_ENDED")
            }
            Self::Billing(_) => (unavailable, "Billing unavailable", "BILLING_UNAVAILABLE"),
            Self::WorkFailed(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Tool failed",
                "TOOL_FAILED",
            ),
            Self::BrokeOff(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal error",
                "INTERNAL_ERROR",
            ),
        }
    }

    /// What is our own fault, or the core's, is told to the log and to nobody else.
    fn log(&self) {
        match self {
            Self::Billing(BillingError::Unavailable(status)) => {
                let (code, message) = (status.code(), status.message());
                tracing::error!(?code, message, "billing is not available");
            }
            Self::Billing(BillingError::Unclear(unclear)) => {
                tracing::error!(%unclear, "billing is not understood");
            }
            Self::BrokeOff(error) => tracing::error!(%error, "a call broke off"),
            _ => {}
        }
    }
}

/// The members that every refusal has.
#[derive(Debug, Serialize)]
pub(crate) struct Body {
    pub(crate) error: &'static str,
    pub(crate) message: String,
    pub(crate) code: &'static str,
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;
    use serde_json::json;
    use tonic::Status;

    use super::{Answer, Bill, Refusal};
    use crate::billing::{BillingError, Charged};
    use crate::caller::Unauthenticated;
    use crate::denial::Denial;
    use crate::usd::Usd;

    /// Status and the exact text of the body.
    async fn sent(refusal: Refusal) -> (StatusCode, String) {
        let response = refusal.into_response();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 4096).await;
        (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn whatever_billing_fails_with_is_the_platforms_503_and_tells_nothing() {
        let body = concat!(
            r#"{"error":"Billing unavailable","#,
            r#""message":"Billing cannot be reached, so the call was not made. Try again soon.","#,
            r#""code":"BILLING_UNAVAILABLE"}"#,
        );
        for status in [
            Status::unavailable("tcp connect error"),
            Status::deadline_exceeded("late"),
            Status::resource_exhausted("the queue is full"),
            Status::unauthenticated("the token is not known"),
            Status::invalid_argument("an unknown unit"),
        ] {
            let refusal = BillingError::Unavailable(Box::new(status));
            let expected = (StatusCode::SERVICE_UNAVAILABLE, body.to_owned());
            assert_eq!(sent(refusal.into()).await, expected);
        }
    }

    #[tokio::test]
    async fn the_other_refusals_have_a_status_and_a_code_of_their_own() {
        for (refusal, status, code) in [
            (Unauthenticated.into(), 401, "UNAUTHENTICATED"),
            (Refusal::UnknownTool, 404, "UNKNOWN_TOOL"),
            (
                BillingError::KeyReused.into(),
                409,
                "IDEMPOTENCY_KEY_REUSED",
            ),
            (BillingError::HoldEnded.into(), 409, "HOLD_ENDED"),
            (
                BillingError::Denied(Denial::AccountSuspended).into(),
                403,
                "ACCOUNT_SUSPENDED",
            ),
            (
                BillingError::Denied(Denial::ToolNotPriced).into(),
                403,
                "TOOL_NOT_PRICED",
            ),
            (Refusal::WorkFailed("why".to_owned()), 500, "TOOL_FAILED"),
        ] {
            let (sent_status, body) = sent(refusal).await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (sent_status.as_u16(), &body["code"]),
                (status, &json!(code))
            );
            let members: Vec<_> = body.as_object().unwrap().keys().collect();
            assert_eq!(members, ["code", "error", "message"]);
        }
    }

    #[test]
    fn an_answer_tells_its_price_to_the_last_digit() {
        let charged = Charged {
            charged: Usd(1),
            balance: Usd(1_000_000_000_000_001),
        };
        let mut answer = Answer {
            result: json!({"pong": "hello"}),
            billing: Some(Bill::from(charged)),
        };
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            concat!(
                r#"{"result":{"pong":"hello"},"#,
                r#""billing":{"charged_usd":0.000001,"balance_usd":1000000000.000001}}"#,
            )
        );
        answer.billing = None;
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"result":{"pong":"hello"}}"#
        );
    }
}
