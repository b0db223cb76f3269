//! `GET /api/billing/me`: whom the token speaks for, so that a page knows what to offer. What may be done, each route
//! decides for itself.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::AdminClient;
use crate::problem::Problem;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    user_id: String,
    tenant_id: String,
    /// As the token says, where a claim is configured for it; else null.
    #[schema(required = true)]
    email: Option<String>,
    /// As the token says, where a claim is configured for it; else null.
    #[schema(required = true)]
    name: Option<String>,
    /// Whether the token is an administrator's, and this gateway has routes for them.
    is_admin: bool,
}

/// Whom the token speaks for
#[utoipa::path(
    get,
    path = "/api/billing/me",
    operation_id = "getMe",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = MeResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(administrators): State<AdminClient>,
    caller: Caller,
) -> Json<MeResponse> {
    let contact = caller.contact().unwrap_or_default();
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    Json(MeResponse {
        success: true,
        user_id: caller.user_id().to_owned(),
        tenant_id: caller.tenant_id().to_owned(),
        email: filled(contact.email),
        name: filled(contact.name),
        is_admin: caller.is_administrator() && administrators.is_on(),
    })
}
