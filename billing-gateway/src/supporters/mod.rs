//! People who support a tenant, as others see them and as they want to be seen.

pub(crate) mod badge;
pub(crate) mod export;
pub(crate) mod level;
pub(crate) mod me;
pub(crate) mod picture;
pub(crate) mod shields;
pub(crate) mod wall;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use billing_proto::v1::{Badge, GetBadgesRequest};

use crate::auth;
use crate::core::Core;
use crate::problem::ApiError;
use crate::state::AppState;

/// The person that a path names: `/{tenant_id}/{user_id}/`. Anybody may be asked about, and whoever gave
/// nothing is answered like somebody who is not known.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    tenant_id: String,
    user_id: String,
}

impl FromRequestParts<AppState> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        // Percent signs that spell no text name nobody.
        let Path((tenant, user_id)) = path.map_err(|_: PathRejection| ApiError::NotFound)?;
        let tenant_id = state.public_tenants().named(tenant)?;
        if !auth::is_user(&user_id) {
            return Err(ApiError::invalid("user", "must be 1 to 255 bytes"));
        }
        Ok(Self { tenant_id, user_id })
    }
}

impl Person {
    /// Their badge, as `viewer` sees it; none: a stranger.
    async fn badge(self, core: &Core, viewer: Option<String>) -> Result<Badge, ApiError> {
        let request = GetBadgesRequest {
            tenant_id: self.tenant_id,
            user_ids: vec![self.user_id],
            viewer_user_id: viewer.unwrap_or_default(),
        };
        let answer = core.get_badges(request).await;
        let badges = answer.map_err(|error| error.into_api(&[]))?.badges;
        let mut badges = badges.into_iter();
        badges
            .next()
            .ok_or_else(|| ApiError::fault("the core's answer has no badge"))
    }
}
