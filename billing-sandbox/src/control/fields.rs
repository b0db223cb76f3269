//! What comes with a control request: JSON from a test, a form from the page.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::fondy::order::TOKEN_LENGTH;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::Metadata;

#[derive(Debug, Default)]
pub struct Fields {
    texts: BTreeMap<String, String>,
    metadata: Metadata,
    is_form: bool,
}

impl Fields {
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let is_form = headers.get(CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
        if is_form {
            let texts = form_urlencoded::parse(body).into_owned().collect();
            return Ok(Self {
                texts,
                is_form,
                ..Self::default()
            });
        }
        let mut fields = Self::default();
        if body.is_empty() {
            return Ok(fields);
        }
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(ApiError::invalid("the body must be a JSON object"));
        };
        for (name, value) in object {
            match value {
                Value::Null => {}
                Value::Object(entries) if name == "metadata" => {
                    fields.metadata = entries
                        .into_iter()
                        .filter_map(|(key, value)| Some((key, text(&value)?)))
                        .collect();
                }
                Value::Array(items) => {
                    let lines: Vec<String> = items.iter().filter_map(text).collect();
                    fields.texts.insert(name, lines.join("\n"));
                }
                value => {
                    let text = text(&value)
                        .ok_or_else(|| ApiError::invalid(format!("{name} is not a text")))?;
                    fields.texts.insert(name, text);
                }
            }
        }
        Ok(fields)
    }

    /// Where a person who pressed a button is led; none for a test.
    pub fn back(&mut self) -> Option<String> {
        let id = self.texts.remove("back").unwrap_or_default();
        let is_plain = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        self.is_form.then(|| {
            if is_plain && id.starts_with("pi_") {
                format!("/?payment_intent={id}")
            } else if is_plain && id.starts_with("cs_") {
                format!("/c/pay/{id}")
            } else if is_plain && id.starts_with("bps_") {
                format!("/p/session/{id}")
            } else if is_plain && id.len() == TOKEN_LENGTH {
                format!("/checkout/{id}")
            } else {
                "/".to_owned()
            }
        })
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        self.texts
            .remove(name)
            .filter(|text| !text.trim().is_empty())
    }

    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let text = self.text(name);
        text.map(|text| text.trim().parse())
            .transpose()
            .map_err(|_| ApiError::invalid(format!("{name} must be a whole number")))
    }

    pub fn count(&mut self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(number) = self.integer(name)? else {
            return Ok(None);
        };
        let count = u64::try_from(number);
        count
            .map(Some)
            .map_err(|_| ApiError::invalid(format!("{name} must not be negative")))
    }

    /// A check box of a form is absent where it is not ticked.
    pub fn ticked(&mut self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|text| text == "true" || text == "on")
    }

    pub fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
