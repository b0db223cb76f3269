//! What requests pass before their endpoint: whose they are, and how many of them there may be.

use axum::extract::{FromRef, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::auth::{self, Caller, PublicTenants};
use crate::problem::ApiError;
use crate::server::client_address;
use crate::state::AppState;

/// Lets a request pass with its [`Caller`], or refuses it.
pub(crate) async fn signed_in(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let network = client_address::network_of(&request, state.trusted_proxies());
    let caller = auth::caller_of(state.verifier(), request.headers(), network).await?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// For routes behind [`signed_in`].
pub(crate) async fn per_user(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    state.user_limit().pass(caller, request, next).await
}

/// For routes behind [`signed_in`]: whoever is not an administrator is refused before their body is read.
pub(crate) async fn administrators(
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    caller.administered()?;
    Ok(next.run(request).await)
}

/// For routes behind [`administrators`] about the whole service: the administrators of one tenant among several operate
/// nothing.
pub(crate) async fn operators(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !PublicTenants::from_ref(&state).is_single() {
        return Err(ApiError::NotOperator);
    }
    Ok(next.run(request).await)
}

pub(crate) async fn per_address(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let network = client_address::network_of(&request, state.trusted_proxies());
    state.address_limit().pass(network, request, next).await
}

/// The creation of payments by one user. Outermost of three: what one of them refuses does not count
/// for the next.
pub(crate) async fn creation_per_user(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let limits = state.creation_limits();
    limits.user.pass(caller, request, next).await
}

pub(crate) async fn creation_per_address(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let network = client_address::network_of(&request, state.trusted_proxies());
    let limits = state.creation_limits();
    limits.address.pass(network, request, next).await
}

pub(crate) async fn creation_per_tenant(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let limits = state.creation_limits();
    let tenant = caller.tenant_id().to_owned();
    limits.tenant.pass(tenant, request, next).await
}

/// How often one address asks for the wall.
pub(crate) async fn wall_per_address(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let network = client_address::network_of(&request, state.trusted_proxies());
    let limits = state.public_limits();
    limits.wall.pass(network, request, next).await
}

/// How often one address asks for the progress.
pub(crate) async fn progress_per_address(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let network = client_address::network_of(&request, state.trusted_proxies());
    let limits = state.public_limits();
    limits.progress.pass(network, request, next).await
}
