//! `GET /api/billing/email-preferences`: which mail the user wants, in the words of later clients. They are set by
//! `PUT /api/billing/settings`.

use axum::Json;
use billing_proto::v1::GetAccountRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::problem::{ApiError, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailPreferencesResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    preferences: EmailPreferences,
    /// Whether an address is known that mail can be sent to.
    email_known: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as clients know them"
)]
struct EmailPreferences {
    /// Any of the following.
    email_notifications: bool,
    notify_low_balance: bool,
    /// Money that came in by payments, or went back.
    notify_payment_success: bool,
    notify_payment_failure: bool,
    /// Always false: there is no such mail.
    notify_monthly_report: bool,
}

/// Which mail the user wants
#[utoipa::path(
    get,
    path = "/api/billing/email-preferences",
    operation_id = "getEmailPreferences",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = EmailPreferencesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
) -> Result<Json<EmailPreferencesResponse>, ApiError> {
    let request = GetAccountRequest {
        account: Some(caller.account()),
    };
    let answer = core.get_account(request).await;
    let account = answer.map_err(|error| error.into_api(&[]))?.account;
    let account = account.ok_or_else(|| ApiError::fault("the core's answer has no account"))?;
    let wanted = account
        .preferences
        .ok_or_else(|| ApiError::fault("the core's answer has no preferences"))?;
    Ok(Json(EmailPreferencesResponse {
        success: true,
        preferences: EmailPreferences {
            email_notifications: wanted.mail_low_balance
                || wanted.mail_payments
                || wanted.mail_payment_failures,
            notify_low_balance: wanted.mail_low_balance,
            notify_payment_success: wanted.mail_payments,
            notify_payment_failure: wanted.mail_payment_failures,
            notify_monthly_report: false,
        },
        email_known: account.has_email,
    }))
}
