//! JSON web tokens: one algorithm and one claim for each fact, all from configuration.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::Caller;
use super::jwks::{Jwks, JwksError};
use crate::config::{JwtConfig, JwtKeys, TenantSource};

/// What clocks may differ by.
const LEEWAY_SECS: u64 = 30;

/// Verifies tokens and reads their callers.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: Keys,
    validation: Validation,
    user_claim: String,
    tenant: TenantSource,
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
        })
    }

    /// The keys that want to be kept fresh, where they are fetched.
    pub(crate) fn jwks(&self) -> Option<&Arc<Jwks>> {
        match &self.keys {
            Keys::Secret(_) => None,
            Keys::Jwks(jwks) => Some(jwks),
        }
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        let header = decode_header(token)?;
        // Before any key is looked up, so that a token of another kind fetches nothing.
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(jsonwebtoken::errors::Error::from(ErrorKind::InvalidAlgorithm).into());
        }
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let fetched;
        let key = match &self.keys {
            Keys::Secret(key) => key,
            Keys::Jwks(jwks) => {
                fetched = jwks.find(header.kid.as_deref()).await?;
                &fetched
            }
        };
        let claims = decode::<Map<String, Value>>(token, key, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => Refusal::Expired,
                _ => Refusal::Token(error),
            })?
            .claims;
        self.caller(&claims)
    }

    fn caller(&self, claims: &Map<String, Value>) -> Result<Caller, Refusal> {
        let tenant_id = match &self.tenant {
            TenantSource::Fixed(tenant) => tenant.clone(),
            TenantSource::Claim(claim) => name(claims, claim)?,
        };
        let user_id = name(claims, &self.user_claim)?;
        Caller::new(tenant_id, user_id).ok_or_else(|| Refusal::Claim(self.user_claim.clone()))
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
fn name(claims: &Map<String, Value>, claim: &str) -> Result<String, Refusal> {
    match claims.get(claim) {
        Some(Value::String(name)) => Ok(name.clone()),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        _ => Err(Refusal::Claim(claim.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::{Value, json};

    use super::{Refusal, Verifier};
    use crate::auth::Caller;
    use crate::config::{JwtConfig, JwtKeys, TenantSource};

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn config() -> JwtConfig {
        JwtConfig {
            keys: JwtKeys::Secret(SECRET.into()),
            issuer: None,
            audience: None,
            user_claim: "userId".to_owned(),
            tenant: TenantSource::Fixed("demo".to_owned()),
        }
    }

    async fn verified(config: &JwtConfig, token: &str) -> Result<Caller, Refusal> {
        Verifier::new(config).unwrap().verify(token).await
    }

    fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn token(claims: &Value) -> String {
        signed(Algorithm::HS256, SECRET, claims)
    }

    fn in_secs(secs: u64) -> u64 {
        get_current_timestamp() + secs
    }

    #[tokio::test]
    async fn a_user_may_be_a_string_or_an_integer() {
        for (user, expected) in [(json!("7f0c"), "7f0c"), (json!(42), "42")] {
            let token = token(&json!({"userId": user, "exp": in_secs(60)}));
            assert_eq!(
                verified(&config(), &token).await.unwrap().user_id(),
                expected
            );
        }
        for user in [
            json!(1.5),
            json!(true),
            json!(null),
            json!(""),
            json!(["a"]),
            json!("\0"),
        ] {
            let token = token(&json!({"userId": user, "sub": "other", "exp": in_secs(60)}));
            let refused = verified(&config(), &token).await.unwrap_err();
            assert!(matches!(refused, Refusal::Claim(_)), "{user}: {refused}");
        }
    }

    #[tokio::test]
    async fn another_algorithm_than_the_configured_one_is_refused() {
        let claims = json!({"userId": "u", "exp": in_secs(60)});
        let hs512 = signed(Algorithm::HS512, SECRET, &claims);
        // {"alg":"none"} over the same claims, without a signature.
        let payload = token(&claims).split('.').nth(1).unwrap().to_owned();
        let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
        for refused in [hs512, none] {
            assert!(matches!(
                verified(&config(), &refused).await,
                Err(Refusal::Token(_))
            ));
        }
    }

    #[tokio::test]
    async fn another_secret_or_a_changed_payload_is_refused() {
        let claims = json!({"userId": "u", "exp": in_secs(60)});
        let foreign = signed(Algorithm::HS256, &SECRET.replace('0', "1"), &claims);
        let good = token(&claims);
        let other = token(&json!({"userId": "v", "exp": in_secs(60)}));
        let parts: Vec<_> = good.split('.').collect();
        let swapped = format!(
            "{}.{}.{}",
            parts[0],
            other.split('.').nth(1).unwrap(),
            parts[2]
        );
        for refused in [foreign, swapped, "x.y.z".to_owned(), String::new()] {
            assert!(matches!(
                verified(&config(), &refused).await,
                Err(Refusal::Token(_))
            ));
        }
    }

    #[tokio::test]
    async fn a_token_must_end_and_must_not_have_ended() {
        let endless = token(&json!({"userId": "u"}));
        assert!(matches!(
            verified(&config(), &endless).await,
            Err(Refusal::Token(_))
        ));
        let ended = token(&json!({"userId": "u", "exp": get_current_timestamp() - 3600}));
        assert!(matches!(
            verified(&config(), &ended).await,
            Err(Refusal::Expired)
        ));
        let early = token(&json!({"userId": "u", "exp": in_secs(7200), "nbf": in_secs(3600)}));
        assert!(matches!(
            verified(&config(), &early).await,
            Err(Refusal::Token(_))
        ));
    }

    #[tokio::test]
    async fn issuer_and_audience_are_checked_where_they_are_configured() {
        let strict = JwtConfig {
            issuer: Some("id.example".to_owned()),
            audience: Some("billing".to_owned()),
            ..config()
        };
        let with = |iss: Value, aud: Value| {
            token(&json!({"userId": "u", "exp": in_secs(60), "iss": iss, "aud": aud}))
        };
        let good = with(json!("id.example"), json!(["other", "billing"]));
        assert!(verified(&strict, &good).await.is_ok());
        for (iss, aud) in [
            (json!("id.evil"), json!("billing")),
            (json!("id.example"), json!("other")),
            (Value::Null, json!("billing")),
            (json!("id.example"), Value::Null),
        ] {
            let refused = verified(&strict, &with(iss, aud)).await;
            assert!(matches!(refused, Err(Refusal::Token(_))));
        }
        let anybodys = with(json!("id.evil"), json!("other"));
        assert!(verified(&config(), &anybodys).await.is_ok());
    }

    #[tokio::test]
    async fn a_configured_tenant_claim_is_required_and_nothing_stands_in_for_it() {
        let by_claim = JwtConfig {
            tenant: TenantSource::Claim("tenantId".to_owned()),
            ..config()
        };
        let with = token(&json!({"userId": "u", "tenantId": "acme", "exp": in_secs(60)}));
        let account = verified(&by_claim, &with).await.unwrap().account();
        assert_eq!(account.tenant_id, "acme");
        let without = token(&json!({"userId": "u", "exp": in_secs(60)}));
        assert!(matches!(
            verified(&by_claim, &without).await,
            Err(Refusal::Claim(_))
        ));
    }
}
