//! What callers attach to an object.

use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::params::Params;
use crate::stripe::world::Metadata;

const KEYS_MAX: usize = 50;
const KEY_LENGTH_MAX: usize = 40;
const VALUE_LENGTH_MAX: usize = 500;

/// Applies the parameter `metadata`: what it names is set, an empty value takes the key away, an
/// empty `metadata` takes all of them.
pub fn update(metadata: &mut Metadata, params: &mut Params) -> Result<(), ApiError> {
    let Some(changes) = params.object("metadata")? else {
        return Ok(());
    };
    if changes.is_empty() {
        metadata.clear();
        return Ok(());
    }
    let mut after = metadata.clone();
    for (key, value) in changes.remaining_texts()? {
        if key.chars().count() > KEY_LENGTH_MAX {
            return Err(refused(&key, "keys", KEY_LENGTH_MAX, &key));
        }
        if value.chars().count() > VALUE_LENGTH_MAX {
            return Err(refused(&key, "values", VALUE_LENGTH_MAX, &value));
        }
        if value.is_empty() {
            after.remove(&key);
        } else {
            after.insert(key, value);
        }
    }
    if after.len() > KEYS_MAX {
        let message = format!(
            "Metadata can only have up to {KEYS_MAX} keys, but you passed in {}.",
            after.len()
        );
        return Err(ApiError::invalid(message).param("metadata"));
    }
    *metadata = after;
    Ok(())
}

fn refused(key: &str, what: &str, length_max: usize, given: &str) -> ApiError {
    let message = format!(
        "Metadata {what} can have up to {length_max} characters, but you passed in one that is {} \
         characters. Invalid: {given}",
        given.chars().count()
    );
    ApiError::invalid(message).param(format!("metadata[{key}]"))
}
