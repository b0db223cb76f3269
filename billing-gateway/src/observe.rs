//! What is seen of each request: its trace, one log line at debug, its latency; and the headers
//! that every answer carries.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use billing_telemetry::slow::SlowLog;
use billing_telemetry::span::{Span, within};
use billing_telemetry::trace::TraceContext;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use tracing::Instrument;

use crate::providers::WebhookRefusal;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const PROBES: [&str; 3] = ["/health", "/api/v1/health", "/ready"];

/// Names the units of what is measured here and on the way to the core.
pub(crate) fn describe_metrics() {
    describe_histogram!(
        "http.server.request.duration",
        Unit::Seconds,
        "How long requests took, by route."
    );
    describe_histogram!(
        "rpc.client.call.duration",
        Unit::Seconds,
        "How long calls to the core took, retry included."
    );
    describe_counter!(
        "http.server.rate_limited",
        "Requests that were refused with 429, by policy."
    );
    describe_counter!(
        "http.server.turned_away",
        "What was refused or cut off since there was too much of it: connections, bodies, requests, \
         webhooks."
    );
    describe_gauge!(
        "billing_gateway_ready",
        "1 while `/readyz` answers 200, else 0."
    );
    describe_payments();
    for what in ["connection", "body", "request", "webhook"] {
        metrics::counter!("http.server.turned_away", "what" => what).increment(0);
    }
}

/// Shows at the start what is counted of a provider: `increase` sees nothing of an event with which its
/// series begins.
pub(crate) fn begin_counting(provider: &'static str) {
    for refusal in WebhookRefusal::ALL {
        metrics::counter!("billing.webhooks.refused",
            "provider" => provider, "reason" => refusal.name())
        .increment(0);
    }
    for outcome in ["created", "refused", "unavailable"] {
        metrics::counter!("billing.payment.requests",
            "provider" => provider, "outcome" => outcome)
        .increment(0);
    }
}

pub(crate) fn show_ready(ready: bool) {
    metrics::gauge!("billing_gateway_ready").set(f64::from(u8::from(ready)));
}

fn describe_payments() {
    describe_histogram!(
        "billing.webhook.duration",
        Unit::Seconds,
        "How long providers' webhooks took until they were stored, by outcome."
    );
    describe_counter!(
        "billing.webhooks.refused",
        "Webhooks that were not believed, by reason; `time` hints at a clock that is wrong."
    );
    describe_histogram!(
        "billing.provider.call.duration",
        Unit::Seconds,
        "How long calls to payment providers took, repetitions included."
    );
    describe_counter!(
        "billing.payment.requests",
        "Requests to begin a payment, by outcome."
    );
    describe_counter!(
        "billing.rate.fetch",
        "Fetches of the exchange rate, by source and outcome."
    );
    describe_gauge!(
        "billing.rate.age",
        Unit::Seconds,
        "How long ago the exchange rate was fetched with success."
    );
    describe_gauge!(
        "billing.payments.open",
        "Payments whose end is not known, as of the last reconciliation."
    );
    describe_counter!(
        "billing.reconcile.rounds",
        "How often this gateway asked for the payments that are due at all its providers, by outcome."
    );
    describe_counter!(
        "billing.reconcile.payments",
        "Payments that their provider was asked about, by outcome; `applied` is money that no webhook \
         had reported."
    );
}

/// The outermost layer: puts the request's [`TraceContext`] into its extensions.
pub(crate) async fn request(
    State(slow): State<SlowLog>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let incoming = TraceContext::from_headers(request.headers());
    let span = span_of(method, matched.as_ref(), incoming);
    let open_span = span.end_on_drop();
    let trace = span.context_or(incoming);
    let trace = trace.unwrap_or_else(TraceContext::random);
    // At info, so that faults carry the trace id under the default filter.
    let logged = tracing::info_span!("request", trace_id = %trace.trace_id(), method, route);
    request.extensions_mut().insert(trace);
    let answering = async {
        let response = next.run(request).instrument(logged.clone()).await;
        let (status, elapsed) = (response.status(), started.elapsed());
        logged.in_scope(|| tracing::debug!(status = status.as_u16(), ?elapsed, "answered"));
        if let Some(left_out) = slow.admit(elapsed) {
            let status = status.as_u16();
            logged.in_scope(|| tracing::warn!(status, ?elapsed, left_out, "slow request"));
        }
        (response, elapsed)
    };
    let (mut response, elapsed) = within(trace, span.clone(), answering).await;
    let status = response.status();
    metrics::histogram!(
        "http.server.request.duration",
        "http.request.method" => method,
        "http.route" => route.to_owned(),
        "http.response.status_code" => status_label(status),
    )
    .record(elapsed);
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.fail(status_label(status));
    }
    drop(open_span);
    if let Ok(id) = HeaderValue::try_from(trace.trace_id().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// None of a probe that nobody traces: there are many, and nothing is asked for by them.
fn span_of(
    method: &'static str,
    matched: Option<&MatchedPath>,
    incoming: Option<TraceContext>,
) -> Span {
    let route = matched.map(MatchedPath::as_str);
    if incoming.is_none() && route.is_some_and(|route| PROBES.contains(&route)) {
        return Span::none();
    }
    let name = || route.map_or(method.to_owned(), |route| format!("{method} {route}"));
    let span = Span::server(incoming, name);
    if span.is_recorded() {
        span.set("http.request.method", method);
        if let Some(route) = route {
            span.set("http.route", route.to_owned());
        }
    }
    span
}

/// Answers are one user's and of the moment, and never anything else than they say they are.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        // What a page says about itself stands.
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Clients may make up methods; a metric must not have as many series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

fn status_label(status: StatusCode) -> String {
    status.as_u16().to_string()
}
