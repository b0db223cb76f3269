//! `/`: what a person sees and presses. One file a page, no script.

mod html;
mod overview;
mod payment;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::shared::Shared;

/// No script, nothing from elsewhere, and forms lead nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

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
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let world = shared.lock();
    let (status, page) = match query.get("payment_intent") {
        None => (StatusCode::OK, overview::page(&world)),
        Some(id) => match payment::page(&world, id) {
            Some(page) => (StatusCode::OK, page),
            None => (StatusCode::NOT_FOUND, payment::unknown(id)),
        },
    };
    drop(world);
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(page)).into_response()
}
