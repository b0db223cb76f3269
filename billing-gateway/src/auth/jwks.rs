//! Public keys from an identity provider: one fixed URL, bounded in time and size.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, SetOnce};
use tokio_util::sync::CancellationToken;

use super::Refusal;
use crate::rate_limit::RateLimit;
use crate::wire::{self, Object};

const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The keys are fetched for tokens no more often than this: who comes in between waits for the next
/// fetch, and shares it.
const FETCH_PAUSE: Duration = Duration::from_millis(500);
/// So often in a minute may the tokens of one network make us fetch.
const FETCHES_PER_NETWORK: NonZeroU32 = NonZeroU32::new(6).unwrap();
/// While there are no keys at all, nobody can sign in.
const NO_KEYS_PAUSE: Duration = Duration::from_secs(2);
/// After a refresh that failed, while old keys are there.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
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
    /// Set with the first keys.
    has_keys: SetOnce<()>,
    /// The last fetch; locked while one is under way.
    last: Mutex<Option<Fetch>>,
    budget: RateLimit<IpAddr>,
}

#[derive(Debug)]
struct KeySet {
    /// Keys without an id have none.
    by_id: HashMap<Option<String>, DecodingKey>,
    /// How many sets were fetched before.
    generation: u64,
}

#[derive(Debug)]
struct Fetch {
    began: Instant,
    failed: bool,
}

/// A key, and of which set.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: DecodingKey,
    generation: u64,
}

/// Whose key is looked for, and for whom.
#[derive(Debug)]
struct Search {
    kid: Option<String>,
    /// Only a key of a later set will do.
    later_than: Option<u64>,
    network: IpAddr,
    began: Instant,
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
    keys: Vec<Box<RawValue>>,
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
            has_keys: SetOnce::new(),
            last: Mutex::default(),
            budget: RateLimit::new("signing-keys", FETCHES_PER_NETWORK),
        })
    }

    /// The key with this id. A token without an id is verified with the only key, if there is
    /// only one. An unknown id may be new: then the keys are fetched again, which `network`, whence
    /// the token came, may cause a few times a minute.
    pub(super) async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
        network: IpAddr,
    ) -> Result<Found, Refusal> {
        match self.known(kid) {
            Some(found) => Ok(found),
            None => self.search(kid, None, network).await,
        }
    }

    /// What has taken the place of a key under its id, where something has; within the same bounds.
    pub(super) async fn replacement(
        self: &Arc<Self>,
        kid: Option<&str>,
        old: &Found,
        network: IpAddr,
    ) -> Result<Found, Refusal> {
        self.search(kid, Some(old.generation), network).await
    }

    /// How many keys there are that can be used, asked anew.
    pub(crate) async fn count(&self) -> Result<usize, JwksError> {
        Ok(self.fetched().await?.len())
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.has_keys.initialized()
    }

    /// Waits until there are keys.
    pub(crate) async fn first_keys(&self) {
        self.has_keys.wait().await;
    }

    /// Fetches the keys now and then until `shutdown`; old ones stay where that fails.
    pub(crate) async fn keep_fresh(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let fetched = {
                let mut last = self.last.lock().await;
                self.fetch(&mut last).await
            };
            let pause = match fetched {
                Ok(()) => REFRESH_PERIOD,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "signing keys not refreshed");
                    let any = self.has_keys();
                    if any { RETRY_PAUSE } else { NO_KEYS_PAUSE }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn search(
        self: &Arc<Self>,
        kid: Option<&str>,
        later_than: Option<u64>,
        network: IpAddr,
    ) -> Result<Found, Refusal> {
        let search = Search {
            kid: kid.map(str::to_owned),
            later_than,
            network,
            began: Instant::now(),
        };
        let this = Arc::clone(self);
        // On its own, so that a client that goes away does not break off what others wait for.
        tokio::spawn(async move { this.find_anew(&search).await })
            .await
            .unwrap_or(Err(Refusal::NoKeys(None)))
    }

    async fn find_anew(&self, search: &Search) -> Result<Found, Refusal> {
        let mut last = self.last.lock().await;
        // Who waited for the lock waited for a fetch.
        if let Some(found) = self.fitting(search) {
            return Ok(found);
        }
        if let Some(fetch) = &*last {
            if fetch.began >= search.began {
                return Err(if fetch.failed {
                    Refusal::NoKeys(None)
                } else {
                    Refusal::UnknownKey
                });
            }
            let spent = self.current().is_some() && self.budget.count(search.network).refused;
            if spent {
                return Err(Refusal::UnknownKey);
            }
            tokio::time::sleep(FETCH_PAUSE.saturating_sub(fetch.began.elapsed())).await;
        }
        self.fetch(&mut last)
            .await
            .map_err(|error| Refusal::NoKeys(Some(error)))?;
        self.fitting(search).ok_or(Refusal::UnknownKey)
    }

    fn fitting(&self, search: &Search) -> Option<Found> {
        let found = self.known(search.kid.as_deref())?;
        let fits = search.later_than.is_none_or(|old| found.generation > old);
        fits.then_some(found)
    }

    fn known(&self, kid: Option<&str>) -> Option<Found> {
        let keys = self.current()?;
        let key = match kid {
            Some(kid) => keys.by_id.get(&Some(kid.to_owned()))?,
            None if keys.by_id.len() == 1 => keys.by_id.values().next()?,
            None => return None,
        };
        Some(Found {
            key: key.clone(),
            generation: keys.generation,
        })
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn fetch(&self, last: &mut Option<Fetch>) -> Result<(), JwksError> {
        let began = Instant::now();
        let fetched = self.fetched().await;
        *last = Some(Fetch {
            began,
            failed: fetched.is_err(),
        });
        let by_id = fetched?;
        let generation = self
            .current()
            .map_or(0, |old| old.generation.saturating_add(1));
        let keys = Arc::new(KeySet { by_id, generation });
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
        // Only the first time.
        let _ = self.has_keys.set(());
        Ok(())
    }

    async fn fetched(&self) -> Result<HashMap<Option<String>, DecodingKey>, JwksError> {
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
        usable(&body, self.algorithm)
    }
}

/// The keys for `algorithm`; others, also of kinds that are not known here, are passed over.
fn usable(
    body: &[u8],
    algorithm: Algorithm,
) -> Result<HashMap<Option<String>, DecodingKey>, JwksError> {
    let Object(document): Object<Document> = serde_json::from_slice(wire::unmarked(body))?;
    let keys: HashMap<_, _> = document
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_str::<Jwk>(key.get()).ok())
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
