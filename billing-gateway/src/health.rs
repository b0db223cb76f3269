//! `/health` (this process answers) and `/ready` (so does the core).

use axum::extract::State;
use axum::{Extension, Json};
use billing_telemetry::trace::TraceContext;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{ApiError, Outage, Problem};
use crate::state::AppState;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    #[schema(example = "ok")]
    status: &'static str,
    /// RFC 3339.
    #[schema(format = DateTime)]
    timestamp: String,
}

impl HealthResponse {
    fn ok() -> Json<Self> {
        Json(Self {
            status: "ok",
            timestamp: Timestamp::now().to_string(),
        })
    }
}

/// Whether the gateway answers at all
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "health",
    responses((status = 200, body = HealthResponse))
)]
pub(crate) async fn health() -> Json<HealthResponse> {
    HealthResponse::ok()
}

/// The same, under the path of the sponsorship API
#[utoipa::path(
    get,
    path = "/api/v1/health",
    operation_id = "getHealthV1",
    tag = "health",
    responses((status = 200, body = HealthResponse))
)]
pub(crate) async fn health_v1() -> Json<HealthResponse> {
    HealthResponse::ok()
}

/// Whether requests can be answered: the core serves, and the gateway is not shutting down
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "getReady",
    tag = "health",
    responses(
        (status = 200, body = HealthResponse),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(
    State(state): State<AppState>,
    Extension(trace): Extension<TraceContext>,
) -> Result<Json<HealthResponse>, ApiError> {
    let jwks = state.verifier().jwks();
    if jwks.is_some_and(|jwks| !jwks.has_keys()) {
        return Err(ApiError::Unavailable(Outage::SigningKeys(None)));
    }
    if !state.readiness().is_ready() {
        return Err(ApiError::Unavailable(Outage::ShuttingDown));
    }
    state
        .core_health()
        .ask(state.core(), trace)
        .await
        .map_err(|reason| ApiError::Unavailable(Outage::CoreNotReady(reason)))?;
    Ok(HealthResponse::ok())
}
