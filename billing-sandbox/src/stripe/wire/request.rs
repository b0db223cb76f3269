//! A request to `/v1`: who asks, what goes wrong, whether it was asked before, the answer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::error::ApiError;
use super::idempotency::Answer;
use super::params::Params;
use super::{expand, routes};
use crate::fault::{RequestFault, bad_gateway};
use crate::stripe::Stripe;
use crate::stripe::event::API_VERSION;
use crate::stripe::world::{Act, Cause, new_id};

const BODY_BYTES_MAX: usize = 1 << 20;

/// What a request says.
#[derive(Clone, Debug)]
struct Call {
    request_id: String,
    method: Method,
    path: String,
    /// The `Stripe-Version` that it wants, or the newest.
    version: String,
    /// Of a POST only.
    idempotency_key: Option<String>,
    params: Params,
}

/// An answer, and whether it was given before.
#[derive(Debug)]
enum Told {
    Fresh(Answer),
    Replayed(Answer),
}

pub async fn serve(State(stripe): State<Arc<Stripe>>, request: Request) -> Response {
    let request_id = new_id("req_");
    let call = match read(&stripe, request, request_id.clone()).await {
        Ok(call) => call,
        Err(error) => return refused(&error, &request_id),
    };
    let kind = routes::kind(&call.method, &call.path);
    let fault = stripe.running.network().faults.take(kind);
    match fault {
        Some(RequestFault::BadGateway) => return bad_gateway(),
        Some(RequestFault::TooManyRequests) => {
            return refused(&ApiError::too_many_requests(), &request_id);
        }
        Some(RequestFault::RateLimit) => return refused(&ApiError::rate_limit(), &request_id),
        Some(RequestFault::LockTimeout) => {
            let mut response = refused(&ApiError::lock_timeout(), &request_id);
            put(response.headers_mut(), "stripe-should-retry", "true");
            return response;
        }
        _ => {}
    }
    let answered = {
        let (acted, call) = (Arc::clone(&stripe), call.clone());
        // Stripe acts on what it has read, also where the caller has gone meanwhile.
        let acting = stripe.running.tasks.clone();
        acting.spawn(async move { answer_once(&acted, &call, fault).await })
    };
    let told = match answered.await {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => return refused(&error, &request_id),
        Err(_) => return refused(&ApiError::internal(), &request_id),
    };
    match fault {
        Some(RequestFault::BadGatewayAfterCommit) => return bad_gateway(),
        Some(RequestFault::TimeOut(pause)) => stripe.running.wait(pause).await,
        _ => {}
    }
    respond(&call, told)
}

async fn read(stripe: &Stripe, request: Request, request_id: String) -> Result<Call, ApiError> {
    let (head, body) = request.into_parts();
    authenticate(stripe, &head.headers)?;
    let version = text_of(&head.headers, "stripe-version");
    if let Some(version) = &version {
        check_version(version)?;
    }
    let query = head.uri.query().unwrap_or_default().as_bytes().to_vec();
    let encoded = if head.method == Method::GET {
        query.into()
    } else {
        let body = to_bytes(body, BODY_BYTES_MAX)
            .await
            .map_err(|_| ApiError::invalid("The body of the request cannot be read."))?;
        // A DELETE has its parameters in the query of some clients, and in the body of others.
        if body.is_empty() { query.into() } else { body }
    };
    let is_post = head.method == Method::POST;
    let key = text_of(&head.headers, "idempotency-key").filter(|key| is_post && !key.is_empty());
    Ok(Call {
        request_id,
        params: Params::parse(&encoded)?,
        method: head.method,
        path: head.uri.path().trim_end_matches('/').to_owned(),
        version: version.unwrap_or_else(|| API_VERSION.to_owned()),
        idempotency_key: key,
    })
}

