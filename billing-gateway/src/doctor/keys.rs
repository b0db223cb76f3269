//! What users' tokens are verified with.

use std::collections::HashSet;

use billing_telemetry::doctor::Finding;
use secrecy::ExposeSecret;

use crate::auth::Jwks;
use crate::auth::settings::{JwtConfig, JwtKeys};
use crate::causes::causes;

const SUBJECT: &str = "keys";

/// A secret of 32 bytes that were drawn has about twice as many in any writing.
const DIFFERENT_BYTES_MIN: usize = 10;

pub(super) async fn check(jwt: &JwtConfig) -> Vec<Finding> {
    let (url, algorithm) = match &jwt.keys {
        JwtKeys::Secret(secret) => return vec![of_secret(secret.expose_secret())],
        JwtKeys::Jwks { url, algorithm } => (url, *algorithm),
    };
    let host = url.host_str().unwrap_or_default();
    let fetched = match Jwks::new(url.clone(), algorithm) {
        Ok(jwks) => jwks.count().await,
        Err(error) => Err(error),
    };
    vec![match fetched {
        Ok(count) => {
            let looked_at = format!("{count} for {algorithm:?} at {host}");
            Finding::ok(SUBJECT, looked_at)
        }
        Err(error) => Finding::mend(
            SUBJECT,
            format!("JWT_JWKS_URL at {host}"),
            causes(&error),
            "nobody can sign in: mend JWT_JWKS_URL or JWT_ALGORITHM, or let this machine reach it",
        ),
    }]
}

fn of_secret(secret: &str) -> Finding {
    let different = secret.bytes().collect::<HashSet<u8>>().len();
    if different < DIFFERENT_BYTES_MIN {
        return Finding::mend(
            SUBJECT,
            "JWT_SECRET",
            "it repeats a few letters: anybody can guess it, and sign in as anybody",
            "draw one, by `openssl rand -base64 48`, for the gateway and whoever signs tokens",
        );
    }
    Finding::ok(SUBJECT, "HS256 with JWT_SECRET")
}

#[cfg(test)]
mod tests {
    use super::of_secret;

    #[test]
    fn a_secret_that_is_long_and_none_is_to_be_mended() {
        for (secret, level) in [
            ("testtesttesttesttesttesttesttest", "mend"),
            ("00000000000000000000000000000000000", "mend"),
            ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "ok"),
        ] {
            assert_eq!(of_secret(secret).verdict.level(), level, "{secret}");
        }
    }
}
