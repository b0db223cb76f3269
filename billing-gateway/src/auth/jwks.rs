//! Public keys from an identity provider: one fixed URL, bounded in time and size.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Refusal;

const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Whoever sends tokens with made-up key ids makes us ask this often and no more.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_mins(1);
/// While there are no keys at all, nobody can sign in; so sooner.
const NO_KEYS_PAUSE: Duration = Duration::from_secs(5);
/// A key that the provider has withdrawn is accepted for at most this long.
const REFRESH_PERIOD: Duration = Duration::from_mins(10);

/// 2048 bits in base64url. Shorter moduli have been factored or soon will be.
const MODULUS_CHARS_MIN: usize = 342;

/// The keys of one identity provider, for one algorithm.
#[derive(Debug)]
pub(crate) struct Jwks {
    client: Client,
    url: Url,
    algorithm: Algorithm,
    keys: RwLock<Option<Arc<KeySet>>>,
    attempts: Mutex<Attempts>,
}

/// By key id; keys without an id have none.
type KeySet = HashMap<Option<String>, DecodingKey>;

#[derive(Debug, Default)]
struct Attempts {
    for_unknown_key: Option<Instant>,
    without_success: Option<Instant>,
}

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    #[error("the JWKS URL did not answer with keys")]
    Fetch(#[from] reqwest::Error),
    #[error("the JWKS URL answered with status {0}")]
    Status(u16),
    #[error("the JWKS is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the JWKS is not valid")]
    Malformed(#[from] serde_json::Error),
    #[error("the JWKS has no key for the configured algorithm")]
    Empty,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl Jwks {
    pub(crate) fn new(url: Url, algorithm: Algorithm) -> Result<Self, JwksError> {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(FETCH_TIMEOUT)
            .build()?;
        Ok(Self {
            client,
            url,
            algorithm,
            keys: RwLock::default(),
            attempts: Mutex::default(),
        })
    }

    /// The key with this id. A token without an id is verified with the only key, if there is
    /// only one. An unknown id may be new: the keys are fetched again, at most once a minute.
    pub(crate) async fn find(self: &Arc<Self>, kid: Option<&str>) -> Result<DecodingKey, Refusal> {
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        let this = Arc::clone(self);
        let kid = kid.map(str::to_owned);
        // On its own, so that a client that goes away does not break off what others wait for.
        tokio::spawn(async move { this.find_anew(kid.as_deref()).await })
            .await
            .unwrap_or(Err(Refusal::NoKeys(None)))
    }

    /// Fetches the keys now and then until `shutdown`; old ones stay where that fails.
    pub(crate) async fn keep_fresh(self: Arc<Self>, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(REFRESH_PERIOD);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.fetch().await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "signing keys not refreshed");
            }
        }
    }

    async fn find_anew(&self, kid: Option<&str>) -> Result<DecodingKey, Refusal> {
        let mut attempts = self.attempts.lock().await;
        // Who waited for the lock waited for a fetch.
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        let recent = |at: Option<Instant>, pause| at.is_some_and(|at| at.elapsed() < pause);
        if self.current().is_some() {
            if recent(attempts.for_unknown_key, UNKNOWN_KEY_PAUSE) {
                return Err(Refusal::UnknownKey);
            }
            attempts.for_unknown_key = Some(Instant::now());
        } else if recent(attempts.without_success, NO_KEYS_PAUSE) {
            return Err(Refusal::NoKeys(None));
        }
        if let Err(error) = self.fetch().await {
            attempts.without_success = Some(Instant::now());
            return Err(Refusal::NoKeys(Some(error)));
        }
        self.known(kid).ok_or(Refusal::UnknownKey)
    }

    fn known(&self, kid: Option<&str>) -> Option<DecodingKey> {
        let keys = self.current()?;
        let key = match kid {
            Some(kid) => keys.get(&Some(kid.to_owned()))?,
            None if keys.len() == 1 => keys.values().next()?,
            None => return None,
        };
        Some(key.clone())
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn fetch(&self) -> Result<(), JwksError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if !response.status().is_success() {
            return Err(JwksError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(JwksError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let keys = usable(&body, self.algorithm)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keys));
        Ok(())
    }
}

/// The keys for `algorithm`; others, also of kinds that are not known here, are passed over.
fn usable(body: &[u8], algorithm: Algorithm) -> Result<KeySet, JwksError> {
    let document: Document = serde_json::from_slice(body)?;
    let keys: KeySet = document
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
        .filter(|key| verifies(key, algorithm))
        .filter_map(|key| Some((key.common.key_id.clone(), DecodingKey::from_jwk(&key).ok()?)))
        .collect();
    if keys.is_empty() {
        return Err(JwksError::Empty);
    }
    Ok(keys)
}

fn verifies(key: &Jwk, algorithm: Algorithm) -> bool {
    let common = &key.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return false;
    }
    let named = common.key_algorithm.map(|named| named.to_string());
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return false;
    }
    match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(rsa), Algorithm::RS256) => rsa.n.len() >= MODULUS_CHARS_MIN,
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES256) => {
            ec.curve == EllipticCurve::P256
        }
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => {
            pair.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}
