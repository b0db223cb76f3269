//! `/sandbox`: what a test, or a person on the page, does for payers, banks and the network.

mod actions;
mod billing;
mod fields;
mod network;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::{Json, Router};
use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use self::fields::Fields;
use crate::fondy::refusal::Refusal;
use crate::html;
use crate::providers::Providers;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::Cause;

const BODY_BYTES_MAX: usize = 64 << 10;

pub fn router(providers: Providers) -> Router {
    Router::new()
        .route("/sandbox/{*path}", axum::routing::any(serve))
        .with_state(providers)
}

async fn serve(State(providers): State<Providers>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if is_from_elsewhere(&head.headers) {
        return (StatusCode::FORBIDDEN, "not from another site\n").into_response();
    }
    let path = head.uri.path().trim_start_matches("/sandbox/").to_owned();
    let read = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => Fields::read(&head.headers, &body),
        Err(_) => Err(ApiError::invalid("the body cannot be read")),
    };
    let mut fields = match read {
        Ok(fields) => fields,
        Err(error) => return refused(&error),
    };
    let back = fields.back();
    let done = answer(&providers, &head.method, &path, &mut fields);
    match (back, done) {
        (Some(back), Ok(_)) => (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response(),
        (Some(back), Err(error)) => {
            let page = html::refusal(error.message(), &back);
            (error.status_code(), Html(page)).into_response()
        }
        (None, Ok(answer)) => Json(answer).into_response(),
        (None, Err(error)) => refused(&error),
    }
}

fn refused(error: &ApiError) -> Response {
    let body = json!({ "error": { "message": error.message() } });
    (error.status_code(), Json(body)).into_response()
}

/// Every route of `/sandbox`.
fn answer(
    providers: &Providers,
    method: &Method,
    path: &str,
    fields: &mut Fields,
) -> Result<Value, ApiError> {
    let Providers {
        stripe,
        fondy,
        running,
    } = providers;
    let cause = Cause::default();
    let names: Vec<&str> = path.split('/').collect();
    match (method.as_str(), names.as_slice()) {
        ("POST", ["payments", id, action]) => {
            stripe.act(&cause, |act| actions::on_payment(act, id, action, fields))
        }
        ("POST", ["sessions", id, action]) => {
            stripe.act(&cause, |act| actions::on_session(act, id, action, fields))
        }
        ("POST", ["refunds", id, action]) => {
            stripe.act(&cause, |act| actions::on_refund(act, id, action))
        }
        ("POST", ["disputes", id, action]) => {
            stripe.act(&cause, |act| actions::on_dispute(act, id, action))
        }
        ("POST", ["orders", id, action]) => {
            fondy.act(|act| actions::on_order(act, id, action, fields))
        }
        ("POST", ["subscriptions", id, action]) => {
            stripe.act(&cause, |act| billing::on_subscription(act, id, action))
        }
        ("POST", ["invoices", id, action]) => {
            stripe.act(&cause, |act| billing::on_invoice(act, id, action, fields))
        }
        ("POST", ["customers", id, "card"]) => {
            stripe.act(&cause, |act| billing::change_card(act, id, fields))
        }
        ("POST", ["clock", "advance"]) => {
            stripe.act(&cause, |act| billing::advance_clock(act, fields))
        }
        ("POST", ["foreign"]) => stripe.act(&cause, |act| actions::foreign_payment(act, fields)),
        ("GET", ["state"]) => Ok(network::state(providers)),
        ("GET", ["deliveries"]) => Ok(network::deliveries(&running.network())),
        ("POST", ["deliveries", id, "redeliver"]) => {
            running.act(|network| network::redeliver(network, id))
        }
        ("POST", ["webhooks"]) => {
            network::set_webhooks(&mut running.network(), fields)?;
            Ok(network::state(providers))
        }
        ("POST", ["mode"]) => network::set_mode(&mut running.network(), fields),
        ("POST", ["release"]) => Ok(running.act(network::release)),
        ("POST", ["faults"]) => network::plan_fault(providers, fields),
        ("DELETE", ["faults"]) | ("POST", ["faults", "forget"]) => {
            Ok(network::forget_faults(providers))
        }
        _ => {
            let message = format!("the sandbox has no {method} /sandbox/{path}");
            Err(ApiError::unrecognized(message))
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::invalid(refusal.message)
    }
}

/// A browser says where a request comes from: no other site may press these buttons.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}
