//! What axum takes: refusals as responses, and the call under way as an argument of a handler.

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::answer::{Answer, Refused};
use crate::call::BillingCall;

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.into_http::<Body>()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.answer().into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for BillingCall {
    /// 503: the route is not within a [`GuardLayer`](crate::GuardLayer), so nobody decided about the
    /// call.
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        let call = parts.extensions.get::<Self>().cloned();
        call.ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a handler's route is not guarded");
            Refused::Unavailable
        })
    }
}
