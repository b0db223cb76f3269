//! `Stripe-Signature`: who sent a webhook, and when.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::hex::hex;

/// The header over a body that is sent at this time (Unix seconds).
pub fn header(secret: &SecretString, time: i64, body: &str) -> String {
    let mut signature = String::new();
    // HMAC takes a key of any length, so there is always a signature.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        mac.update(format!("{time}.").as_bytes());
        mac.update(body.as_bytes());
        signature = hex(&mac.finalize().into_bytes());
    }
    format!("t={time},v1={signature}")
}

#[cfg(test)]
mod tests {
    use super::header;

    /// RFC 4231 has no dot in it, so this one was computed by Stripe's own client (npm `stripe`,
    /// `webhooks.generateTestHeaderString`).
    #[test]
    fn the_header_is_the_one_that_stripes_own_client_makes() {
        let header = header(&"whsec_test".into(), 1_700_000_000, "{\"id\":\"evt_1\"}");
        assert_eq!(
            header,
            "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
        );
    }
}
