//! Reads that need no token: who asks, where they say it, and about which tenant.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::auth::{self, Caller, TENANT_HEADER};
use crate::problem::ApiError;
use crate::query::QueryText;
use crate::server::client_address;
use crate::state::AppState;

const TENANT: &str = "tenant";

/// Whose token came along, where one did. A token that is not good is refused: who sent it means to be known.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(pub Option<Caller>);

/// The tenant of a read without a token: `?tenant=` or `X-Tenant-Id`, else the token's, else the configured one.
#[derive(Clone, Debug)]
pub(crate) struct PublicTenant {
    pub tenant_id: String,
    pub viewer: Option<Caller>,
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let network = client_address::network_of_head(parts, state.trusted_proxies());
        let caller = auth::caller_of(state.verifier(), &parts.headers, network).await?;
        Ok(Self(Some(caller)))
    }
}

impl FromRequestParts<AppState> for PublicTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Viewer(viewer) = Viewer::from_request_parts(parts, state).await?;
        let query = QueryText::from_request_parts(parts, state).await?;
        let named = named(query.text(TENANT), &parts.headers)?;
        let tenant_id = state.public_tenants().of(named, viewer.as_ref())?;
        Ok(Self { tenant_id, viewer })
    }
}

/// The one tenant that a request names.
fn named(query: Option<&str>, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut named = query.map(str::to_owned);
    for header in headers.get_all(TENANT_HEADER) {
        let Ok(tenant) = std::str::from_utf8(header.as_bytes()) else {
            return Err(ApiError::invalid("X-Tenant-Id", "must be UTF-8"));
        };
        if named.as_deref().is_some_and(|other| other != tenant) {
            let problem =
                "must be the same wherever it is given: as a parameter and in X-Tenant-Id";
            return Err(ApiError::invalid(TENANT, problem));
        }
        named = Some(tenant.to_owned());
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::named;
    use crate::problem::ApiError;

    fn asked(query: Option<&str>, header: &[&'static str]) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        for tenant in header {
            headers.append("x-tenant-id", HeaderValue::from_static(tenant));
        }
        named(query, &headers)
    }

    #[test]
    fn a_tenant_is_named_once_or_everywhere_alike() {
        assert_eq!(asked(None, &[]).unwrap(), None);
        assert_eq!(asked(Some("a"), &[]).unwrap().unwrap(), "a");
        assert_eq!(asked(None, &["a"]).unwrap().unwrap(), "a");
        assert_eq!(asked(Some("a"), &["a", "a"]).unwrap().unwrap(), "a");
        for (query, header) in [(Some("a"), &["b"][..]), (None, &["a", "b"])] {
            let refused = asked(query, header);
            assert!(matches!(refused, Err(ApiError::InvalidField(_))));
        }
    }
}
