//! How Fondy's API looks on the wire: JSON or a form in, the same out, in protocol 1 or 2.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::Merchant;
use super::refusal::Refusal;
use super::signature;
use crate::random::random_text;

/// Parameters by name, in the order in which they are signed.
pub type Params = BTreeMap<String, Value>;

pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Parameters beside each other, signed by their values.
    One,
    /// Parameters in base64, signed as that text.
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Form,
}

/// A request whose signature is right.
#[derive(Clone, Debug)]
pub struct Call {
    pub params: Params,
    pub protocol: Protocol,
}

impl Encoding {
    pub fn of(headers: &HeaderMap) -> Self {
        let is_form = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()));
        if is_form { Self::Form } else { Self::Json }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Form => FORM,
        }
    }
}

/// Reads a request of this merchant's.
pub fn read(merchant: &Merchant, encoding: Encoding, body: &[u8]) -> Result<Call, Refusal> {
    let sent = match encoding {
        Encoding::Form => form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect(),
        Encoding::Json => object(body, "request").ok_or_else(Refusal::no_request)?,
    };
    if sent.is_empty() {
        return Err(Refusal::no_request());
    }
    let call = if sent.get("version").is_some_and(|version| version == "2.0") {
        read_second(&merchant.secret, &sent)?
    } else {
        Call {
            params: sent,
            protocol: Protocol::One,
        }
    };
    let merchant_id = required(&call.params, "merchant_id")?;
    if merchant_id != merchant.id.to_string() {
        return Err(Refusal::merchant(&merchant_id));
    }
    if call.protocol == Protocol::One {
        check_first(&merchant.secret, &call.params)?;
    }
    Ok(call)
}

fn check_first(secret: &SecretString, params: &Params) -> Result<(), Refusal> {
    let nested = |value: &Value| signature::text(value).is_none() && !value.is_null();
    if let Some((name, _)) = params.iter().find(|(_, value)| nested(value)) {
        return Err(Refusal::incorrect(name));
    }
    let given = required(params, "signature")?;
    if signature::equal(&given, &signature::of_params(secret, params)) {
        return Ok(());
    }
    Err(Refusal::signature())
}

fn read_second(secret: &SecretString, sent: &Params) -> Result<Call, Refusal> {
    let data = required(sent, "data")?;
    let given = required(sent, "signature")?;
    if !signature::equal(&given, &signature::of_data(secret, &data)) {
        return Err(Refusal::signature());
    }
    let decoded = BASE64_STANDARD.decode(&data).ok();
    let params = decoded.and_then(|decoded| object(&decoded, "order"));
    Ok(Call {
        params: params.ok_or_else(|| Refusal::incorrect("data"))?,
        protocol: Protocol::Two,
    })
}

/// The object of that name in an object.
fn object(body: &[u8], name: &str) -> Option<Params> {
    let mut outer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    match outer.remove(name)? {
        Value::Object(object) => Some(object.into_iter().collect()),
        _ => None,
    }
}

/// A parameter that must be there.
pub fn required(params: &Params, name: &str) -> Result<String, Refusal> {
    let value = params.get(name).ok_or_else(|| Refusal::missing(name))?;
    let text = signature::text(value).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::empty(name));
    }
    Ok(text)
}

/// A parameter that may be there.
pub fn optional(params: &Params, name: &str) -> Option<String> {
    signature::text(params.get(name)?).filter(|text| !text.is_empty())
}

/// A whole number that must be there, more than 0.
pub fn positive(params: &Params, name: &str) -> Result<i64, Refusal> {
    let number = required(params, name)?.parse();
    number
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Refusal::incorrect(name))
}

pub fn success(
    merchant: &Merchant,
    protocol: Protocol,
    encoding: Encoding,
    mut params: Params,
) -> Response {
    params.insert("response_status".to_owned(), "success".into());
    let signed = match protocol {
        Protocol::One => {
            let signature = signature::of_params(&merchant.secret, &params);
            params.insert("signature".to_owned(), signature.into());
            params
        }
        Protocol::Two => sealed(&params, |data| signature::of_data(&merchant.secret, data)),
    };
    respond(encoding, &signed)
}

