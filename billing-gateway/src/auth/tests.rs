//! Tokens verified with keys that an identity provider on loopback serves.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::settings::{JwtConfig, JwtKeys, TenantSource};
use super::{Caller, ContactClaims, Refusal, Verifier};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// An identity provider: one document at a time, and how often it was asked.
#[derive(Clone, Default)]
struct Provider {
    document: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn serves(&self, keys: &[Jwk]) {
        *self.document.lock().unwrap() = json!({ "keys": keys }).to_string();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn verifier(&self, algorithm: Algorithm) -> Verifier {
        let (document, asked) = (Arc::clone(&self.document), Arc::clone(&self.asked));
        verifier_of(algorithm, move || {
            asked.fetch_add(1, Ordering::SeqCst);
            document.lock().unwrap().clone().into_response()
        })
        .await
    }
}

async fn verifier_of<F>(algorithm: Algorithm, answer: F) -> Verifier
where
    F: Fn() -> Response + Clone + Send + Sync + 'static,
{
    // Only the first test of the process succeeds in this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let elsewhere = answer.clone();
    let app = Router::new()
        .route("/keys", get(async move || answer()))
        .route("/moved", get(async move || elsewhere()));
    tokio::spawn(axum::serve(listener, app).into_future());
    Verifier::new(&JwtConfig {
        keys: JwtKeys::Jwks {
            url: url.parse().unwrap(),
            algorithm,
        },
        issuer: None,
        audience: None,
        user_claim: "sub".to_owned(),
        tenant: TenantSource::Fixed("demo".to_owned()),
        public_tenant: None,
        admin: None,
        contact: ContactClaims::default(),
    })
    .unwrap()
}

fn private_key(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::RS256 => {
            EncodingKey::from_rsa_pem(include_bytes!("../../tests/keys/rs256.pem")).unwrap()
        }
        Algorithm::ES256 => {
            EncodingKey::from_ec_pem(include_bytes!("../../tests/keys/es256.pem")).unwrap()
        }
        Algorithm::EdDSA => {
            EncodingKey::from_ed_pem(include_bytes!("../../tests/keys/eddsa.pem")).unwrap()
        }
        other => panic!("there is no key for {other:?}"),
    }
}

fn public_key(algorithm: Algorithm, kid: &str) -> Jwk {
    let mut key = Jwk::from_encoding_key(&private_key(algorithm), algorithm).unwrap();
    key.common.key_id = Some(kid.to_owned());
    key
}

fn token(algorithm: Algorithm, kid: Option<&str>) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    signed(&header, &private_key(algorithm))
}

fn signed(header: &Header, key: &EncodingKey) -> String {
    let claims = json!({"sub": "u", "exp": get_current_timestamp() + 60});
    encode(header, &claims, key).unwrap()
}

fn is_accepted(verified: &Result<Caller, Refusal>) -> bool {
    verified
        .as_ref()
        .is_ok_and(|caller| caller.user_id() == "u")
}

