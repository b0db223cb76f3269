//! `/app/config.json`: what the pages know of the place where they are served. Nothing in it is secret.

use serde::Serialize;

use super::settings::{TokenStorage, WebConfig};
use crate::auth::settings::{AdminClaim, JwtConfig, TenantSource};

#[derive(Serialize)]
struct Told<'a> {
    /// The API is where the pages are.
    api_base: &'static str,
    /// None where tokens name the tenant and there is no default one.
    tenant: Option<&'a str>,
    tenant_name: Option<&'a str>,
    login_url: Option<&'a str>,
    logout_url: Option<&'a str>,
    token_storage: TokenStorage,
    token_key: &'a str,
    token_links: bool,
    /// Whether Stripe.js may be loaded.
    stripe: bool,
    support_email: Option<&'a str>,
    admin_claim: Option<Claim<'a>>,
}

#[derive(Serialize)]
struct Claim<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> From<&'a AdminClaim> for Claim<'a> {
    fn from(admin: &'a AdminClaim) -> Self {
        Self {
            name: &admin.claim,
            value: &admin.value,
        }
    }
}

pub(super) fn json(
    web: &WebConfig,
    jwt: &JwtConfig,
    has_stripe: bool,
) -> Result<Vec<u8>, serde_json::Error> {
    let tenant = match &jwt.tenant {
        TenantSource::Fixed(tenant) => Some(tenant),
        TenantSource::Claim(_) => jwt.public_tenant.as_ref(),
    };
    serde_json::to_vec(&Told {
        api_base: "",
        tenant: tenant.map(String::as_str),
        tenant_name: web.tenant_name.as_deref(),
        login_url: web.login_url.as_deref(),
        logout_url: web.logout_url.as_deref(),
        token_storage: web.token_storage,
        token_key: &web.token_key,
        token_links: web.token_links,
        stripe: has_stripe,
        support_email: web.support_email.as_deref(),
        admin_claim: jwt.admin.as_ref().map(Claim::from),
    })
}
