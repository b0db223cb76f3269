//! JSON bodies: read member by member, so that amounts are taken from their text and whatever is wrong
//! is named by its field.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::problem::ApiError;
use crate::server::request_body::{self, Bodies};
use crate::usd::Usd;

/// The largest amount that the contract takes in a request. Said here too, since the core would
/// say it in micros.
const MICROS_MAX: i64 = 1_000_000_000_000_000;
const MICROS_MIN: i64 = -MICROS_MAX;

/// So much of a charset is said again.
const CHARSET_CHARS: usize = 40;

/// The members of a JSON object. Unknown ones pass; one that is given twice does not.
#[derive(Debug)]
pub(crate) struct JsonObject(BTreeMap<String, Box<RawValue>>);

/// A member that sets an optional amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountMember {
    Absent,
    Null,
    Amount(Usd),
}

impl<S> FromRequest<S> for JsonObject
where
    S: Send + Sync,
    Bodies: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        must_be_json(request.headers())?;
        // It is there already where the route is bounded.
        let (_head, bytes) = request_body::read(&Bodies::from_ref(state), request).await?;
        serde_json::from_slice(&bytes).map_err(|error| ApiError::MalformedJson(error.to_string()))
    }
}

impl JsonObject {
    /// An amount of 0 or more, null, or nothing.
    pub(crate) fn amount(&self, field: &'static str) -> Result<AmountMember, ApiError> {
        let amount = match self.0.get(field) {
            None => return Ok(AmountMember::Absent),
            Some(raw) if raw.get() == "null" => return Ok(AmountMember::Null),
            Some(raw) => bounded(field, raw)?,
        };
        if amount.micros() < 0 {
            return Err(ApiError::invalid(field, "must be 0 or more"));
        }
        Ok(AmountMember::Amount(amount))
    }

    /// An amount of either sign, or nothing.
    pub(crate) fn signed_amount(&self, field: &'static str) -> Result<Option<Usd>, ApiError> {
        let raw = self.0.get(field);
        raw.map(|raw| bounded(field, raw)).transpose()
    }

    /// A whole number, written without a fraction.
    pub(crate) fn whole(&self, field: &'static str) -> Result<Option<i64>, ApiError> {
        let number = self.0.get(field).map(|raw| raw.get().parse());
        number
            .transpose()
            .map_err(|_not_whole| ApiError::invalid(field, "must be a whole number"))
    }

    pub(crate) fn boolean(&self, field: &'static str) -> Result<Option<bool>, ApiError> {
        self.0
            .get(field)
            .map(|raw| match raw.get() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(ApiError::invalid(field, "must be true or false")),
            })
            .transpose()
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<Option<String>, ApiError> {
        self.0
            .get(field)
            .map(|raw| {
                serde_json::from_str(raw.get())
                    .map_err(|_unreadable| ApiError::invalid(field, text_error(raw)))
            })
            .transpose()
    }

