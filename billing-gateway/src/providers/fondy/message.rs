//! Messages as Fondy sends them: JSON or a form, of protocol 1 or 2, signed or not believed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;

use super::signature;
use crate::providers::WebhookRefusal;
use crate::wire::{self, Members};

/// The fields of a message, each as the text that is signed. What is null or not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Fields(BTreeMap<String, String>);

/// A message as it came, before it is believed.
#[derive(Debug)]
pub(super) enum Received {
    /// Protocol 1: every field is signed, those that are not known here too.
    One(Fields),
    /// Protocol 2: the text of the data is signed, before it is decoded.
    Two { data: String, signature: String },
}

impl Fields {
    /// None where it is no whole number.
    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        wire::whole(self.text(name))
    }

    /// Empty where there is no such field.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Those of `names` that are not empty.
    pub(super) fn only(&self, names: &[&str]) -> Self {
        names
            .iter()
            .map(|&name| (name, self.text(name)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    /// The members of a JSON object. Numbers are taken as they are written.
    pub(super) fn of_json(object: &str) -> Option<Self> {
        serde_json::from_str(object).ok().map(Self::of_members)
    }

    /// Of a name that comes twice the last counts, as with Fondy's own clients: the signature is of
    /// what they read.
    fn of_members(members: Members<'_>) -> Self {
        members
            .into_iter()
            .map(|(name, raw)| (name, text_of(raw)))
            .collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        let texts = fields.into_iter();
        Self(
            texts
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
        )
    }
}

fn text_of(raw: &RawValue) -> String {
    match raw.get() {
        "null" => String::new(),
        json => serde_json::from_str(json).unwrap_or_else(|_not_a_string| json.to_owned()),
    }
}

impl Received {
    /// Reads JSON where it begins like an object, else a form. Answers to requests have their fields
    /// in `response`, callbacks have them bare.
    pub(super) fn read(body: &[u8]) -> Result<Self, WebhookRefusal> {
        let body = wire::unmarked(body);
        if body.trim_ascii_start().first() != Some(&b'{') {
            let fields = form_urlencoded::parse(body).into_owned().collect();
            return Ok(Self::of(fields));
        }
        let malformed = |_not_an_object| WebhookRefusal::Malformed;
        let members: Members<'_> = serde_json::from_slice(body).map_err(malformed)?;
        let outer: BTreeMap<_, _> = members.into_iter().collect();
        if let Some(inner) = outer.get("response")
            && inner.get().starts_with('{')
        {
            let members = serde_json::from_str(inner.get()).map_err(malformed)?;
            return Ok(Self::of(Fields::of_members(members)));
        }
        let texts = outer.into_iter().map(|(name, raw)| (name, text_of(raw)));
        Ok(Self::of(texts.collect()))
    }

    fn of(fields: Fields) -> Self {
        let data = fields.text("data");
        if fields.text("version").starts_with("2.") && !data.is_empty() {
            return Self::Two {
                data: data.to_owned(),
                signature: fields.text(signature::FIELD).to_owned(),
            };
        }
        Self::One(fields)
    }

    /// Its fields, where it was signed with `secret`.
    pub(super) fn verified(self, secret: &SecretString) -> Result<Fields, WebhookRefusal> {
        let (given, expected) = match &self {
            Self::One(fields) => (
                fields.text(signature::FIELD),
                signature::of_fields(secret, fields),
            ),
            Self::Two { data, signature } => (signature.as_str(), signature::of_data(secret, data)),
        };
        if given.is_empty() {
            return Err(WebhookRefusal::Missing);
        }
        if !signature::equal(&expected, given) {
            return Err(WebhookRefusal::Signature);
        }
        Ok(self.trusted())
    }

    /// Its fields, where it was verified before. None at all where they cannot be decoded.
    pub(super) fn trusted(self) -> Fields {
        match self {
            Self::One(fields) => fields,
            Self::Two { data, .. } => decoded(&data).unwrap_or_default(),
        }
    }
}

fn decoded(data: &str) -> Option<Fields> {
    #[derive(serde::Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        order: &'a RawValue,
    }
    let json = BASE64_STANDARD.decode(data).ok()?;
    let data: Data<'_> = wire::object(str::from_utf8(wire::unmarked(&json)).ok()?).ok()?;
    Fields::of_json(data.order.get())
}

#[cfg(test)]
mod tests {
    use super::{Fields, Received};
    use crate::providers::WebhookRefusal;

    fn trusted(body: &str) -> Fields {
        Received::read(body.as_bytes()).unwrap().trusted()
    }

    #[test]
    fn json_and_a_form_are_the_same_fields() {
        let form = trusted("order_id=a%7Cb&amount=12550&fee=&sender_email=a%40b.example");
        let json = trusted(
            r#" {"order_id": "a|b", "amount": 12550, "fee": "", "sender_email": "a@b.example"}"#,
        );
        assert_eq!(form, json);
        assert_eq!(form.text("order_id"), "a|b");
        assert_eq!(form.text("unknown"), "");
    }

    #[test]
    fn what_is_not_text_is_taken_as_it_is_written() {
        let fields = trusted(r#"{"a": 12.50, "b": null, "c": true, "d": "\u0414"}"#);
        let texts = ["a", "b", "c", "d"].map(|name| fields.text(name));
        assert_eq!(texts, ["12.50", "", "true", "Д"]);
    }

    #[test]
    fn an_answers_fields_are_those_inside_it() {
        let fields = trusted(r#"{"response": {"order_id": "o-1"}}"#);
        assert_eq!(fields.text("order_id"), "o-1");
    }

    #[test]
    fn an_object_that_breaks_off_is_malformed() {
        for body in ["{", r#"{"a": 1"#, r#"{"a"}"#, "{\"a\": \"\u{0}\"}"] {
            let refused = Received::read(body.as_bytes()).unwrap_err();
            assert_eq!(refused, WebhookRefusal::Malformed, "{body}");
        }
    }
}
