//! The signature of a webhook: HMAC-SHA256 over `<time>.<body>`, made with a secret of the
//! endpoint. <https://docs.stripe.com/webhooks#verify-manually>

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::providers::WebhookRefusal;

pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// The age that Stripe's own clients accept, and as much for a clock that is behind.
const AGE_MAX_SECS: u64 = 300;

/// The parts of the header that matter; others, `v0` among them, are passed over.
struct Header<'a> {
    time: &'a str,
    seconds: i64,
    signatures: Vec<&'a str>,
}

/// Accepts what was signed with one of `secrets`, not long before or after `now`.
pub(super) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[SecretString],
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let value = values.next().ok_or(WebhookRefusal::Missing)?;
    if values.next().is_some() {
        return Err(WebhookRefusal::Malformed);
    }
    let text = value.to_str().map_err(|_| WebhookRefusal::Malformed)?;
    let header = Header::parse(text).ok_or(WebhookRefusal::Malformed)?;
    // All of them are tried, so that the time it takes does not tell which one fits.
    let mut authentic = Choice::from(0);
    for secret in secrets {
        let expected = signature(secret, header.time, body).ok_or(WebhookRefusal::Signature)?;
        for given in &header.signatures {
            authentic |= expected.as_bytes().ct_eq(given.as_bytes());
        }
    }
    if !bool::from(authentic) {
        return Err(WebhookRefusal::Signature);
    }
    if header.seconds.abs_diff(now.as_second()) > AGE_MAX_SECS {
        return Err(WebhookRefusal::Time);
    }
    Ok(())
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut time = None;
        let mut signatures = Vec::new();
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("t", _)) if time.is_some() => return None,
                Some(("t", value)) => time = Some(value),
                Some(("v1", value)) => signatures.push(value),
                _ => {}
            }
        }
        let time = time?;
        let seconds = time
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| time.parse().ok())??;
        (!signatures.is_empty()).then_some(Self {
            time,
            seconds,
            signatures,
        })
    }
}

/// The header as Stripe would send it.
pub(super) fn header(secret: &SecretString, now: Timestamp, body: &[u8]) -> Option<String> {
    let time = now.as_second().to_string();
    let signature = signature(secret, &time, body)?;
    Some(format!("t={time},v1={signature}"))
}

/// In lower-case hexadecimal digits. HMAC takes keys of any length, so that it is never None.
fn signature(secret: &SecretString, time: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use jiff::Timestamp;
    use secrecy::SecretString;
    use serde_json::Value;

    use super::{SIGNATURE, signature, verify};
    use crate::providers::WebhookRefusal;

    const BODY: &[u8] = b"{\"id\": \"evt_1\"}";
    const NOW: i64 = 1_763_700_000;

    fn secrets(names: &[&str]) -> Vec<SecretString> {
        names.iter().map(|&name| SecretString::from(name)).collect()
    }

    fn signed(secret: &str, time: i64) -> String {
        signature(&SecretString::from(secret), &time.to_string(), BODY).unwrap()
    }

    fn verified(header: &str, accepted: &[&str]) -> Result<(), WebhookRefusal> {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, HeaderValue::from_str(header).unwrap());
        let now = Timestamp::from_second(NOW).unwrap();
        verify(&headers, BODY, &secrets(accepted), now)
    }

    #[test]
    fn any_signature_under_any_current_secret_is_accepted() {
        let good = signed("new", NOW);
        for header in [
            format!("t={NOW},v1={good}"),
            format!("t={NOW},v1={good},"),
            format!("t={NOW},v0=abc,v1=00,v1={good},v9=x,rest"),
            format!("v1={good},t={NOW}"),
        ] {
            assert_eq!(verified(&header, &["old", "new"]), Ok(()), "{header}");
        }
    }

    #[test]
    fn what_stripes_own_clients_accept_is_accepted_and_what_they_refuse_is_refused() {
        let vectors = include_str!("../../../tests/fixtures/stripe-signatures.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let now = Timestamp::from_second(vectors["now"].as_i64().unwrap()).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert!(vectors.len() > 50);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(SIGNATURE, HeaderValue::from_str(text("header")).unwrap());
            let verified = verify(
                &headers,
                text("body").as_bytes(),
                &secrets(&[text("secret")]),
                now,
            );
            assert_eq!(
                Some(verified.is_ok()),
                vector["valid"].as_bool(),
                "{vector}"
            );
        }
    }

    #[test]
    fn no_other_secret_body_scheme_or_digit_is_accepted() {
        let good = signed("secret", NOW);
        for header in [
            format!("t={NOW},v1={}", signed("other", NOW)),
            format!("t={NOW},v1={}", signed("secret", NOW - 1)),
            format!("t={NOW},v1={}", &good[..63]),
            format!("t={NOW},v1={good}0"),
            format!("t={NOW},v1={}", good.to_ascii_uppercase()),
            format!("t={NOW},v1="),
        ] {
            let refused = verified(&header, &["secret"]);
            assert_eq!(refused, Err(WebhookRefusal::Signature), "{header}");
        }
        assert_eq!(
            verified(&format!("t={NOW},v1={good}"), &[]),
            Err(WebhookRefusal::Signature)
        );
    }

    #[test]
    fn a_header_without_time_or_signature_is_malformed() {
        let good = signed("secret", NOW);
        for header in [
            String::new(),
            format!("t={NOW}"),
            format!("t={NOW},v0={good}"),
            format!("v1={good}"),
            format!("t=,v1={good}"),
            format!("t=-1,v1={good}"),
            format!("t=1e9,v1={good}"),
            format!("t={NOW},t={NOW},v1={good}"),
            format!("t=99999999999999999999,v1={good}"),
        ] {
            let refused = verified(&header, &["secret"]);
            assert_eq!(refused, Err(WebhookRefusal::Malformed), "{header}");
        }
        let now = Timestamp::from_second(NOW).unwrap();
        let missing = verify(&HeaderMap::new(), BODY, &secrets(&["secret"]), now);
        assert_eq!(missing, Err(WebhookRefusal::Missing));
    }

    #[test]
    fn five_minutes_are_the_most_that_clocks_may_differ() {
        for (time, expected) in [
            (NOW - 300, Ok(())),
            (NOW + 300, Ok(())),
            (NOW - 301, Err(WebhookRefusal::Time)),
            (NOW + 301, Err(WebhookRefusal::Time)),
        ] {
            let header = format!("t={time},v1={}", signed("secret", time));
            assert_eq!(verified(&header, &["secret"]), expected, "{time}");
        }
        // Who cannot sign learns nothing of our clock.
        let unsigned = format!("t={},v1={}", NOW - 301, signed("other", NOW - 301));
        assert_eq!(
            verified(&unsigned, &["secret"]),
            Err(WebhookRefusal::Signature)
        );
    }
}
