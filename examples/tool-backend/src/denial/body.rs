//! A denial as its caller meets it: exactly the bodies that the platform's clients read.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{Denial, Limit, Period};
use crate::answer::Body;
use crate::usd::Usd;

#[derive(Serialize)]
struct PaymentRequired {
    #[serde(flatten)]
    body: Body,
    balance: MissingBalance,
    topup_url: Option<String>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct MissingBalance {
    current_usd: Usd,
    required_usd: Usd,
    shortfall_usd: Usd,
}

#[derive(Serialize)]
struct TooManyRequests {
    #[serde(flatten)]
    body: Body,
    limits: Limits,
    reset_at: String,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct Limits {
    daily_limit_usd: Option<Usd>,
    daily_spent_usd: Usd,
    monthly_limit_usd: Option<Usd>,
    monthly_spent_usd: Usd,
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        match self {
            Self::ToolNotPriced => forbidden(
                "Tool not priced",
                "This tool has no price yet and cannot be used.",
                "TOOL_NOT_PRICED",
            ),
            Self::AccountSuspended => forbidden(
                "Account suspended",
                "This account is suspended.",
                "ACCOUNT_SUSPENDED",
            ),
            Self::InsufficientBalance {
                available,
                required,
                shortfall,
                topup_url,
            } => {
                let balance = MissingBalance {
                    current_usd: available,
                    required_usd: required,
                    shortfall_usd: shortfall,
                };
                payment_required(balance, topup_url)
            }
            Self::LimitExceeded {
                period,
                daily,
                monthly,
                reset_at,
                retry_after_secs,
            } => {
                let body = TooManyRequests {
                    body: limit_exceeded(period, daily, monthly),
                    limits: Limits {
                        daily_limit_usd: daily.limit,
                        daily_spent_usd: daily.spent,
                        monthly_limit_usd: monthly.limit,
                        monthly_spent_usd: monthly.spent,
                    },
                    reset_at: reset_at.to_string(),
                };
                let wait = [(header::RETRY_AFTER, retry_after_secs.to_string())];
                (StatusCode::TOO_MANY_REQUESTS, wait, Json(body)).into_response()
            }
            Self::AboveLimit {
                required,
                daily,
                monthly,
            } => {
                let shown = |limit: Limit| {
                    limit
                        .limit
                        .map_or_else(|| "none".to_owned(), |limit| limit.to_string())
                };
                let limits = format!("Daily: {}, Monthly: {}", shown(daily), shown(monthly));
                let message = format!("Required: {required}, {limits}");
                forbidden("Cost above limit", &message, "COST_ABOVE_LIMIT")
            }
        }
    }
}

fn forbidden(error: &'static str, message: &str, code: &'static str) -> Response {
    let message = message.to_owned();
    let body = Body {
        error,
        message,
        code,
    };
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

fn payment_required(balance: MissingBalance, topup_url: Option<String>) -> Response {
    let MissingBalance {
        current_usd,
        required_usd,
        ..
    } = &balance;
    let body = PaymentRequired {
        body: Body {
            error: "Insufficient balance",
            message: format!("Required: {required_usd}, Available: {current_usd}"),
            code: "INSUFFICIENT_BALANCE",
        },
        balance,
        topup_url,
    };
    (StatusCode::PAYMENT_REQUIRED, Json(body)).into_response()
}

fn limit_exceeded(period: Period, daily: Limit, monthly: Limit) -> Body {
    let (error, code, denied_by) = match period {
        Period::Day => ("Daily limit exceeded", "DAILY_LIMIT_EXCEEDED", daily),
        Period::Month => ("Monthly limit exceeded", "MONTHLY_LIMIT_EXCEEDED", monthly),
    };
    let limit = denied_by
        .limit
        .map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    Body {
        error,
        message: format!("Limit: {limit}, Spent: {}", denied_by.spent),
        code,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse as _;

    use super::{Denial, Limit, Period, Usd};

    /// Status, `Retry-After` and the exact text of the body.
    async fn sent(denial: Denial) -> (StatusCode, Option<String>, String) {
        let response = denial.into_response();
        let wait = response.headers().get(header::RETRY_AFTER);
        let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 4096).await;
        (
            status,
            wait,
            String::from_utf8(body.unwrap().to_vec()).unwrap(),
        )
    }

    fn limit_exceeded(period: Period) -> Denial {
        Denial::LimitExceeded {
            period,
            daily: Limit {
                limit: Some(Usd(10_000_000)),
                spent: Usd(9_999_999),
            },
            monthly: Limit {
                limit: None,
                spent: Usd(42_000_000),
            },
            reset_at: "2026-11-22T00:00:00Z".parse().unwrap(),
            retry_after_secs: 3600,
        }
    }

    #[tokio::test]
    async fn too_little_money_is_the_platforms_402() {
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
        let expected = (StatusCode::PAYMENT_REQUIRED, None, body.to_owned());
        assert_eq!(sent(denial).await, expected);
    }

    #[tokio::test]
    async fn a_limit_is_the_platforms_429_with_the_time_to_wait() {
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
        let expected = (
            StatusCode::TOO_MANY_REQUESTS,
            wait.clone(),
            format!("{day}{limits}"),
        );
        assert_eq!(sent(limit_exceeded(Period::Day)).await, expected);
        let month = concat!(
            r#"{"error":"Monthly limit exceeded","message":"Limit: none, Spent: $42.00","#,
            r#""code":"MONTHLY_LIMIT_EXCEEDED","#,
        );
        let expected = (
            StatusCode::TOO_MANY_REQUESTS,
            wait,
            format!("{month}{limits}"),
        );
        assert_eq!(sent(limit_exceeded(Period::Month)).await, expected);
    }
}