/// Protocol 2: the parameters in base64, and what is signed of them.
pub fn sealed(params: &Params, sign: impl FnOnce(&str) -> String) -> Params {
    let data = BASE64_STANDARD.encode(json!({ "order": params }).to_string());
    let signature = sign(&data);
    Params::from([
        ("data".to_owned(), data.into()),
        ("signature".to_owned(), signature.into()),
        ("version".to_owned(), "2.0".into()),
    ])
}

/// Not signed, and HTTP 200, as at Fondy.
pub fn failure(encoding: Encoding, refusal: &Refusal) -> Response {
    let params = Params::from([
        ("response_status".to_owned(), "failure".into()),
        ("error_code".to_owned(), refusal.code.into()),
        ("error_message".to_owned(), refusal.message.clone().into()),
        ("request_id".to_owned(), random_text(13).into()),
    ]);
    respond(encoding, &params)
}

fn respond(encoding: Encoding, params: &Params) -> Response {
    let body = match encoding {
        Encoding::Json => json!({ "response": params }).to_string(),
        Encoding::Form => form(params),
    };
    ([(CONTENT_TYPE, encoding.content_type())], body).into_response()
}

/// Parameters as a form has them.
pub fn form(params: &Params) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs(params))
        .finish()
}

/// Parameters as texts.
pub fn pairs(params: &Params) -> impl Iterator<Item = (&str, String)> {
    params
        .iter()
        .map(|(name, value)| (name.as_str(), signature::text(value).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Encoding, Params, Protocol, form, read};
    use crate::fondy::Merchant;

    fn vectors() -> Vec<Value> {
        let vectors = include_str!("../../tests/fixtures/fondy-vectors.json");
        let document: Value = serde_json::from_str(vectors).unwrap();
        document["vectors"].as_array().unwrap().clone()
    }

    fn merchant(vector: &Value) -> Merchant {
        Merchant {
            id: 1_396_424,
            secret: vector["secret"].as_str().unwrap().into(),
        }
    }

    fn request(vector: &Value, signature: &Value) -> Params {
        let sent = match &vector["params"] {
            Value::Null => json!({ "version": "2.0", "data": vector["data"] }),
            params => params.clone(),
        };
        let mut sent: Params = serde_json::from_value(sent).unwrap();
        sent.insert("signature".to_owned(), signature.clone());
        sent
    }

    #[test]
    fn every_request_of_fondys_own_clients_is_read_as_json_and_as_a_form() {
        for vector in vectors() {
            let sent = request(&vector, &vector["signature_sha1"]);
            let in_json = json!({ "request": sent }).to_string();
            for (encoding, body) in [(Encoding::Json, in_json), (Encoding::Form, form(&sent))] {
                let call = read(&merchant(&vector), encoding, body.as_bytes()).unwrap();
                let expected = match call.protocol {
                    Protocol::One => &vector["params"],
                    Protocol::Two => &vector["order"],
                };
                assert_eq!(call.params["order_id"], expected["order_id"]);
            }
        }
    }

    #[test]
    fn none_of_them_is_read_under_another_signature_or_with_another_content() {
        for vector in vectors() {
            let right = &vector["signature_sha1"];
            let md5 = &vector["md5_of_same_string_is_WRONG"];
            let mut upper = right.as_str().unwrap().to_uppercase();
            upper.push(' ');
            let mut altered = request(&vector, right);
            let part = if vector["params"].is_null() {
                "data"
            } else {
                "order_id"
            };
            altered.insert(part.to_owned(), "b3RoZXI=".into());
            for sent in [
                request(&vector, md5),
                request(&vector, &upper.into()),
                request(&vector, &"".into()),
                altered,
            ] {
                let body = json!({ "request": sent }).to_string();
                let refused = read(&merchant(&vector), Encoding::Json, body.as_bytes());
                assert!(refused.is_err(), "{sent:?}");
            }
        }
    }
}
