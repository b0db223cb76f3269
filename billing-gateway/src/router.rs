//! Every route, and the layers around them.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowCredentials, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::problem::{ApiError, Outage};
use crate::server::{host, request_body};
use crate::state::AppState;
use crate::web::Site;
use crate::{
    admin, balance, contributions, docs, email_preferences, gate, health, history, holds, me,
    observe, openapi, payment, prices, progress, settings, sponsorship, supporters, test_email,
    unsubscribe, usage, web, webhooks,
};

/// What requests of ours carry.
const OUR_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-tenant-id"),
];

/// What instrumented pages add to every request of theirs: W3C Trace Context and Baggage, and Sentry's.
const TRACE_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("sentry-trace"),
];

/// Routes for signed-in users.
fn users() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me::get))
        .routes(routes!(balance::get))
        .routes(routes!(history::list))
        .routes(routes!(history::csv::get))
        .routes(routes!(holds::list))
        .routes(routes!(usage::get))
        .routes(routes!(usage::chart::get))
        .routes(routes!(usage::statistics::get))
        .routes(routes!(prices::get))
        .routes(routes!(settings::get, settings::update))
        .routes(routes!(email_preferences::get))
        .routes(routes!(test_email::post))
        .routes(routes!(payment::available::get))
        .routes(routes!(payment::status::get))
        .routes(routes!(payment::list::get))
        .routes(routes!(contributions::mine::list))
        .routes(routes!(contributions::subscription::get))
        .routes(routes!(contributions::change))
        .routes(routes!(supporters::me::get, supporters::me::update))
        .routes(routes!(supporters::export::get))
}

/// Routes of users' own surface for administrators.
fn administration() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(payment::refund::post))
}

/// Routes for signed-in users that are limited further: providers are asked for something.
fn creation() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(payment::create::post))
        .routes(routes!(contributions::checkout::post))
        .routes(routes!(contributions::subscription::cancel))
        .routes(routes!(contributions::portal::get))
}

/// Routes for everybody: no token, or one that says who asks.
fn public() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(supporters::badge::get))
        .routes(routes!(supporters::picture::get))
        .routes(routes!(supporters::shields::get))
        .routes(routes!(sponsorship::get))
        .routes(routes!(contributions::get))
}

/// The same, limited further.
fn wall() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(supporters::wall::get))
}

/// The same, limited further.
fn meter() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(progress::get))
}

/// Routes for readers of mail: a signed link for a token.
fn readers() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(unsubscribe::get, unsubscribe::post))
}

/// Routes for payers' browsers on their way back from a provider's page, without a token.
fn returns() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(payment::returned::get, payment::returned::post))
}

/// Routes for payment providers: a signature for a token, no rate limit.
fn providers() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        .routes(routes!(webhooks::receive_v1))
}

/// Routes for probes: no token, no rate limit.
fn probes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::health_v1))
        .routes(routes!(health::ready))
}

/// The document that describes every route.
pub(crate) fn openapi() -> OpenApi {
    let mut document = openapi::base();
    document.merge(users().into_openapi());
    document.merge(administration().into_openapi());
    document.merge(creation().into_openapi());
    document.merge(admin::routes().into_openapi());
    document.merge(admin::operators_routes().into_openapi());
    document.merge(public().into_openapi());
    document.merge(wall().into_openapi());
    document.merge(meter().into_openapi());
    document.merge(readers().into_openapi());
    document.merge(returns().into_openapi());
    document.merge(providers().into_openapi());
    document.merge(probes().into_openapi());
    document
}

