//! The bodies of answers, member by member in the order in which they are written.

use http::StatusCode;
use serde::Serialize;

use super::Answer;
use crate::denial::{Denial, Limit, Period};
use crate::settings::Unpriced;
use crate::usd::Usd;

/// A body that says which answer it is.
pub(super) trait Coded: Serialize {
    fn code(&self) -> &'static str;
}

/// The members that every answer has.
#[derive(Serialize)]
pub(super) struct Plain<'a> {
    error: &'static str,
    message: &'a str,
    code: &'static str,
}

#[derive(Serialize)]
struct PaymentRequired<'a> {
    error: &'static str,
    message: &'a str,
    code: &'static str,
    balance: MissingBalance,
    topup_url: Option<&'a str>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct MissingBalance {
    current_usd: Usd,
    required_usd: Usd,
    shortfall_usd: Usd,
}

#[derive(Serialize)]
struct TooManyRequests<'a> {
    error: &'static str,
    message: &'a str,
    code: &'static str,
    limits: Limits,
    reset_at: &'a str,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct Limits {
    daily_limit_usd: Option<Usd>,
    daily_spent_usd: Usd,
    monthly_limit_usd: Option<Usd>,
    monthly_spent_usd: Usd,
}

impl<'a> Plain<'a> {
    pub(super) fn new(error: &'static str, message: &'a str, code: &'static str) -> Self {
        Self {
            error,
            message,
            code,
        }
    }
}

impl Coded for Plain<'_> {
    fn code(&self) -> &'static str {
        self.code
    }
}

impl Coded for PaymentRequired<'_> {
    fn code(&self) -> &'static str {
        self.code
    }
}

impl Coded for TooManyRequests<'_> {
    fn code(&self) -> &'static str {
        self.code
    }
}

/// What the caller of a denied call is told.
pub(super) fn of_denial(denial: &Denial) -> Answer {
    match denial {
        Denial::ToolNotPriced(unpriced) => {
            let status = match unpriced {
                Unpriced::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
                Unpriced::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
            };
            let message = "This tool has no price yet and cannot be used.";
            Answer::new(status, "Tool not priced", message, "TOOL_NOT_PRICED")
        }
        Denial::AccountSuspended => forbidden(
            "Account suspended",
            "This account is suspended.",
            "ACCOUNT_SUSPENDED",
        ),
        Denial::InsufficientBalance {
            available,
            required,
            shortfall,
            topup_url,
        } => payment_required(*available, *required, *shortfall, topup_url.as_deref()),
        Denial::LimitExceeded {
            period,
            daily,
            monthly,
            reset_at,
            retry_after_secs,
        } => {
            let answer = too_many_requests(*period, *daily, *monthly, reset_at);
            Answer {
                retry_after_secs: Some(*retry_after_secs),
                ..answer
            }
        }
        Denial::AboveLimit {
            required,
            daily,
            monthly,
        } => {
            let limits = format!("Daily: {}, Monthly: {}", shown(*daily), shown(*monthly));
            let message = format!("Required: {required}, {limits}");
            forbidden("Cost above limit", &message, "COST_ABOVE_LIMIT")
        }
    }
}

fn forbidden(error: &'static str, message: &str, code: &'static str) -> Answer {
    Answer::new(StatusCode::FORBIDDEN, error, message, code)
}

fn payment_required(
    available: Usd,
    required: Usd,
    shortfall: Usd,
    topup_url: Option<&str>,
) -> Answer {
    let message = format!("Required: {required}, Available: {available}");
    let body = PaymentRequired {
        error: "Insufficient balance",
        message: &message,
        code: "INSUFFICIENT_BALANCE",
        balance: MissingBalance {
            current_usd: available,
            required_usd: required,
            shortfall_usd: shortfall,
        },
        topup_url,
    };
    Answer::with_body(StatusCode::PAYMENT_REQUIRED, &body, &message)
}

fn too_many_requests(period: Period, daily: Limit, monthly: Limit, reset_at: &str) -> Answer {
    let (error, code, denied_by) = match period {
        Period::Day => ("Daily limit exceeded", "DAILY_LIMIT_EXCEEDED", daily),
        Period::Month => ("Monthly limit exceeded", "MONTHLY_LIMIT_EXCEEDED", monthly),
    };
    let message = format!("Limit: {}, Spent: {}", shown(denied_by), denied_by.spent);
    let body = TooManyRequests {
        error,
        message: &message,
        code,
        limits: Limits {
            daily_limit_usd: daily.limit,
            daily_spent_usd: daily.spent,
            monthly_limit_usd: monthly.limit,
            monthly_spent_usd: monthly.spent,
        },
        reset_at,
    };
    Answer::with_body(StatusCode::TOO_MANY_REQUESTS, &body, &message)
}

fn shown(limit: Limit) -> String {
    let none = || "none".to_owned();
    limit.limit.map_or_else(none, |limit| limit.to_string())
}
