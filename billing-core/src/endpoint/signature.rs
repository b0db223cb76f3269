//! How messages are signed: Standard Webhooks, version 1 with a shared secret
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::fmt;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use rand::TryRngCore;
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// As many as base64 needs no padding for: some libraries demand it, and who copies a secret loses it.
const SECRET_BYTES: usize = 24;

/// What an endpoint's messages are signed by.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A fresh one. An error where the system has no random bytes.
    pub fn random() -> anyhow::Result<Self> {
        let mut bytes = vec![0; SECRET_BYTES];
        rand::rngs::OsRng
            .try_fill_bytes(&mut bytes)
            .context("no random bytes")?;
        Ok(Self(bytes))
    }

    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As receivers configure it: `whsec_` and base64.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(&self.0))
    }

    /// `v1,` and the base64 of an HMAC-SHA256.
    fn sign(&self, content: &str) -> Option<String> {
        // It takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(content.as_bytes());
        let code = mac.finalize().into_bytes();
        Some(format!("v1,{}", BASE64_STANDARD.encode(code)))
    }
}

/// The value of `webhook-signature`: a signature for each secret, in their order, parted by one space.
pub fn sign(secrets: &[Secret], id: &str, at: Timestamp, body: &str) -> String {
    let content = format!("{id}.{}.{body}", at.as_second());
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| secret.sign(&content))
        .collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specifications_example() {
        let bytes = BASE64_STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap();
        let secret = Secret::from_bytes(bytes);
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let body = r#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(std::slice::from_ref(&secret), id, at, body), expected);
        let two = sign(&[Secret::random().unwrap(), secret], id, at, body);
        let (other, same) = two.split_once(' ').unwrap();
        assert!(other.starts_with("v1,") && other != expected && same == expected);
    }

    #[test]
    fn a_secret_has_no_padding_and_is_not_shown_by_accident() {
        let secret = Secret::random().unwrap();
        let shown = secret.reveal();
        assert!(shown.starts_with(PREFIX) && !shown.contains('='));
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_ne!(secret, Secret::random().unwrap());
    }
}
