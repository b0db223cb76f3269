//! Ids as Stripe makes them.

use crate::providers::ProviderError;

/// Only an id is ever put into a path.
pub(super) fn checked<'a>(prefix: &str, text: &'a str) -> Result<&'a str, ProviderError> {
    if is_id(prefix, text) {
        return Ok(text);
    }
    Err(ProviderError::Away("not an id of Stripe".into()))
}

pub(super) fn is_id(prefix: &str, text: &str) -> bool {
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=250).contains(&rest.len()) && rest.bytes().all(allowed)
}
