//! What the gateway starts with, and what not.

use clap::{Args, FromArgMatches};

use super::{Config, ConfigError, Settings};

const TOKEN: &str = "--core-token=core-token-of-the-gateway";
const SECRET: &str = "--jwt-secret=0123456789abcdef0123456789abcdef";
const TENANT: &str = "--default-tenant=demo";

/// A configuration that starts, with further `arguments`.
pub(crate) fn config(arguments: &[&str]) -> Config {
    checked(&[&[TOKEN, SECRET, TENANT], arguments].concat()).unwrap()
}

fn checked(arguments: &[&str]) -> Result<Config, ConfigError> {
    let command = Settings::augment_args(clap::Command::new("gateway"));
    let given = std::iter::once(&"gateway").chain(arguments);
    let matches = command.try_get_matches_from(given).unwrap();
    Config::try_from(Settings::from_arg_matches(&matches).unwrap())
}

#[test]
fn a_secret_that_is_blank_or_short_does_not_start() {
    let with_secret = |secret| checked(&[TOKEN, TENANT, secret]).unwrap_err();
    assert_eq!(
        with_secret("--jwt-secret="),
        ConfigError::Blank("JWT_SECRET")
    );
    assert_eq!(
        with_secret("--jwt-secret=   "),
        ConfigError::Blank("JWT_SECRET")
    );
    assert_eq!(
        with_secret("--jwt-secret=0123456789abcdef0123456789abcde"),
        ConfigError::ShortSecret
    );
    let padded = format!("--jwt-secret=short{}", " ".repeat(40));
    assert_eq!(
        checked(&[TOKEN, TENANT, &padded]).unwrap_err(),
        ConfigError::ShortSecret
    );
}

#[test]
fn no_debug_output_shows_a_secret() {
    let text = format!("{:?}", checked(&[TOKEN, SECRET, TENANT]).unwrap());
    assert!(!text.contains("0123456789abcdef"), "{text}");
    assert!(!text.contains("core-token-of"), "{text}");
}

#[test]
fn the_algorithm_is_pinned_to_the_kind_of_key() {
    let jwks = "--jwt-jwks-url=https://id.example.com/keys";
    let refused = |arguments: &[&str]| {
        let all = [&[TOKEN, TENANT], arguments].concat();
        checked(&all).unwrap_err()
    };
    let algorithm = |error| matches!(error, ConfigError::Algorithm { .. });
    assert!(algorithm(refused(&[SECRET, "--jwt-algorithm=RS256"])));
    assert!(algorithm(refused(&[jwks])));
    assert!(algorithm(refused(&[jwks, "--jwt-algorithm=HS256"])));
    assert!(algorithm(refused(&[jwks, "--jwt-algorithm=none"])));
    assert_eq!(refused(&[SECRET, jwks]), ConfigError::SecretOrJwks);
    assert_eq!(refused(&[]), ConfigError::SecretOrJwks);
    assert!(checked(&[TOKEN, TENANT, jwks, "--jwt-algorithm=EdDSA"]).is_ok());
}

#[test]
fn keys_are_fetched_over_https_or_from_loopback_only() {
    let with_url = |url: &str| {
        let url = format!("--jwt-jwks-url={url}");
        checked(&[TOKEN, TENANT, &url, "--jwt-algorithm=RS256"])
    };
    for url in [
        "http://127.0.0.1:1/k",
        "http://[::1]:1/k",
        "http://localhost/k",
    ] {
        assert!(with_url(url).is_ok(), "{url}");
    }
    for url in [
        "http://id.example.com/k",
        "http://127.0.0.1.example.com",
        "file:///k",
        "k",
    ] {
        assert_eq!(with_url(url).unwrap_err(), ConfigError::JwksUrl, "{url}");
    }
}

#[test]
fn a_tenant_must_come_from_exactly_one_place() {
    assert_eq!(
        checked(&[TOKEN, SECRET]).unwrap_err(),
        ConfigError::Missing("BILLING_DEFAULT_TENANT")
    );
    assert!(checked(&[TOKEN, SECRET, "--jwt-tenant-claim=tenantId"]).is_ok());
}

#[test]
fn origins_are_exact() {
    let with_origins = |list: &str| {
        let list = format!("--cors-origins={list}");
        checked(&[TOKEN, SECRET, TENANT, &list])
    };
    let good = with_origins("https://app.example.com, http://localhost:5173").unwrap();
    assert_eq!(good.cors_origins.len(), 2);
    for origin in ["*", "https://app.example.com/", "app.example.com", "null"] {
        assert!(
            matches!(with_origins(origin), Err(ConfigError::Origin(..))),
            "{origin}"
        );
    }
}

#[test]
fn headers_of_other_pages_are_names() {
    let with_headers = |list: &str| {
        let list = format!("--cors-headers={list}");
        checked(&[TOKEN, SECRET, TENANT, &list])
    };
    let good = with_headers("X-Datadog-Trace-Id, x-b3-traceid,").unwrap();
    assert_eq!(good.cors_headers, ["x-datadog-trace-id", "x-b3-traceid"]);
    for name in ["*", "a b", "x:y", "é"] {
        let refused = with_headers(name);
        assert!(matches!(refused, Err(ConfigError::Header(_))), "{name}");
    }
}

#[test]
fn an_administrator_is_told_by_claim_and_value_together() {
    let admin = |arguments: &[&str]| checked(&[&[TOKEN, SECRET, TENANT], arguments].concat());
    for half in ["--jwt-admin-claim=role", "--jwt-admin-value=admin"] {
        assert_eq!(admin(&[half]).unwrap_err(), ConfigError::AdminClaim);
    }
    let both = admin(&["--jwt-admin-claim=role", "--jwt-admin-value=admin"]);
    assert!(both.unwrap().jwt.admin.is_some());
}
