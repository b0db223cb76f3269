//! Fondy's signatures: SHA-1 over the secret and the values of all fields, in lower-case hexadecimal
//! digits. <https://docs.fondy.eu/docs/page/2/>

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::message::Fields;

pub(super) const FIELD: &str = "signature";
/// What was signed, with the secret masked: test merchants get it back.
const ECHO: &str = "response_signature_string";

/// Over the values in the order of their names. Empty ones are left out, 0 is not.
pub(super) fn of_fields(secret: &SecretString, fields: &Fields) -> String {
    let mut signed = Sha1::new_with_prefix(secret.expose_secret());
    let counts = |(name, text): &(&str, &str)| !text.is_empty() && *name != FIELD && *name != ECHO;
    for (_, text) in fields.iter().filter(counts) {
        signed.update(b"|");
        signed.update(text);
    }
    hex(&signed.finalize())
}

/// Of protocol 2, over the text of the data as it is sent.
pub(super) fn of_data(secret: &SecretString, data: &str) -> String {
    let signed = Sha1::new_with_prefix(secret.expose_secret())
        .chain_update(b"|")
        .chain_update(data);
    hex(&signed.finalize())
}

/// In a time that does not tell how much of it is right.
pub(super) fn equal(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(40);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::{Value, json};

    use super::{FIELD, of_data, of_fields};
    use crate::providers::WebhookRefusal;
    use crate::providers::fondy::message::{Fields, Received};

    /// From the official clients: npm cloudipsp-node-js-sdk 1.0.8 and `PyPI` cloudipsp 1.0.4.
    fn vectors() -> Vec<Value> {
        let file = include_str!("../../../tests/fixtures/fondy-vectors.json");
        let file: Value = serde_json::from_str(file).unwrap();
        file["vectors"].as_array().unwrap().clone()
    }

    fn secret(vector: &Value) -> SecretString {
        vector["secret"].as_str().unwrap().into()
    }

    fn verified(body: &str, secret: &SecretString) -> Result<Fields, WebhookRefusal> {
        Received::read(body.as_bytes()).and_then(|received| received.verified(secret))
    }

    fn form(params: &Value) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in params.as_object().unwrap() {
            let text = value.as_str().map_or(value.to_string(), str::to_owned);
            form.append_pair(name, &text);
        }
        form.finish()
    }

    #[test]
    fn we_sign_as_the_official_clients_do() {
        let mut seen = 0;
        for vector in vectors() {
            let expected = vector["signature_sha1"].as_str().unwrap();
            let signed = if let Some(data) = vector["data"].as_str() {
                of_data(&secret(&vector), data)
            } else {
                let fields = Fields::of_json(&vector["params"].to_string()).unwrap();
                of_fields(&secret(&vector), &fields)
            };
            assert_eq!(signed, expected, "{}", vector["name"]);
            seen += 1;
        }
        assert!(seen >= 15, "{seen}");
    }

    #[test]
    fn what_they_sign_is_believed_in_both_encodings_and_md5_is_not() {
        for vector in vectors() {
            let (Some(_), secret) = (vector.get("params"), secret(&vector)) else {
                continue;
            };
            let mut params = vector["params"].clone();
            params[FIELD] = vector["signature_sha1"].clone();
            for body in [params.to_string(), form(&params)] {
                let fields = verified(&body, &secret).unwrap();
                let order_id = vector["params"]["order_id"].as_str().unwrap();
                assert_eq!(fields.text("order_id"), order_id);
            }
            let Some(md5) = vector.get("md5_of_same_string_is_WRONG") else {
                continue;
            };
            params[FIELD] = md5.clone();
            for body in [params.to_string(), form(&params)] {
                let refused = verified(&body, &secret).unwrap_err();
                assert_eq!(refused, WebhookRefusal::Signature, "{}", vector["name"]);
            }
        }
    }

    #[test]
    fn the_second_protocol_is_verified_over_its_text_and_then_decoded() {
        let all = vectors();
        let vector = all
            .iter()
            .find(|vector| vector.get("data").is_some())
            .unwrap();
        let secret = secret(vector);
        let mut message = json!({"version": "2.0", "data": vector["data"],
            "signature": vector["signature_sha1"]});
        for body in [
            message.to_string(),
            json!({"response": message}).to_string(),
            form(&message),
        ] {
            let fields = verified(&body, &secret).unwrap();
            assert_eq!(fields.text("order_id"), "order-v2");
            assert_eq!(fields.text("amount"), "1000");
        }
        message["data"] = json!(format!("{}=", vector["data"].as_str().unwrap()));
        let refused = verified(&message.to_string(), &secret).unwrap_err();
        assert_eq!(refused, WebhookRefusal::Signature);
    }

    #[test]
    fn a_field_that_is_not_known_is_signed_and_null_is_not() {
        let secret = SecretString::from("test");
        let sign = |json: &str| of_fields(&secret, &Fields::of_json(json).unwrap());
        let plain = sign(r#"{"order_id": "n1", "amount": "1"}"#);
        assert_ne!(
            plain,
            sign(r#"{"order_id": "n1", "amount": "1", "new": "x"}"#)
        );
        assert_eq!(
            plain,
            sign(r#"{"order_id": "n1", "amount": 1, "order_desc": null}"#)
        );
    }

    #[test]
    fn no_other_signature_is_believed() {
        let secret = SecretString::from("test");
        let fields = Fields::of_json(r#"{"order_id": "o", "amount": "1"}"#).unwrap();
        let good = of_fields(&secret, &fields);
        for (given, expected) in [
            (String::new(), WebhookRefusal::Missing),
            (good.to_ascii_uppercase(), WebhookRefusal::Signature),
            (good[..39].to_owned(), WebhookRefusal::Signature),
            (format!("{good}0"), WebhookRefusal::Signature),
            (
                of_fields(&"other".into(), &fields),
                WebhookRefusal::Signature,
            ),
        ] {
            let body = json!({"order_id": "o", "amount": "1", "signature": given}).to_string();
            assert_eq!(verified(&body, &secret).unwrap_err(), expected, "{given}");
        }
        assert_eq!(verified("", &secret).unwrap_err(), WebhookRefusal::Missing);
        assert_eq!(
            verified("no form", &secret).unwrap_err(),
            WebhookRefusal::Missing
        );
    }
}
