//! The bodies of this backend itself; whatever billing refuses, the client answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing_client::{Charged, Refused, ReportError, Usd};
use serde::Serialize;
use serde_json::Value;

use crate::caller::Unauthenticated;

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
    Billing(#[from] Refused),
    /// The work failed; nothing was charged.
    #[error("{0}")]
    WorkFailed(String),
    /// The work was done, and counted wrongly: our own fault, so nothing was charged.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, message, code) = match self {
            // The same body as for a call that names nobody.
            Self::Unauthenticated(_) => return Refused::Nobody.into_response(),
            Self::Billing(refused) => return refused.into_response(),
            Self::UnknownTool => (
                StatusCode::NOT_FOUND,
                "Unknown tool",
                "There is no such tool.".to_owned(),
                "UNKNOWN_TOOL",
            ),
            Self::BadRequest { status, message } => {
                (status, "Invalid request", message, "INVALID_REQUEST")
            }
            Self::WorkFailed(why) => tool_failed(format!("{why}; nothing was charged")),
            Self::Report(error) => {
                tracing::error!(%error, "a call was counted wrongly");
                tool_failed("The call was not completed.".to_owned())
            }
        };
        billing_client::Answer::new(status, error, message, code).into_response()
    }
}

fn tool_failed(message: String) -> (StatusCode, &'static str, String, &'static str) {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    (status, "Tool failed", message, "TOOL_FAILED")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;
    use billing_client::{Charged, Refused, Usd};
    use serde_json::json;

    use super::{Answer, Bill, Refusal};
    use crate::caller::Unauthenticated;

    /// Status and the exact text of the body.
    async fn sent(refusal: Refusal) -> (StatusCode, String) {
        let response = refusal.into_response();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 4096).await;
        (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_has_a_status_and_a_code_of_its_own() {
        for (refusal, status, code) in [
            (Unauthenticated.into(), 401, "UNAUTHENTICATED"),
            (Refusal::UnknownTool, 404, "UNKNOWN_TOOL"),
            (Refused::Unavailable.into(), 503, "BILLING_UNAVAILABLE"),
            (Refused::HoldEnded.into(), 409, "HOLD_ENDED"),
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
