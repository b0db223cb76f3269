//! Reads that need no token: who asks, where they say it, and about which tenant.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::auth::settings::{JwtConfig, TenantSource};
use crate::auth::{self, Caller, TENANT_HEADER};
use crate::problem::ApiError;
use crate::query::QueryText;
use crate::server::client_address;
use crate::state::AppState;

const TENANT: &str = "tenant";

/// Which tenants may be read about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicTenants {
    /// Where a request names none.
    default: Option<String>,
    /// There is no other tenant than that.
    is_only: bool,
}

/// Whose token came along, where one did. A token that is not good is refused: who sent it means to be known.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(pub Option<Caller>);

/// The tenant of a read without a token: `?tenant=` or `X-Tenant-Id`, else the token's, else the configured one.
#[derive(Clone, Debug)]
pub(crate) struct PublicTenant {
    pub tenant_id: String,
    pub viewer: Option<Caller>,
}

impl From<&JwtConfig> for PublicTenants {
    fn from(config: &JwtConfig) -> Self {
        match &config.tenant {
            TenantSource::Fixed(tenant) => Self {
                default: Some(tenant.clone()),
                is_only: true,
            },
            TenantSource::Claim(_) => Self {
                default: config.public_tenant.clone(),
                is_only: false,
            },
        }
    }
}

impl PublicTenants {
    /// A tenant that a request names, in its path or else.
    pub(crate) fn named(&self, tenant: String) -> Result<String, ApiError> {
        if self.is_only && self.default.as_deref() != Some(tenant.as_str()) {
            return Err(ApiError::NotFound);
        }
        if !auth::is_tenant(&tenant) {
            return Err(ApiError::invalid(TENANT, "must be 1 to 128 bytes"));
        }
        Ok(tenant)
    }

    fn of(&self, named: Option<String>, viewer: Option<&Caller>) -> Result<String, ApiError> {
        if let Some(caller) = viewer {
            let own = caller.tenant_id();
            return match named {
                Some(named) if named != own => Err(ApiError::OtherTenant),
                _ => Ok(own.to_owned()),
            };
        }
        match named {
            Some(named) => self.named(named),
            None => self
                .default
                .clone()
                .ok_or_else(|| ApiError::invalid(TENANT, "must be given, here or as X-Tenant-Id")),
        }
    }
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

    use super::{PublicTenants, named};
    use crate::problem::ApiError;

    fn tenants(default: Option<&str>, is_only: bool) -> PublicTenants {
        PublicTenants {
            default: default.map(str::to_owned),
            is_only,
        }
    }

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

    #[test]
    fn a_request_without_a_tenant_is_about_the_configured_one() {
        let named = |name: &str| Some(name.to_owned());
        let several = tenants(Some("a"), false);
        assert_eq!(several.of(None, None).unwrap(), "a");
        assert_eq!(several.of(named("b"), None).unwrap(), "b");
        let none = tenants(None, false);
        assert!(matches!(
            none.of(None, None),
            Err(ApiError::InvalidField(_))
        ));
        let blank = none.of(named(" "), None);
        assert!(matches!(blank, Err(ApiError::InvalidField(_))));
        let only = tenants(Some("a"), true);
        assert!(matches!(only.of(named("b"), None), Err(ApiError::NotFound)));
    }
}
