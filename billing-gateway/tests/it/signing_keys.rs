//! Keys of an identity provider that is away when the gateway starts.

use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Json, Router};
use billing_gateway::config::JwtKeys;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::json;
use tokio::net::TcpListener;

use crate::gateway::{Gateway, config, nobody, sent};

const KEY: &[u8] = include_bytes!("../keys/es256.pem");

#[tokio::test]
async fn without_signing_keys_it_is_not_ready_and_with_them_it_is_by_itself() {
    let url = nobody().await;
    let mut config = config(&nobody().await, "unused", &[]);
    config.jwt.keys = JwtKeys::Jwks {
        url: format!("{url}/keys").parse().unwrap(),
        algorithm: Algorithm::ES256,
    };
    let gateway = Gateway::start(config).await;
    let key = EncodingKey::from_ec_pem(KEY).unwrap();
    let claims = json!({"userId": "u", "exp": get_current_timestamp() + 600});
    let token = encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap();
    // Refused for its query once the token is accepted.
    let ask = || {
        sent(
            gateway
                .get("/api/billing/history?limit=0")
                .bearer_auth(&token),
        )
    };
    assert_eq!(ask().await.status(), 503);
    assert_eq!(sent(gateway.get("/ready")).await.status(), 503);
    assert!(!gateway.readiness.is_ready());

    let address = url.trim_start_matches("http://");
    let provider = TcpListener::bind(address).await.unwrap();
    let keys = JwkSet {
        keys: vec![Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap()],
    };
    let document = Router::new().route("/keys", get(async move || Json(keys)));
    tokio::spawn(axum::serve(provider, document).into_future());
    let since = Instant::now();
    while !gateway.readiness.is_ready() {
        assert!(since.elapsed() < Duration::from_secs(20), "not ready");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ask().await.status(), 400);
}