#[tokio::test]
async fn each_supported_algorithm_is_verified_with_the_served_keys() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let provider = Provider::default();
        // Keys of the other kinds beside it disturb nobody.
        provider.serves(&[
            public_key(Algorithm::RS256, "rs"),
            public_key(Algorithm::ES256, "es"),
            public_key(Algorithm::EdDSA, "ed"),
        ]);
        let verifier = provider.verifier(algorithm).await;
        let kid = match algorithm {
            Algorithm::RS256 => "rs",
            Algorithm::ES256 => "es",
            _ => "ed",
        };
        let named = verifier.verify(&token(algorithm, Some(kid)), HERE).await;
        assert!(is_accepted(&named), "{algorithm:?}: {named:?}");
        let unnamed = verifier.verify(&token(algorithm, None), HERE).await;
        assert!(is_accepted(&unnamed), "{algorithm:?}: {unnamed:?}");
        assert_eq!(provider.asked(), 1);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_read_disturbs_no_other() {
    let provider = Provider::default();
    provider.serves(&[public_key(Algorithm::ES256, "es")]);
    {
        let mut document = provider.document.lock().unwrap();
        let odd = r#""keys":[7,{"kid":"\ud800"},{"kty":"new"},"#;
        *document = format!("\u{feff}{}", document.replace(r#""keys":["#, odd));
    }
    let verifier = provider.verifier(Algorithm::ES256).await;
    let token = token(Algorithm::ES256, Some("es"));
    let named = verifier.verify(&token, HERE).await;
    assert!(is_accepted(&named), "{named:?}");
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    let provider = Provider::default();
    let key = public_key(Algorithm::RS256, "a");
    provider.serves(std::slice::from_ref(&key));
    let verifier = provider.verifier(Algorithm::RS256).await;
    let AlgorithmParameters::RSA(rsa) = &key.algorithm else {
        panic!("an RSA key");
    };
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("a".to_owned());
    let forged = signed(&header, &EncodingKey::from_secret(rsa.n.as_bytes()));
    assert!(matches!(
        verifier.verify(&forged, HERE).await,
        Err(Refusal::Token(_))
    ));
    let other_kind = token(Algorithm::EdDSA, Some("a"));
    assert!(matches!(
        verifier.verify(&other_kind, HERE).await,
        Err(Refusal::Token(_))
    ));
    assert_eq!(provider.asked(), 0);
}

/// A verifier that knows the key `old`, of a provider that serves it.
async fn knows_old(provider: &Provider) -> Arc<Verifier> {
    provider.serves(&[public_key(Algorithm::RS256, "old")]);
    let verifier = Arc::new(provider.verifier(Algorithm::RS256).await);
    let old = token(Algorithm::RS256, Some("old"));
    assert!(is_accepted(&verifier.verify(&old, HERE).await));
    assert_eq!(provider.asked(), 1);
    verifier
}

/// Tokens of these, all at once.
async fn verified(
    verifier: &Arc<Verifier>,
    tokens: Vec<String>,
    network: IpAddr,
) -> Vec<Result<Caller, Refusal>> {
    let mut callers = JoinSet::new();
    for token in tokens {
        let verifier = Arc::clone(verifier);
        callers.spawn(async move { verifier.verify(&token, network).await });
    }
    callers.join_all().await
}

fn made_up(number: usize) -> Vec<String> {
    let kids = (0..number).map(|kid| format!("made-up-{kid}"));
    kids.map(|kid| token(Algorithm::RS256, Some(&kid)))
        .collect()
}

#[tokio::test]
async fn all_who_come_with_a_new_key_at_once_share_one_fetch() {
    let provider = Provider::default();
    let verifier = knows_old(&provider).await;
    provider.serves(&[public_key(Algorithm::RS256, "new")]);
    let new = vec![token(Algorithm::RS256, Some("new")); 20];
    let all = verified(&verifier, new, HERE).await;
    assert!(all.iter().all(is_accepted), "{all:?}");
    assert_eq!(provider.asked(), 2);
    let old = token(Algorithm::RS256, Some("old"));
    let refused = verifier.verify(&old, HERE).await;
    assert!(matches!(refused, Err(Refusal::UnknownKey)), "{refused:?}");
}

#[tokio::test]
async fn made_up_key_ids_fetch_little_and_delay_no_new_key_of_others() {
    let provider = Provider::default();
    let verifier = knows_old(&provider).await;
    let attacked = Instant::now();
    let mut fetched = provider.asked();
    // Each crowd shares a fetch, until their network may cause no more.
    for _ in 0..10 {
        for refused in verified(&verifier, made_up(20), ELSEWHERE).await {
            assert!(matches!(refused, Err(Refusal::UnknownKey)), "{refused:?}");
        }
        fetched = provider.asked() - 1;
    }
    let few = 6 + usize::try_from(attacked.elapsed().as_secs() / 10).unwrap();
    assert!(fetched <= few, "{fetched}");

    provider.serves(&[public_key(Algorithm::RS256, "new")]);
    let rotated = Instant::now();
    let (new, _) = tokio::join!(
        verified(&verifier, vec![token(Algorithm::RS256, Some("new"))], HERE),
        verified(&verifier, made_up(20), ELSEWHERE),
    );
    assert!(is_accepted(&new[0]), "{:?}", new[0]);
    assert!(rotated.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn another_key_under_a_known_id_is_fetched_once_a_signature_fails() {
    let provider = Provider::default();
    let mut replaced = public_key(Algorithm::RS256, "a");
    if let AlgorithmParameters::RSA(rsa) = &mut replaced.algorithm {
        // Some other modulus.
        rsa.n.replace_range(10..14, "AAAA");
    }
    provider.serves(std::slice::from_ref(&replaced));
    let verifier = Arc::new(provider.verifier(Algorithm::RS256).await);
    let good = token(Algorithm::RS256, Some("a"));
    let refused = verifier.verify(&good, ELSEWHERE).await;
    assert!(matches!(refused, Err(Refusal::Token(_))), "{refused:?}");

    provider.serves(&[public_key(Algorithm::RS256, "a")]);
    let before = provider.asked();
    let all = verified(&verifier, vec![good; 20], HERE).await;
    assert!(all.iter().all(is_accepted), "{all:?}");
    assert_eq!(provider.asked(), before + 1);
    // Forged ones are bounded as made-up ids are.
    let (head_and_claims, _) = token(Algorithm::RS256, Some("a"))
        .rsplit_once('.')
        .map(|(text, signature)| (text.to_owned(), signature.to_owned()))
        .unwrap();
    let forged = format!("{head_and_claims}.{}", "A".repeat(342));
    for _ in 0..10 {
        for refused in verified(&verifier, vec![forged.clone(); 5], ELSEWHERE).await {
            assert!(matches!(refused, Err(Refusal::Token(_))), "{refused:?}");
        }
    }
    assert!(provider.asked() <= before + 1 + 6, "{}", provider.asked());
}

#[tokio::test]
async fn a_provider_that_does_not_serve_keys_is_an_outage_and_not_a_bad_token() {
    let token = token(Algorithm::RS256, Some("a"));
    let large = || " ".repeat(70_000).into_response();
    let moved = || Redirect::temporary("/moved").into_response();
    let broken = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let empty = || r#"{"keys": []}"#.into_response();
    let answers: [fn() -> Response; 4] = [large, moved, broken, empty];
    for answer in answers {
        let verifier = verifier_of(Algorithm::RS256, answer).await;
        let refused = verifier.verify(&token, HERE).await;
        assert!(
            matches!(refused, Err(Refusal::NoKeys(Some(_)))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_too_short_or_not_for_signing_is_passed_over() {
    let mut short = public_key(Algorithm::RS256, "short");
    if let AlgorithmParameters::RSA(rsa) = &mut short.algorithm {
        rsa.n.truncate(171);
    }
    let mut encrypts = public_key(Algorithm::RS256, "enc");
    encrypts.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    let provider = Provider::default();
    provider.serves(&[short, encrypts, public_key(Algorithm::RS256, "good")]);
    let verifier = provider.verifier(Algorithm::RS256).await;
    for kid in ["short", "enc"] {
        let refused = verifier
            .verify(&token(Algorithm::RS256, Some(kid)), HERE)
            .await;
        assert!(matches!(refused, Err(Refusal::UnknownKey)), "{refused:?}");
    }
    assert!(is_accepted(
        &verifier
            .verify(&token(Algorithm::RS256, Some("good")), HERE)
            .await
    ));
}
