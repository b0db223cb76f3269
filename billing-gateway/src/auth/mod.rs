//! Who calls: a bearer token, verified and turned into the account it speaks for.

mod claims;
mod contact;
mod jwks;
mod jwt;
mod public_tenants;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

pub(crate) use contact::Contact;
pub use contact::ContactClaims;
pub(crate) use jwks::{Jwks, JwksError};
pub(crate) use jwt::{Refusal, Verifier};
pub(crate) use public_tenants::PublicTenants;

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use billing_proto::text::is_blank;
use billing_proto::v1::{AccountRef, Contact as SentContact};

use crate::problem::{ApiError, Outage, TokenRefusal};

/// The longest names that the core takes, in bytes.
const TENANT_BYTES_MAX: usize = 128;
const USER_BYTES_MAX: usize = 255;

pub(crate) const TENANT_HEADER: &str = "x-tenant-id";

/// The user whose token came with a request. Equal where the account is.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    tenant_id: String,
    user_id: String,
    administrator: bool,
    contact: Option<Contact>,
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        (&self.tenant_id, &self.user_id) == (&other.tenant_id, &other.user_id)
    }
}

impl Eq for Caller {}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.tenant_id, &self.user_id).hash(state);
    }
}

impl Caller {
    /// None for names that no account can have, or should.
    fn new(
        tenant_id: String,
        user_id: String,
        administrator: bool,
        contact: Option<Contact>,
    ) -> Option<Self> {
        (is_tenant(&tenant_id) && is_user(&user_id)).then_some(Self {
            tenant_id,
            user_id,
            administrator,
            contact,
        })
    }

    pub(crate) fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    pub(crate) fn account(&self) -> AccountRef {
        AccountRef {
            tenant_id: self.tenant_id.clone(),
            user_id: self.user_id.clone(),
        }
    }

    /// Where the user is reached, as far as the token says; none where no claim is configured that could.
    pub(crate) fn contact(&self) -> Option<SentContact> {
        self.contact.as_ref().map(|contact| SentContact {
            email: contact.email.clone(),
            name: contact.name.clone(),
        })
    }

    pub(crate) fn is_administrator(&self) -> bool {
        self.administrator
    }

    /// The accounts of the tenant, for an administrator only.
    pub(crate) fn administered(&self) -> Result<AccountRef, ApiError> {
        if !self.administrator {
            return Err(ApiError::NotAdministrator);
        }
        Ok(AccountRef {
            tenant_id: self.tenant_id.clone(),
            user_id: String::new(),
        })
    }
}

/// Whether the core may have a tenant of this name.
pub(crate) fn is_tenant(name: &str) -> bool {
    is_name(name, TENANT_BYTES_MAX)
}

/// Whether the core may have a user of this name.
pub(crate) fn is_user(name: &str) -> bool {
    is_name(name, USER_BYTES_MAX)
}

fn is_name(name: &str, bytes_max: usize) -> bool {
    !is_blank(name) && name.len() <= bytes_max && !name.contains('\0')
}

/// Whose token it is that a request carries, and that it names no other tenant.
pub(crate) async fn caller_of(
    verifier: &Verifier,
    headers: &HeaderMap,
    network: IpAddr,
) -> Result<Caller, ApiError> {
    let token = bearer(headers)?;
    let caller = verifier.verify(token, network).await.map_err(refusal)?;
    let mut named = headers.get_all(TENANT_HEADER).iter();
    if named.any(|tenant| tenant.as_bytes() != caller.tenant_id.as_bytes()) {
        return Err(ApiError::OtherTenant);
    }
    Ok(caller)
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(ApiError::Unauthenticated(TokenRefusal::Missing));
    };
    let credentials = value.to_str().ok().and_then(|text| text.split_once(' '));
    match credentials {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() =>
        {
            Ok(token.trim())
        }
        _ => Err(ApiError::Unauthenticated(TokenRefusal::Invalid)),
    }
}

fn refusal(refusal: Refusal) -> ApiError {
    // The reason helps whoever configures the gateway; it holds nothing of the token.
    tracing::debug!(reason = %refusal, "token refused");
    match refusal {
        Refusal::Expired => ApiError::Unauthenticated(TokenRefusal::Expired),
        Refusal::NoKeys(error) => ApiError::Unavailable(Outage::SigningKeys(error.map(Into::into))),
        Refusal::Token(_) | Refusal::Critical | Refusal::UnknownKey | Refusal::Claim(_) => {
            ApiError::Unauthenticated(TokenRefusal::Invalid)
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| ApiError::fault("a route that needs a caller is not behind auth"))
    }
}
