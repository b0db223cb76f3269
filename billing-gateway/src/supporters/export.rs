//! `GET /api/v1/supporters/me/export`: everything that is stored of the user.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use billing_proto::v1::ExportPersonRequest;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::warn;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
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
pub(crate) async fn get(core: Core, caller: Caller) -> Result<Response, ApiError> {
    let mut request = ExportPersonRequest {
        account: Some(caller.account()),
        page_token: String::new(),
    };
    // What can be refused is, before the answer begins.
    let first = core.export_person(request.clone()).await;
    let first = first.map_err(|error| error.into_api(&[]))?;
    // One part waits at most: whoever reads slowly lets the core wait.
    let (sender, parts) = mpsc::channel::<Result<Bytes, io::Error>>(1);
    tokio::spawn(async move {
        let mut part = first;
        while sender.send(Ok(part.json.into())).await.is_ok() && !part.next_page_token.is_empty() {
            request.page_token = part.next_page_token;
            part = match core.export_person(request.clone()).await {
                Ok(part) => part,
                Err(error) => {
                    warn!(?error, "an export is broken off");
                    // Whoever asked sees that the answer is not whole.
                    drop(sender.send(Err(io::Error::other("broken off"))).await);
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
    Ok((headers, Body::from_stream(ReceiverStream::new(parts))).into_response())
}
