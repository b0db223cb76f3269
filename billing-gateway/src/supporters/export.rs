//! `GET /api/v1/supporters/me/export`: everything that is stored of the user.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use billing_proto::v1::ExportPersonRequest;
use serde::Serialize;
use serde_json::Value;
use tracing::warn;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::downloads::{self, Downloads};
use crate::problem::{ApiError, Problem};

/// As it is stored: the names are those of the columns, and versions add some.
#[derive(Debug, Serialize, ToSchema)]
struct ExportResponse {
    /// RFC 3339.
    #[schema(format = DateTime)]
    exported_at: String,
    #[schema(required = true)]
    account: Option<Value>,
    #[schema(required = true)]
    profile: Option<Value>,
    #[schema(required = true)]
    contact: Option<Value>,
    #[schema(required = true)]
    supporter: Option<Value>,
    #[schema(required = true)]
    erasure: Option<Value>,
    provider_customers: Vec<Value>,
    repairs: Vec<Value>,
    consents: Vec<Value>,
    contributions: Vec<Value>,
    payments: Vec<Value>,
    entries: Vec<Value>,
    holds: Vec<Value>,
    notices: Vec<Value>,
}

/// Everything that is stored of the user
///
/// On the side of balances too, as one document to keep. It is sent while it is read: an answer that breaks off
/// is no JSON.
#[utoipa::path(
    get,
    path = "/api/v1/supporters/me/export",
    operation_id = "exportMe",
    tag = "sponsorship",
    security(("bearer" = [])),
    responses(
        (status = 200, body = ExportResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(downloads): State<Downloads>,
    core: Core,
    caller: Caller,
) -> Result<Response, ApiError> {
    let place = downloads.begin(caller.account())?;
    let core = core.waiting(downloads::PAGE_TIMEOUT);
    let mut request = ExportPersonRequest {
        account: Some(caller.account()),
        page_token: String::new(),
    };
    // What can be refused is, before the answer begins.
    let first = core.export_person(request.clone()).await;
    let first = first.map_err(|error| error.into_api(&[]))?;
    let (parts, body) = downloads::channel();
    tokio::spawn(async move {
        let _place = place;
        let mut part = first;
        while parts.send(part.json).await.is_ok() {
            if part.next_page_token.is_empty() {
                // Whoever has gone needs no end.
                let _ = parts.end().await;
                return;
            }
            request.page_token = part.next_page_token;
            part = match core.export_person(request.clone()).await {
                Ok(part) => part,
                Err(error) => {
                    warn!(?error, "an export is broken off");
                    return;
                }
            };
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"export.json\"",
        ),
    ];
    Ok((headers, body).into_response())
}
