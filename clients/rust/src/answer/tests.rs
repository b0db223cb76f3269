use bytes::Bytes;
use http::{Response, header};
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::Refused;
use crate::denial::{Denial, Limit, Period};
use crate::settings::Unpriced;
use crate::usd::Usd;

/// Status, `Retry-After` and the exact text of the body.
fn sent(refused: &Refused) -> (u16, Option<String>, String) {
    let response: Response<Bytes> = refused.answer().into_http();
    let wait = response.headers().get(header::RETRY_AFTER);
    let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), wait, body)
}

fn limit_exceeded(period: Period) -> Refused {
    Refused::Denied(Denial::LimitExceeded {
        period,
        daily: Limit {
            limit: Some(Usd(10_000_000)),
            spent: Usd(9_999_999),
        },
        monthly: Limit {
            limit: None,
            spent: Usd(42_000_000),
        },
        reset_at: "2026-11-22T00:00:00Z".to_owned(),
        retry_after_secs: 3600,
    })
}

#[test]
fn too_little_money_is_402_to_the_last_byte() {
    let denial = Denial::InsufficientBalance {
        available: Usd(250_000),
        required: Usd(500_000),
        shortfall: Usd(250_000),
        topup_url: Some("https://billing.example/topup".to_owned()),
    };
    let body = concat!(
        r#"{"error":"Insufficient balance","message":"Required: $0.50, Available: $0.25","#,
        r#""code":"INSUFFICIENT_BALANCE","#,
        r#""balance":{"current_usd":0.25,"required_usd":0.5,"shortfall_usd":0.25},"#,
        r#""topup_url":"https://billing.example/topup"}"#,
    );
    let expected = (402, None, body.to_owned());
    assert_eq!(sent(&Refused::Denied(denial)), expected);
}

#[test]
fn a_limit_is_429_with_the_time_to_wait() {
    let wait = Some("3600".to_owned());
    let limits = concat!(
        r#""limits":{"daily_limit_usd":10,"daily_spent_usd":9.999999,"#,
        r#""monthly_limit_usd":null,"monthly_spent_usd":42},"#,
        r#""reset_at":"2026-11-22T00:00:00Z"}"#,
    );
    let day = concat!(
        r#"{"error":"Daily limit exceeded","message":"Limit: $10.00, Spent: $9.999999","#,
        r#""code":"DAILY_LIMIT_EXCEEDED","#,
    );
    let expected = (429, wait.clone(), format!("{day}{limits}"));
    assert_eq!(sent(&limit_exceeded(Period::Day)), expected);
    let month = concat!(
        r#"{"error":"Monthly limit exceeded","message":"Limit: none, Spent: $42.00","#,
        r#""code":"MONTHLY_LIMIT_EXCEEDED","#,
    );
    let expected = (429, wait, format!("{month}{limits}"));
    assert_eq!(sent(&limit_exceeded(Period::Month)), expected);
}

#[test]
fn the_other_refusals_have_a_status_and_a_code_of_their_own() {
    let above = Denial::AboveLimit {
        required: Usd(20_000_000),
        daily: Limit {
            limit: Some(Usd(10_000_000)),
            spent: Usd(0),
        },
        monthly: Limit {
            limit: None,
            spent: Usd(0),
        },
    };
    let message = "Required: $20.00, Daily: $10.00, Monthly: none";
    assert_eq!(Refused::Denied(above.clone()).answer().message, message);
    let unpriced = |unpriced| Refused::Denied(Denial::ToolNotPriced(unpriced));
    for (refused, status, code) in [
        (Refused::Denied(above), 403, "COST_ABOVE_LIMIT"),
        (
            Refused::Denied(Denial::AccountSuspended),
            403,
            "ACCOUNT_SUSPENDED",
        ),
        (
            unpriced(Unpriced::ServiceUnavailable),
            503,
            "TOOL_NOT_PRICED",
        ),
        (unpriced(Unpriced::PaymentRequired), 402, "TOOL_NOT_PRICED"),
        (Refused::Unavailable, 503, "BILLING_UNAVAILABLE"),
        (Refused::KeyReused, 409, "IDEMPOTENCY_KEY_REUSED"),
        (Refused::HoldEnded, 409, "HOLD_ENDED"),
        (Refused::Repeated, 409, "CALL_REPEATED"),
        (Refused::Nobody, 401, "UNAUTHENTICATED"),
        (Refused::InvalidKey, 400, "INVALID_REQUEST"),
    ] {
        let (sent_status, _, body) = sent(&refused);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((sent_status, &body["code"]), (status, &json!(code)));
        let members: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["code", "error", "message"]);
    }
}

#[test]
fn over_grpc_a_refusal_is_a_status_with_the_code_as_its_reason() {
    for (refused, code, reason) in [
        (
            limit_exceeded(Period::Day),
            Code::ResourceExhausted,
            "DAILY_LIMIT_EXCEEDED",
        ),
        (
            Refused::Denied(Denial::ToolNotPriced(Unpriced::PaymentRequired)),
            Code::ResourceExhausted,
            "TOOL_NOT_PRICED",
        ),
        (
            Refused::Denied(Denial::AccountSuspended),
            Code::PermissionDenied,
            "ACCOUNT_SUSPENDED",
        ),
        (
            Refused::Unavailable,
            Code::Unavailable,
            "BILLING_UNAVAILABLE",
        ),
        (
            Refused::KeyReused,
            Code::AlreadyExists,
            "IDEMPOTENCY_KEY_REUSED",
        ),
        (Refused::HoldEnded, Code::FailedPrecondition, "HOLD_ENDED"),
        (Refused::Nobody, Code::Unauthenticated, "UNAUTHENTICATED"),
        (
            Refused::InvalidKey,
            Code::InvalidArgument,
            "INVALID_REQUEST",
        ),
    ] {
        let status = refused.answer().to_grpc();
        let info = status.get_details_error_info().unwrap();
        assert_eq!((status.code(), info.reason.as_str()), (code, reason));
        assert_eq!(info.domain, "billing");
    }
    let status = limit_exceeded(Period::Day).answer().to_grpc();
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata["retry_after_secs"], "3600");
}
