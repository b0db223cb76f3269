//! Fondy's signatures: SHA1 over the secret and the values of all parameters in the order of their
//! names, joined by `|`.

use md5::Md5;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::wire::Params;
use crate::hex::hex;

/// What is sent beside the parameters and is none of them.
const UNSIGNED: [&str; 2] = ["signature", "response_signature_string"];

/// Of protocol 1.
pub fn of_params(secret: &SecretString, params: &Params) -> String {
    hex(&Sha1::digest(signed(secret.expose_secret(), params)))
}

/// By the function that old texts on the web name, and Fondy does not use.
pub fn md5_of_params(secret: &SecretString, params: &Params) -> String {
    hex(&Md5::digest(signed(secret.expose_secret(), params)))
}

/// Of protocol 2: over the encoded text as it is sent.
pub fn of_data(secret: &SecretString, data: &str) -> String {
    hex(&Sha1::digest(format!("{}|{data}", secret.expose_secret())))
}

/// As [`of_data`], by the wrong function.
pub fn md5_of_data(secret: &SecretString, data: &str) -> String {
    hex(&Md5::digest(format!("{}|{data}", secret.expose_secret())))
}

/// What was signed, with the secret hidden: Fondy shows it to who looks for a mistake.
pub fn shown(params: &Params) -> String {
    signed("**********", params)
}

pub fn equal(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// An empty value adds nothing, not even its separator; 0 is not empty.
fn signed(secret: &str, params: &Params) -> String {
    let mut signed = secret.to_owned();
    for (name, value) in params {
        if UNSIGNED.contains(&name.as_str()) {
            continue;
        }
        if let Some(text) = text(value).filter(|text| !text.is_empty()) {
            signed.push('|');
            signed.push_str(&text);
        }
    }
    signed
}

/// A value as it is signed and as a form has it; none for null and for what is not one value.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{equal, md5_of_params, of_data, of_params};
    use crate::fondy::wire::Params;

    /// Made by Fondy's official clients (npm and `PyPI`), which agree on each.
    const VECTORS: &str = include_str!("../../tests/fixtures/fondy-vectors.json");

    fn vectors() -> Vec<Value> {
        let document: Value = serde_json::from_str(VECTORS).unwrap();
        document["vectors"].as_array().unwrap().clone()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    #[test]
    fn every_signature_is_the_one_that_fondys_own_clients_make() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 15);
        for vector in vectors {
            let secret = text(&vector, "secret").into();
            let made = match vector["params"].as_object() {
                Some(params) => of_params(&secret, &params.clone().into_iter().collect()),
                None => of_data(&secret, text(&vector, "data")),
            };
            let expected = text(&vector, "signature_sha1");
            assert!(equal(&made, expected), "{}: {made}", vector["name"]);
        }
    }

    #[test]
    fn the_wrong_function_makes_the_signature_that_is_to_be_refused() {
        for vector in vectors() {
            let Some(wrong) = vector["md5_of_same_string_is_WRONG"].as_str() else {
                continue;
            };
            let params: Params = vector["params"]
                .as_object()
                .unwrap()
                .clone()
                .into_iter()
                .collect();
            let secret = text(&vector, "secret").into();
            assert_eq!(md5_of_params(&secret, &params), wrong);
            assert!(!equal(&of_params(&secret, &params), wrong));
        }
    }

    #[test]
    fn a_signature_fits_one_secret_and_one_content() {
        let params = |amount: &str| {
            Params::from([
                ("order_id".to_owned(), "a".into()),
                ("amount".to_owned(), amount.into()),
            ])
        };
        let made = of_params(&"test".into(), &params("100"));
        assert!(!equal(&made, &of_params(&"other".into(), &params("100"))));
        assert!(!equal(&made, &of_params(&"test".into(), &params("1000"))));
        assert!(!equal(&made, ""));
    }
}