/// Changes the world at most once for a key, and remembers what was answered.
async fn answer_once(
    stripe: &Stripe,
    call: &Call,
    fault: Option<RequestFault>,
) -> Result<Told, ApiError> {
    let cause = Cause {
        request_id: Some(call.request_id.clone()),
        idempotency_key: call.idempotency_key.clone(),
    };
    if let Some(key) = &call.idempotency_key {
        let begun = stripe.act(&cause, |act| {
            let keys = &mut act.world.keys;
            keys.begin(key, &call.path, &call.params, act.now)
        });
        if let Some(answer) = begun? {
            return Ok(Told::Replayed(answer));
        }
    }
    if let Some(RequestFault::Slow(pause)) = fault {
        stripe.running.wait(pause).await;
    }
    stripe.act(&cause, |act| {
        let answered = run(act, call);
        if let (Some(key), Err(error)) = (&call.idempotency_key, &answered)
            && !error.is_kept_by_a_key()
        {
            act.world.keys.forget(key);
        }
        let mut answer = match answered {
            Ok(body) => Answer {
                status: StatusCode::OK,
                body,
                request_id: call.request_id.clone(),
            },
            Err(error) => as_answer(&error, &call.request_id),
        };
        if fault == Some(RequestFault::FailAfterCommit) {
            answer = as_answer(&ApiError::internal(), &call.request_id);
        }
        if let Some(key) = &call.idempotency_key {
            act.world.keys.keep(key, answer.clone());
        }
        Ok(Told::Fresh(answer))
    })
}

fn run(act: &mut Act<'_>, call: &Call) -> Result<Value, ApiError> {
    let mut params = call.params.clone();
    let paths = params.texts("expand")?;
    let mut answer = routes::answer(act, &call.method, &call.path, params)?;
    expand::apply(act.world, &mut answer, &paths)?;
    Ok(answer)
}

/// By the secret key, as Bearer, or as the user of Basic.
fn authenticate(stripe: &Stripe, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = text_of(headers, AUTHORIZATION.as_str()).and_then(|header| {
        let (scheme, value) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(value.trim().to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(value.trim()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        text.split(':').next().map(str::to_owned)
    });
    let Some(given) = given.filter(|key| !key.is_empty()) else {
        return Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY').",
        ));
    };
    let expected = stripe.secret_key.expose_secret().as_bytes();
    if bool::from(given.as_bytes().ct_eq(expected)) {
        return Ok(());
    }
    // A key that is nearly right must not stand in an error that somebody logs.
    Err(ApiError::unauthorized("Invalid API Key provided: ****"))
}

/// `2026-09-30.endive`: a date, since 2024 with a name.
fn check_version(version: &str) -> Result<(), ApiError> {
    let date = version.split('.').next().unwrap_or_default();
    if date.parse::<jiff::civil::Date>().is_ok() {
        return Ok(());
    }
    let message = format!("Invalid Stripe API version: {version}");
    Err(ApiError::invalid(message))
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn as_answer(error: &ApiError, request_id: &str) -> Answer {
    Answer {
        status: error.status_code(),
        body: error.body(request_id),
        request_id: request_id.to_owned(),
    }
}

fn respond(call: &Call, told: Told) -> Response {
    let (answer, replayed) = match told {
        Told::Fresh(answer) => (answer, false),
        Told::Replayed(answer) => (answer, true),
    };
    let mut response = json_response(answer.status, &answer.body);
    let headers = response.headers_mut();
    put(headers, "request-id", &call.request_id);
    put(headers, "stripe-version", &call.version);
    if let Some(key) = &call.idempotency_key {
        put(headers, "idempotency-key", key);
        put(headers, "original-request", &answer.request_id);
    }
    if replayed {
        put(headers, "idempotent-replayed", "true");
    }
    response
}

fn refused(error: &ApiError, request_id: &str) -> Response {
    let status = error.status_code();
    let mut response = json_response(status, &error.body(request_id));
    let headers = response.headers_mut();
    put(headers, "request-id", request_id);
    put(headers, "stripe-version", API_VERSION);
    if status == StatusCode::UNAUTHORIZED {
        put(headers, WWW_AUTHENTICATE.as_str(), "Basic realm=\"Stripe\"");
    }
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let text = format!("{body:#}\n");
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        Body::from(text),
    )
        .into_response()
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    // A key may hold what a header cannot; then it is not echoed.
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_str(value),
    ) {
        headers.insert(name, value);
    }
}
