//! Who calls: a user, known by a JWT, or a service, known by an API key.

use axum::http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::config::{Config, ConfigError};

/// The longest user id that the billing core accepts.
const USER_ID_BYTES: usize = 255;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Pays for the call.
    User { user_id: String },
    /// One of our own services; not billed.
    Service,
}

/// The request carries no credential that we know. Which one failed, and why, is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid token or API key")]
pub struct Unauthenticated;

/// What callers are known by.
pub struct Credentials {
    jwt_key: DecodingKey,
    jwt_rules: Validation,
    /// SHA-256 of each key: of one length, so that comparing tells nothing about the keys.
    api_keys: Vec<[u8; 32]>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "userId")]
    user_id: String,
}

impl Credentials {
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        if config
            .api_keys
            .iter()
            .any(|key| key.expose_secret().contains('.'))
        {
            return Err(ConfigError::ApiKeyWithDot);
        }
        let jwt_secret = config.jwt_secret.expose_secret().as_bytes();
        let digest = |key: &secrecy::SecretString| Sha256::digest(key.expose_secret()).into();
        Ok(Self {
            jwt_key: DecodingKey::from_secret(jwt_secret),
            // Pins the algorithm; `exp` is required and checked.
            jwt_rules: Validation::new(Algorithm::HS256),
            api_keys: config.api_keys.iter().map(digest).collect(),
        })
    }

    /// Reads `Authorization: Bearer …`. A bearer with two dots is a JWT, one without is a key.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Unauthenticated> {
        let bearer = bearer(headers).ok_or(Unauthenticated)?;
        match bearer.matches('.').count() {
            0 if self.knows_api_key(bearer) => Ok(Caller::Service),
            2 => self.user(bearer),
            _ => Err(Unauthenticated),
        }
    }

    fn user(&self, jwt: &str) -> Result<Caller, Unauthenticated> {
        let token = jsonwebtoken::decode::<Claims>(jwt, &self.jwt_key, &self.jwt_rules)
            .map_err(|_not_valid| Unauthenticated)?;
        let user_id = token.claims.user_id;
        if user_id.is_empty() || user_id.len() > USER_ID_BYTES || user_id.contains('\0') {
            return Err(Unauthenticated);
        }
        Ok(Caller::User { user_id })
    }

    /// Compares with every key, so that the time tells neither which one fits nor how far.
    fn knows_api_key(&self, key: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let equal = |known: &[u8; 32]| known.ct_eq(&digest);
        let none = subtle::Choice::from(0);
        self.api_keys
            .iter()
            .fold(none, |found, known| found | equal(known))
            .into()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// The one bearer of a request; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, bearer) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| bearer.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};
    use clap::Parser as _;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::{Value, json};

    use super::{Caller, Credentials, Unauthenticated};
    use crate::config::{Config, ConfigError};

    const SECRET: &str = "a secret for this test only";

    fn credentials(api_keys: &str) -> Result<Credentials, ConfigError> {
        let keys = format!("--api-keys={api_keys}");
        let secret = format!("--jwt-secret={SECRET}");
        let fixed = ["tool-backend", "--tools-token=t", "--tenant=t"];
        Credentials::new(&Config::parse_from(
            fixed.into_iter().chain([keys.as_str(), secret.as_str()]),
        ))
    }

    fn jwt(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn calls(bearer: &str) -> Result<Caller, Unauthenticated> {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {bearer}");
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::try_from(bearer).unwrap(),
        );
        credentials("key-one,key-two").unwrap().caller(&headers)
    }

    #[test]
    fn a_user_is_known_by_the_user_id_of_a_token_that_is_valid_now() {
        let exp = get_current_timestamp() + 60;
        let user_id = "0b5f1b62-4f0a-4f0e-9d5a-0c0b7a1f2a11";
        let good = json!({"userId": user_id, "email": "a@b.test", "exp": exp});
        assert_eq!(
            calls(&jwt(Algorithm::HS256, SECRET, &good)),
            Ok(Caller::User {
                user_id: user_id.to_owned()
            })
        );
        for (algorithm, secret, claims) in [
            (Algorithm::HS256, "another secret", good.clone()),
            (Algorithm::HS512, SECRET, good.clone()),
            (Algorithm::HS256, SECRET, json!({"userId": user_id})),
            (
                Algorithm::HS256,
                SECRET,
                json!({"userId": user_id, "exp": exp - 3600}),
            ),
            (Algorithm::HS256, SECRET, json!({"id": user_id, "exp": exp})),
            (Algorithm::HS256, SECRET, json!({"userId": "", "exp": exp})),
            (Algorithm::HS256, SECRET, json!({"userId": 7, "exp": exp})),
            (
                Algorithm::HS256,
                SECRET,
                json!({"userId": "u".repeat(256), "exp": exp}),
            ),
        ] {
            let token = jwt(algorithm, secret, &claims);
            assert_eq!(
                calls(&token),
                Err(Unauthenticated),
                "{algorithm:?} {claims}"
            );
        }
        // {"alg":"none"}, unsigned.
        let claims = jwt(Algorithm::HS256, SECRET, &good);
        let claims = claims.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
        assert_eq!(calls(&unsigned), Err(Unauthenticated));
    }

    #[test]
    fn a_service_is_known_by_any_of_its_keys() {
        assert_eq!(calls("key-one"), Ok(Caller::Service));
        assert_eq!(calls("key-two"), Ok(Caller::Service));
        for bearer in ["key-three", "key", "key-one2", "key-one.", "", "."] {
            assert_eq!(calls(bearer), Err(Unauthenticated), "{bearer}");
        }
        let none = credentials("k").unwrap().caller(&HeaderMap::new());
        assert_eq!(none, Err(Unauthenticated));
    }

    #[test]
    fn a_key_that_could_be_taken_for_a_token_is_refused_at_the_start() {
        assert!(matches!(
            credentials("a.b.c"),
            Err(ConfigError::ApiKeyWithDot)
        ));
    }
}
