//! The idempotency key of a call: sent again, it is the same call.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::answer::Refused;

/// The header in which callers send their keys.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

const KEY_BYTES: usize = 255;

/// The key under which the core knows a call that its caller can repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The caller's `Idempotency-Key`. None where none was sent; [`Refused::InvalidKey`] where it was
    /// sent twice, or is not 1 to 255 bytes.
    ///
    /// A caller's key counts together with the tool and with `request`, all that the caller asks. Were it
    /// passed on as it is, a caller could pay one question and ask a hundred others of the same cost by
    /// the same key. Hashed, it also cannot meet a key that somebody else uses on the same account.
    pub fn of_caller(
        headers: &HeaderMap,
        tool: &str,
        request: &[u8],
    ) -> Result<Option<Self>, Refused> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let length = value.len();
        if values.next().is_some() || length == 0 || length > KEY_BYTES {
            return Err(Refused::InvalidKey);
        }
        Ok(Some(Self::of(value.as_bytes(), tool, request)))
    }

    /// The key that stands for these three.
    pub fn of(sent: &[u8], tool: &str, request: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [sent, tool.as_bytes(), request] {
            // With its length in front, so that no part runs into the next.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(format!("tool-call:{:x}", hash.finalize()))
    }

    /// Of a call that its caller cannot repeat.
    pub(crate) fn random() -> Self {
        Self(format!("tool-call:{}", Uuid::new_v4()))
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{IDEMPOTENCY_KEY, Key};
    use crate::answer::Refused;

    fn sent(keys: &[&str]) -> Result<Option<Key>, Refused> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_str(key).unwrap());
        }
        Key::of_caller(&headers, "search", b"land law")
    }

    #[test]
    fn a_callers_key_pays_for_one_request_only() {
        let paid = Key::of(b"k1", "search", b"land law");
        assert_eq!(sent(&["k1"]), Ok(Some(paid.clone())));
        for other in [
            Key::of(b"k2", "search", b"land law"),
            Key::of(b"k1", "translate", b"land law"),
            Key::of(b"k1", "search", b"tax laws"),
            Key::of(b"k1s", "earch", b"land law"),
        ] {
            assert_ne!(paid, other);
        }
        assert_eq!(paid.into_text().len(), "tool-call:".len() + 64);
    }

    #[test]
    fn a_key_is_sent_once_and_is_1_to_255_bytes() {
        let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
        assert_eq!(sent(&[]), Ok(None));
        assert!(matches!(sent(&[longest.as_str()]), Ok(Some(_))));
        assert_eq!(sent(&["k", "k"]), Err(Refused::InvalidKey));
        for key in ["", too_long.as_str()] {
            assert_eq!(sent(&[key]), Err(Refused::InvalidKey), "{key:?}");
        }
        assert_ne!(Key::random(), Key::random());
    }
}
