//! Tokens that are accepted and refused, by a shared secret.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Refusal, Verifier};
use crate::auth::settings::{AdminClaim, JwtConfig, JwtKeys, TenantSource};
use crate::auth::{Caller, ContactClaims};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config() -> JwtConfig {
    JwtConfig {
        keys: JwtKeys::Secret(SECRET.into()),
        issuer: None,
        audience: None,
        user_claim: "userId".to_owned(),
        tenant: TenantSource::Fixed("demo".to_owned()),
        public_tenant: None,
        admin: None,
        contact: ContactClaims::default(),
    }
}

async fn verified(config: &JwtConfig, token: &str) -> Result<Caller, Refusal> {
    let verifier = Verifier::new(config).unwrap();
    verifier.verify(token, [192, 0, 2, 1].into()).await
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
        json!(" "),
        json!("\u{200b}"),
    ] {
        let token = token(&json!({"userId": user, "sub": "other", "exp": in_secs(60)}));
        let refused = verified(&config(), &token).await.unwrap_err();
        assert!(matches!(refused, Refusal::Claim(_)), "{user}: {refused}");
    }
}

#[tokio::test]
async fn no_claim_that_nobody_needs_makes_a_token_unread() {
    let config = JwtConfig {
        contact: ContactClaims {
            email: Some("email".to_owned()),
            name: Some("name".to_owned()),
        },
        ..config()
    };
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for odd in [
        // A name that was cut within a letter.
        r#""name": "Olena \ud83d""#.to_owned(),
        r#""picture": "\ud800", "scale": 1e999"#.to_owned(),
        format!(r#""groups": {nested}"#),
    ] {
        let with = |user: &str| {
            let ends = in_secs(60);
            let claims =
                format!(r#"{{"userId": {user}, "exp": {ends}, "email": "a@b.example", {odd}}}"#);
            let key = EncodingKey::from_secret(SECRET.as_bytes());
            let claims = RawValue::from_string(claims).unwrap();
            encode(&Header::default(), &claims, &key).unwrap()
        };
        let caller = verified(&config, &with(r#""u""#)).await.unwrap();
        let reached = caller.contact().unwrap();
        let (email, name) = (reached.email.as_str(), reached.name.as_str());
        assert_eq!((caller.user_id(), email, name), ("u", "a@b.example", ""));
        // One that is needed is read, or names nobody.
        let nobody = verified(&config, &with(r#""\ud800""#)).await.unwrap_err();
        assert!(matches!(nobody, Refusal::Claim(_)), "{nobody}");
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

#[tokio::test]
async fn only_the_configured_claim_and_value_make_an_administrator() {
    let with_admin = JwtConfig {
        admin: Some(AdminClaim {
            claim: "role".to_owned(),
            value: "admin".to_owned(),
        }),
        ..config()
    };
    for (role, expected) in [
        (json!("admin"), true),
        (json!(["user", "admin"]), true),
        (json!("administrator"), false),
        (json!(["user"]), false),
        (json!({"admin": true}), false),
        (Value::Null, false),
    ] {
        let token = token(&json!({"userId": "u", "role": role, "exp": in_secs(60)}));
        let caller = verified(&with_admin, &token).await.unwrap();
        assert_eq!(caller.administered().is_ok(), expected, "{role}");
        let caller = verified(&config(), &token).await.unwrap();
        assert!(caller.administered().is_err(), "{role}");
    }
}
