//! Which tenants may be read about without a token of theirs.

use super::settings::{JwtConfig, TenantSource};
use super::{Caller, is_tenant};
use crate::problem::ApiError;

const TENANT: &str = "tenant";

/// Which tenants may be read about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicTenants {
    /// Where a request names none.
    default: Option<String>,
    /// There is no other tenant than that.
    is_only: bool,
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
        if !is_tenant(&tenant) {
            return Err(ApiError::invalid(TENANT, "must be 1 to 128 bytes"));
        }
        Ok(tenant)
    }

    /// Whether the gateway serves one tenant, and no other.
    pub(crate) fn is_single(&self) -> bool {
        self.is_only
    }

    pub(crate) fn of(
        &self,
        named: Option<String>,
        viewer: Option<&Caller>,
    ) -> Result<String, ApiError> {
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

#[cfg(test)]
mod tests {
    use super::PublicTenants;
    use crate::problem::ApiError;

    fn tenants(default: Option<&str>, is_only: bool) -> PublicTenants {
        PublicTenants {
            default: default.map(str::to_owned),
            is_only,
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