/// The public surface.
pub(crate) fn router(config: &Config, state: AppState, site: Option<Site>) -> Router {
    let document = openapi();
    let (users, _) = users().split_for_parts();
    let (creation, _) = creation().split_for_parts();
    let (administration, _) = administration().split_for_parts();
    let (administrators, _) = admin::routes().split_for_parts();
    let (operators, _) = admin::operators_routes().split_for_parts();
    let (public, _) = public().split_for_parts();
    let (wall, _) = wall().split_for_parts();
    let (meter, _) = meter().split_for_parts();
    let (readers, _) = readers().split_for_parts();
    let (returns, _) = returns().split_for_parts();
    let (providers, _) = providers().split_for_parts();
    let (probes, _) = probes().split_for_parts();
    let bounded = from_fn_with_state(state.clone(), bounded);
    let creation = creation
        .route_layer(bounded.clone())
        .route_layer(from_fn_with_state(state.clone(), gate::creation_per_tenant))
        .route_layer(from_fn_with_state(
            state.clone(),
            gate::creation_per_address,
        ))
        .route_layer(from_fn_with_state(state.clone(), gate::creation_per_user));
    // Without their token they are no routes at all.
    let administrators = if state.admin_core().is_on() {
        operators
            .route_layer(bounded.clone())
            .route_layer(from_fn_with_state(state.clone(), gate::operators))
            .merge(administrators.route_layer(bounded.clone()))
    } else {
        Router::new()
    };
    let administration = administration
        .route_layer(bounded.clone())
        .merge(administrators)
        .route_layer(from_fn(gate::administrators));
    let users = users
        .route_layer(bounded.clone())
        .merge(creation)
        .merge(administration)
        .route_layer(from_fn_with_state(state.clone(), gate::per_user))
        .route_layer(from_fn_with_state(state.clone(), gate::signed_in));
    let wall_limit = from_fn_with_state(state.clone(), gate::wall_per_address);
    let meter_limit = from_fn_with_state(state.clone(), gate::progress_per_address);
    let public = public
        .merge(wall.route_layer(wall_limit))
        .merge(meter.route_layer(meter_limit))
        .route_layer(bounded.clone());
    let routes = Router::new()
        .merge(users)
        .merge(public)
        .merge(readers.merge(returns).route_layer(bounded))
        .route("/openapi.json", get(docs::json(&document)))
        .route("/docs", get(docs::page(&document)))
        .route_layer(from_fn_with_state(state.clone(), gate::per_address))
        .merge(web::routes(site))
        .merge(probes)
        .merge(providers);
    surrounded(routes, config, state)
}

/// What every answer goes through, refusals and panics too; the last layer is the outermost.
fn surrounded(routes: Router<AppState>, config: &Config, state: AppState) -> Router {
    routes
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(from_fn_with_state(state.clone(), timely))
        .layer(from_fn(host::named_once))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors(config))
        .layer(from_fn(observe::harden))
        .layer(from_fn_with_state(config.slow.clone(), observe::request))
        .with_state(state)
}

/// Refuses what is too much at once, of requests that have come as a whole. Webhooks wait instead, in a
/// room of their own, and probes are answered in any case.
async fn bounded(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (head, body) = request_body::read(state.bodies(), request).await?;
    let _place = state.place()?;
    let whole = Request::from_parts(head, Body::from(body));
    Ok(next.run(whole).await)
}

/// Ends what takes too long.
async fn timely(State(state): State<AppState>, request: Request, next: Next) -> Response {
    tokio::time::timeout(state.request_timeout(), next.run(request))
        .await
        .unwrap_or_else(|_elapsed| ApiError::Unavailable(Outage::RequestLate).into_response())
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast::<&'static str>()
            .map_or_else(|_| String::new(), |text| (*text).to_owned()),
    };
    ApiError::fault(format!("panicked: {message}")).into_response()
}

fn cors(config: &Config) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(config.cors_origins.clone())
        // Old clients send cookies along; exact origins make that harmless, and none are read.
        .allow_credentials(AllowCredentials::predicate(|_, head| {
            !head.uri.path().starts_with(web::ELEMENTS)
        }))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH])
        .allow_headers([&OUR_HEADERS[..], &TRACE_HEADERS, &config.cors_headers].concat())
        .expose_headers([
            header::CONTENT_DISPOSITION,
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(Duration::from_mins(10))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::routing::get;
    use billing_telemetry::admin::Readiness;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::surrounded;
    use crate::config::tests::config;
    use crate::state::AppState;

    async fn panics() -> &'static str {
        panic!("secret detail")
    }

    #[tokio::test]
    async fn a_panic_is_answered_like_any_other_fault() {
        let config = config(&[]);
        let state = AppState::new(&config, Readiness::new()).unwrap();
        let app = surrounded(Router::new().route("/", get(panics)), &config, state);
        let request = Request::builder().header("host", "x");
        let request = request.body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert!(response.headers().contains_key("x-request-id"));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "INTERNAL_ERROR");
        assert!(!problem.to_string().contains("secret"));
    }
}
