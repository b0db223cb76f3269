//! `GET /api/admin/mail`: mail of the tenant that does not arrive.

use axum::Json;
use billing_proto::v1::{ListUndeliveredRequest, UndeliveredMail};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminPagination, Administrator, PAGE_FIELDS, Page, filled};
use crate::core::{AdminCore, written};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndeliveredMailResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Newest first.
    mail: Vec<Undelivered>,
    pagination: AdminPagination,
}

/// A mail that was tried and has not left.
#[derive(Debug, Serialize, ToSchema)]
struct Undelivered {
    id: String,
    /// What it says.
    #[schema(example = "payment_succeeded")]
    kind: String,
    #[schema(required = true)]
    user_id: Option<String>,
    /// The address without most of its letters; null where none is known any more.
    #[schema(required = true, example = "o***@example.org")]
    recipient_hint: Option<String>,
    /// How often it was tried.
    attempts: i32,
    #[schema(required = true)]
    last_error: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339; null: it was given up.
    #[schema(format = DateTime, required = true)]
    next_attempt_at: Option<String>,
}

/// Mail that does not arrive, newest first
#[utoipa::path(
    get,
    path = "/api/admin/mail",
    operation_id = "adminListUndeliveredMail",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = UndeliveredMailResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<UndeliveredMailResponse>, ApiError> {
    let page = Page::of(&query)?;
    let request = ListUndeliveredRequest {
        tenant_id: administrator.tenant_id(),
        page_size: page.limit,
        page_token: page.before.clone(),
    };
    let answer = core
        .list_undelivered(request)
        .await
        .map_err(|error| error.into_api(PAGE_FIELDS))?;
    let mail = answer
        .mail
        .into_iter()
        .map(Undelivered::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(UndeliveredMailResponse {
        success: true,
        pagination: AdminPagination::of(&page, mail.len(), answer.next_page_token),
        mail,
    }))
}

impl TryFrom<UndeliveredMail> for Undelivered {
    type Error = ApiError;

    fn try_from(mail: UndeliveredMail) -> Result<Self, ApiError> {
        Ok(Self {
            id: mail.mail_id,
            kind: mail.kind,
            user_id: mail.account.and_then(|account| filled(account.user_id)),
            recipient_hint: filled(mail.recipient_hint),
            attempts: mail.attempts,
            last_error: filled(mail.last_error),
            created_at: written(mail.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a mail has no time"))?,
            next_attempt_at: written(mail.next_attempt_at.as_ref())?,
        })
    }
}
