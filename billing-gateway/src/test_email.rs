//! `POST /api/billing/test-email`: shows the user whether mail arrives.

use axum::Json;
use billing_proto::v1::{ErrorReason, SendTestMailRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, CoreError};
use crate::problem::{ApiError, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestEmailResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    message: &'static str,
}

/// Sends a mail to the user's own address
///
/// To the address in the token, at most once a minute. It is on its way when this answers.
#[utoipa::path(
    post,
    path = "/api/billing/test-email",
    operation_id = "sendTestEmail",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = TestEmailResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(core: Core, caller: Caller) -> Result<Json<TestEmailResponse>, ApiError> {
    let contact = caller
        .contact()
        .filter(|contact| !contact.email.is_empty())
        .ok_or(ApiError::NoEmail)?;
    let request = SendTestMailRequest {
        account: Some(caller.account()),
        contact: Some(contact),
    };
    core.send_test_mail(request)
        .await
        .map_err(|error| match error {
            CoreError::Refused(refusal) if refusal.reason == ErrorReason::TestMailTooSoon => {
                ApiError::TestMailTooSoon
            }
            error => error.into_api(&[]),
        })?;
    Ok(Json(TestEmailResponse {
        success: true,
        message: "Test mail sent",
    }))
}
