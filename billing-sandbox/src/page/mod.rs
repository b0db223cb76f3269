//! What a person sees and presses. One file a page, no script.

mod html;
mod order;
mod overview;
mod payment;
mod shop;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Query, Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::fondy::flow;
use crate::running::Running;
use crate::world::Cause;

/// What a person reads whose button could not be obeyed, with the way back.
pub fn refusal(message: &str, back: &str) -> String {
    let (message, back) = (html::escape(message), html::escape(back));
    let body = format!(
        "<h1>That cannot be done</h1>\n<p>{message}</p>\n<p><a href=\"{back}\">Back</a></p>\n"
    );
    html::page("That cannot be done", &body)
}

/// All payments, or the one of `?payment_intent=pi_…`.
pub async fn serve(
    State(running): State<Arc<Running>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let world = running.lock();
    let (status, page) = match query.get("payment_intent") {
        None => (StatusCode::OK, overview::page(&world)),
        Some(id) => match payment::page(&world, id) {
            Some(page) => (StatusCode::OK, page),
            None => (StatusCode::NOT_FOUND, payment::unknown(id)),
        },
    };
    drop(world);
    respond(status, page, "'self'")
}

/// The checkout of an order at Fondy.
pub async fn serve_checkout(
    State(running): State<Arc<Running>>,
    Path(token): Path<String>,
) -> Response {
    running.act(&Cause::default(), flow::expire_due);
    let world = running.lock();
    // The order's id is no secret; only the token opens its checkout.
    let Some(order) = world
        .orders
        .get(&token)
        .filter(|order| order.token == token)
    else {
        return respond(StatusCode::NOT_FOUND, payment::unknown(&token), "'self'");
    };
    let page = order::checkout(&running.merchant, order);
    let targets = format!("'self' {}", origin(order.details.return_url.as_deref()));
    drop(world);
    respond(StatusCode::OK, page, &targets)
}

/// A site that the payer comes back to.
pub async fn serve_shop(request: Request) -> Response {
    const BODY_BYTES_MAX: usize = 64 << 10;
    let (head, body) = request.into_parts();
    let form = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let page = shop::page(head.uri.path(), query, &form);
    respond(StatusCode::OK, page, "'self'")
}

/// No script, nothing from elsewhere, and forms lead to these places only.
fn respond(status: StatusCode, page: String, form_targets: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action {form_targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (status, headers, Html(page)).into_response()
}

/// The site of a URL, as policies name it.
fn origin(url: Option<&str>) -> String {
    url.and_then(|url| reqwest::Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}
