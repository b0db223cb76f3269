//! Callbacks that tests write themselves.

use billing_sandbox::FONDY_TEST_MERCHANT;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::stage::SECRET;

/// What a callback says of an order of 1000 UAH.
pub(super) fn said(id: &str, status: &str, given_back: i64) -> Value {
    json!({
        "order_id": id, "merchant_id": FONDY_TEST_MERCHANT, "amount": "100000", "currency": "UAH",
        "order_status": status, "reversal_amount": given_back.to_string(),
        "response_status": "success", "tran_type": "purchase", "actual_amount": "100000",
        "masked_card": "444455XXXXXX1111", "a_new_field": "Дякую",
    })
}

/// As Fondy signs: by its documents, and not by our own code.
pub(super) fn signed(mut body: Value) -> Value {
    let signature = signature(body.as_object().unwrap());
    body["signature"] = json!(signature);
    body
}

fn signature(fields: &Map<String, Value>) -> String {
    let mut names: Vec<_> = fields.keys().collect();
    names.sort();
    let mut text = SECRET.to_owned();
    for name in names {
        let value = match &fields[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !value.is_empty() {
            text.push('|');
            text.push_str(&value);
        }
    }
    let digits = Sha1::digest(text.as_bytes());
    let digits: Vec<String> = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