    /// The same members under their own names, where a client writes them in camel case.
    pub(crate) fn renamed(mut self, names: &[(&str, &'static str)]) -> Result<Self, ApiError> {
        for &(camel_case, name) in names {
            let Some(value) = self.0.remove(camel_case) else {
                continue;
            };
            if self.0.insert(name.to_owned(), value).is_some() {
                return Err(ApiError::invalid(name, "is given twice"));
            }
        }
        Ok(self)
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Refuses what nobody reads: where an absent member means all of it, a misspelt one must not pass.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.others_than(known).into_iter().next() {
            Some(unknown) => {
                let message = format!("is not known here; known are {}", known.join(", "));
                Err(ApiError::invalid(unknown, message))
            }
            None => Ok(()),
        }
    }

    /// The names of what nobody reads.
    pub(crate) fn others_than(&self, known: &[&str]) -> Vec<String> {
        let names = self.0.keys().filter(|name| !known.contains(&name.as_str()));
        names.cloned().collect()
    }

    /// A text that null takes away, as an empty one does.
    pub(crate) fn text_or_null(&self, field: &'static str) -> Result<Option<String>, ApiError> {
        match self.0.get(field) {
            Some(raw) if raw.get() == "null" => Ok(Some(String::new())),
            _ => self.text(field),
        }
    }
}

fn bounded(field: &'static str, raw: &RawValue) -> Result<Usd, ApiError> {
    let amount =
        Usd::parse(raw.get()).map_err(|error| ApiError::invalid(field, error.to_string()))?;
    if amount.micros() > MICROS_MAX {
        return Err(ApiError::invalid(field, "must be at most 1000000000"));
    }
    if amount.micros() < MICROS_MIN {
        return Err(ApiError::invalid(field, "must be at least -1000000000"));
    }
    Ok(amount)
}

fn text_error(raw: &RawValue) -> &'static str {
    if raw.get().starts_with('"') {
        "must not contain half of a surrogate pair"
    } else {
        "must be a string"
    }
}

fn must_be_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return Err(ApiError::NotJson);
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    if essence != "application/json"
        && !(essence.starts_with("application/") && essence.ends_with("+json"))
    {
        return Err(ApiError::NotJson);
    }
    // Read as UTF-8, another one's bytes would be other text, or none.
    let charsets = parts.filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    });
    for charset in charsets {
        if !["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
        {
            let charset = charset.chars().take(CHARSET_CHARS).collect();
            return Err(ApiError::NotUtf8 { charset });
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = JsonObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
            members.insert(name, value);
        }
        Ok(JsonObject(members))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{AmountMember, JsonObject, must_be_json};
    use crate::problem::ApiError;
    use crate::usd::Usd;

    fn object(json: &str) -> JsonObject {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn absent_null_and_zero_are_three_different_things() {
        let body = object(r#"{"none": null, "zero": 0, "some": 12.50, "unknown": [1]}"#);
        assert_eq!(body.amount("gone").unwrap(), AmountMember::Absent);
        assert_eq!(body.amount("none").unwrap(), AmountMember::Null);
        let amount = |micros| AmountMember::Amount(Usd::from_micros(micros));
        let most = object(r#"{"most": 1000000000, "more": 1000000000.000001}"#);
        assert_eq!(most.amount("most").unwrap(), amount(1_000_000_000_000_000));
        assert!(most.amount("more").is_err());
        assert_eq!(body.amount("zero").unwrap(), amount(0));
        assert_eq!(body.amount("some").unwrap(), amount(12_500_000));
    }

    #[test]
    fn an_amount_of_either_sign_is_as_exact_as_any_other() {
        let body = object(
            r#"{"less": -12.50, "big": 1e400, "small": 0.0000001, "none": null, "nan": "NaN",
                "least": -1000000000, "lower": -1000000000.000001}"#,
        );
        let read = |field| {
            let amount = body.signed_amount(field).ok().flatten();
            amount.map(Usd::micros)
        };
        assert_eq!(read("less"), Some(-12_500_000));
        assert_eq!(read("least"), Some(-1_000_000_000_000_000));
        assert!(body.signed_amount("gone").unwrap().is_none());
        for field in ["big", "small", "none", "nan", "lower"] {
            let ApiError::InvalidField(error) = body.signed_amount(field).unwrap_err() else {
                panic!("{field}");
            };
            assert_eq!(error.field, field);
        }
    }

    #[test]
    fn a_member_of_the_wrong_type_is_named() {
        let body = object(r#"{"daily": "5", "zone": 7, "negative": -1, "mail": null}"#);
        for refused in [
            body.amount("daily").unwrap_err(),
            body.amount("negative").unwrap_err(),
            body.text("zone").unwrap_err(),
            body.boolean("mail").unwrap_err(),
            body.boolean("zone").unwrap_err(),
        ] {
            let ApiError::InvalidField(error) = refused else {
                panic!("{refused}");
            };
            assert!(["daily", "negative", "zone", "mail"].contains(&error.field.as_ref()));
        }
        let ApiError::InvalidField(error) =
            object(r#"{"zone": "\ud800"}"#).text("zone").unwrap_err()
        else {
            panic!("a field");
        };
        assert_eq!(error.message, "must not contain half of a surrogate pair");
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        let of = |media_type: &'static str| {
            let value = HeaderValue::from_static(media_type);
            must_be_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for taken in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json;CHARSET=\"UTF-8\"",
            "application/json; version=1; charset = utf8",
        ] {
            assert!(of(taken).is_ok(), "{taken}");
        }
        for refused in [
            "application/json; charset=utf-16",
            "application/json;charset=\"ISO-8859-1\"",
            "application/json; charset",
            "application/json; charset=utf-8; charset=utf-16",
        ] {
            assert!(
                matches!(of(refused), Err(ApiError::NotUtf8 { .. })),
                "{refused}"
            );
        }
        assert!(matches!(
            of("text/plain; charset=utf-8"),
            Err(ApiError::NotJson)
        ));
    }

    #[test]
    fn only_an_object_without_duplicates_is_a_body() {
        for json in [
            "[]",
            "1",
            "null",
            "\"{}\"",
            r#"{"a": 1, "a": 2}"#,
            "{",
            "",
            "{} {}",
        ] {
            assert!(serde_json::from_str::<JsonObject>(json).is_err(), "{json}");
        }
    }
}
