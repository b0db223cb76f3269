//! JSON of others, read member by member: whatever nobody needs is passed over unread, and what is
//! needed is never guessed.

use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// UTF-8's byte-order mark, which some put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The body without a byte-order mark. What is signed has it.
pub(crate) fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(MARK).unwrap_or(body)
}

/// The members of a JSON object, each as it is written and with its name: unread, so that neither a
/// half of a surrogate pair nor a hundred levels of nesting stand in the way of the others. One whose
/// name cannot be read is nobody's.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (String, &'a RawValue)> {
        self.0.into_iter()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByName).map(Self)
    }
}

struct ByName;

impl<'de> Visitor<'de> for ByName {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            if let Ok(name) = serde_json::from_str(name.get()) {
                members.push((name, value));
            }
        }
        Ok(members)
    }
}

/// Reads those members of an object that `T` has. One of them that comes twice is an error.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, serde_json::Error> {
    let Members(members) = serde_json::from_str(json)?;
    T::deserialize(MapDeserializer::new(members.into_iter()))
}

/// What is read as [`object`] reads it, wherever it stands. A derived reader would take a list for an
/// object, by the order of its members.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        object(raw.get())
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// A whole number as it is written: `1000`, and `1000.0`, which some languages make of it. Exact, so
/// that nothing passes through a float; an exponent is none of a provider's.
pub(crate) fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            digits
        }
        Some(_) => return None,
        None => text,
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// A member that is a whole number.
pub(crate) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    whole(raw.get()).ok_or_else(|| serde::de::Error::custom("it has a number that is not whole"))
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_whole_number_may_be_written_with_zeros_behind_the_point_and_is_exact() {
        for (text, read) in [
            ("1000", 1_000),
            ("1000.0", 1_000),
            ("-5.000", -5),
            ("0.0", 0),
            // A float would make another number of it.
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807.00", i64::MAX),
        ] {
            assert_eq!(whole(text), Some(read), "{text}");
        }
        for text in [
            "",
            "-",
            ".0",
            "1.",
            "1.5",
            "1e3",
            "1.0e3",
            "+1",
            "1 ",
            "\"1\"",
            "--1",
            "1.0.0",
            "null",
            "9223372036854775808",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
