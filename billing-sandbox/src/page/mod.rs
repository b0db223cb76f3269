//! What a person sees and presses. One file a page, no script.

mod overview;
mod shop;

use std::collections::HashMap;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::StatusCode;

use crate::html::{respond, unknown};
use crate::providers::Providers;
use crate::stripe;

pub fn router(providers: Providers) -> Router {
    Router::new()
        .route("/", get(serve))
        .route("/shop", any(serve_shop))
        .route("/shop/{*path}", any(serve_shop))
        .with_state(providers)
}

/// All payments, or the one of `?payment_intent=pi_…`.
async fn serve(
    State(providers): State<Providers>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let (status, page) = match query.get("payment_intent") {
        None => (StatusCode::OK, overview::page(&providers)),
        Some(id) => match stripe::page::page(&providers.stripe.lock(), id) {
            Some(page) => (StatusCode::OK, page),
            None => (StatusCode::NOT_FOUND, unknown(id)),
        },
    };
    respond(status, page, "'self'")
}

/// A site that the payer comes back to.
async fn serve_shop(request: Request) -> Response {
    const BODY_BYTES_MAX: usize = 64 << 10;
    let (head, body) = request.into_parts();
    let form = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let page = shop::page(head.uri.path(), query, &form);
    respond(StatusCode::OK, page, "'self'")
}
