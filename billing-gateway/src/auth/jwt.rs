//! JSON web tokens: one algorithm and one claim for each fact, all from configuration.

use std::net::IpAddr;
use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::claims::Claims;
use super::jwks::{Jwks, JwksError};
use super::settings::{AdminClaim, JwtConfig, JwtKeys, TenantSource};
use super::{Caller, ContactClaims};

/// What clocks may differ by.
const LEEWAY_SECS: u64 = 30;

/// Verifies tokens and reads their callers.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: Keys,
    validation: Validation,
    user_claim: String,
    tenant: TenantSource,
    admin: Option<AdminClaim>,
    contact: ContactClaims,
}

enum Keys {
    Secret(DecodingKey),
    Jwks(Arc<Jwks>),
}

/// Why a token was not accepted, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the token has expired")]
    Expired,
    #[error("{0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("the token has critical headers that are not understood")]
    Critical,
    #[error("no key has the token's key id")]
    UnknownKey,
    #[error("the claim `{0}` does not name anybody")]
    Claim(String),
    #[error("the signing keys could not be fetched")]
    NoKeys(#[source] Option<JwksError>),
}

impl Verifier {
    /// Fetches nothing yet; fails where no HTTP client can be made.
    pub(crate) fn new(config: &JwtConfig) -> Result<Self, JwksError> {
        let (keys, algorithm) = match &config.keys {
            JwtKeys::Secret(secret) => {
                let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
                (Keys::Secret(key), Algorithm::HS256)
            }
            JwtKeys::Jwks { url, algorithm } => {
                let jwks = Jwks::new(url.clone(), *algorithm)?;
                (Keys::Jwks(Arc::new(jwks)), *algorithm)
            }
        };
        Ok(Self {
            keys,
            validation: validation(config, algorithm),
            user_claim: config.user_claim.clone(),
            tenant: config.tenant.clone(),
            admin: config.admin.clone(),
            contact: config.contact.clone(),
        })
    }

    /// The keys that want to be kept fresh, where they are fetched.
    pub(crate) fn jwks(&self) -> Option<&Arc<Jwks>> {
        match &self.keys {
            Keys::Secret(_) => None,
            Keys::Jwks(jwks) => Some(jwks),
        }
    }

    /// `network` is whence the token came.
    pub(crate) async fn verify(&self, token: &str, network: IpAddr) -> Result<Caller, Refusal> {
        let header = decode_header(token)?;
        // Before any key is looked up, so that a token of another kind fetches nothing.
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(jsonwebtoken::errors::Error::from(ErrorKind::InvalidAlgorithm).into());
        }
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let claims = match &self.keys {
            Keys::Secret(key) => self.claims(token, key)?,
            Keys::Jwks(jwks) => {
                let kid = header.kid.as_deref();
                self.claims_by(jwks, token, kid, network).await?
            }
        };
        self.caller(&claims)
    }

    async fn claims_by(
        &self,
        jwks: &Arc<Jwks>,
        token: &str,
        kid: Option<&str>,
        network: IpAddr,
    ) -> Result<Claims, Refusal> {
        let found = jwks.find(kid, network).await?;
        let claims = self.claims(token, &found.key);
        let Err(Refusal::Token(error)) = &claims else {
            return claims;
        };
        if !matches!(error.kind(), ErrorKind::InvalidSignature) {
            return claims;
        }
        // The provider may have put another key under the id.
        match jwks.replacement(kid, &found, network).await {
            Ok(newer) => self.claims(token, &newer.key),
            Err(_none) => claims,
        }
    }

    fn claims(&self, token: &str, key: &DecodingKey) -> Result<Claims, Refusal> {
        match decode(token, key, &self.validation) {
            Ok(decoded) => Ok(decoded.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => Refusal::Expired,
                _ => Refusal::Token(error),
            }),
        }
    }

    fn caller(&self, claims: &Claims) -> Result<Caller, Refusal> {
        let tenant_id = match &self.tenant {
            TenantSource::Fixed(tenant) => tenant.clone(),
            TenantSource::Claim(claim) => name(claims, claim)?,
        };
        let user_id = name(claims, &self.user_claim)?;
        let administrator = self.admin.as_ref().is_some_and(|admin| admin.is_in(claims));
        let contact = self.contact.read(claims);
        Caller::new(tenant_id, user_id, administrator, contact)
            .ok_or_else(|| Refusal::Claim(self.user_claim.clone()))
    }
}

impl AdminClaim {
    /// Whether the claim is the value, or a list that holds it.
    fn is_in(&self, claims: &Claims) -> bool {
        let is_value = |claim: &Value| match claim {
            Value::String(text) => *text == self.value,
            // The value's text is read as JSON: `true` or `7`.
            Value::Bool(_) | Value::Number(_) => {
                serde_json::from_str::<Value>(&self.value).is_ok_and(|value| value == *claim)
            }
            _ => false,
        };
        match claims.get(&self.claim) {
            Some(Ok(Value::Array(list))) => list.iter().any(is_value),
            Some(Ok(claim)) => is_value(&claim),
            Some(Err(_)) | None => false,
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Jwks(_) => "Jwks",
        })
    }
}

fn validation(config: &JwtConfig, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECS;
    validation.validate_nbf = true;
    let mut required = vec!["exp"];
    if let Some(issuer) = &config.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    match &config.audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        // Else a token with any audience would be refused.
        None => validation.validate_aud = false,
    }
    validation.set_required_spec_claims(&required);
    validation
}

/// A string as it stands, an integer in decimal digits; anything else names nobody.
fn name(claims: &Claims, claim: &str) -> Result<String, Refusal> {
    match claims.get(claim) {
        Some(Ok(Value::String(name))) => Ok(name),
        Some(Ok(Value::Number(number))) if number.is_i64() || number.is_u64() => {
            Ok(number.to_string())
        }
        _ => Err(Refusal::Claim(claim.to_owned())),
    }
}

#[cfg(test)]
mod tests;
