//! Requests are parsed at the edge, field by field; behind it nobody checks again.

use std::collections::BTreeMap;

use billing_proto::text::is_blank;
use jiff::{SignedDuration, Timestamp};

use crate::money::Micros;

/// A field of a request that cannot be what it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// As the contract names it, with dots.
    pub field: String,
    pub problem: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// A text of 1 to `most` bytes.
pub fn text(field: &str, text: String, most: usize) -> Result<String, FieldError> {
    if text.is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    bounded(field, text, most)
}

/// What people tell apart by its name, and so see: a text of 1 to `most` bytes that is not blank. What an
/// earlier version has taken under a blank name is still found by [`text`].
pub fn identifier(field: &str, text: String, most: usize) -> Result<String, FieldError> {
    let text = self::text(field, text, most)?;
    name(field, &text)?;
    Ok(text)
}

/// A name that a new account may have. One in which nothing can be seen is nobody's, but a slip of whoever
/// sent it. The schema asks for a byte alone: such names may be in it, and what cannot be seen changes with
/// Unicode's versions, which a constraint would not follow.
pub fn name(field: &str, name: &str) -> Result<(), FieldError> {
    if is_blank(name) {
        return Err(FieldError::new(field, "must not be blank"));
    }
    Ok(())
}

/// A text of 1 to `most` bytes, or none where it is empty.
pub fn optional_text(field: &str, text: String, most: usize) -> Result<Option<String>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    bounded(field, text, most).map(Some)
}

fn bounded(field: &str, text: String, most: usize) -> Result<String, FieldError> {
    if text.len() > most {
        return Err(FieldError::new(
            field,
            format!("must have at most {most} bytes"),
        ));
    }
    // PostgreSQL's text cannot hold it.
    if text.contains('\0') {
        return Err(FieldError::new(field, "must not contain U+0000"));
    }
    Ok(text)
}

/// An amount of more than 0.
pub fn positive_amount(field: &str, micros: i64) -> Result<Micros, FieldError> {
    if micros <= 0 {
        return Err(FieldError::new(field, "must be more than 0"));
    }
    amount(field, micros)
}

/// An amount of 0 or more.
pub fn amount(field: &str, micros: i64) -> Result<Micros, FieldError> {
    let amount = Micros::new(micros);
    if amount < Micros::ZERO {
        return Err(FieldError::new(field, "must not be negative"));
    }
    if amount > Micros::MAX_AMOUNT {
        return Err(too_large(field));
    }
    Ok(amount)
}

/// An amount of either sign, not 0.
pub fn signed_amount(field: &str, micros: i64) -> Result<Micros, FieldError> {
    if micros == 0 {
        return Err(FieldError::new(field, "must not be 0"));
    }
    if micros.unsigned_abs() > Micros::MAX_AMOUNT.get().unsigned_abs() {
        return Err(too_large(field));
    }
    Ok(Micros::new(micros))
}

fn too_large(field: &str) -> FieldError {
    FieldError::new(
        field,
        format!("must be at most {} micros", Micros::MAX_AMOUNT.get()),
    )
}

/// A whole number between `least` and `most`.
pub fn number(field: &str, number: i64, least: i64, most: i64) -> Result<i64, FieldError> {
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(FieldError::new(
            field,
            format!("must be between {least} and {most}"),
        ))
    }
}

/// A time to live of 1 s to 24 h; absent: 15 minutes.
pub fn ttl(field: &str, ttl: Option<prost_types::Duration>) -> Result<SignedDuration, FieldError> {
    let Some(ttl) = ttl else {
        return Ok(SignedDuration::from_mins(15));
    };
    let out_of_range = || FieldError::new(field, "must be between 1 s and 24 h");
    if !(0..1_000_000_000).contains(&ttl.nanos) || !(0..=86_400).contains(&ttl.seconds) {
        return Err(out_of_range());
    }
    let ttl = SignedDuration::new(ttl.seconds, ttl.nanos);
    if ttl < SignedDuration::from_secs(1) || ttl > SignedDuration::from_hours(24) {
        return Err(out_of_range());
    }
    Ok(ttl)
}

/// A moment that the database can hold.
pub fn timestamp(
    field: &str,
    at: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, FieldError> {
    let Some(at) = at else {
        return Ok(None);
    };
    // What the wire may carry: the years 1 to 9999.
    let in_range = (-62_135_596_800..=253_402_300_799).contains(&at.seconds)
        && (0..1_000_000_000).contains(&at.nanos);
    Timestamp::new(at.seconds, at.nanos)
        .ok()
        .filter(|_| in_range)
        .map(Some)
        .ok_or_else(|| FieldError::new(field, "must be a time between the years 1 and 9999"))
}

/// At most 50 keys of 1 to 40 bytes with values of at most 500 bytes.
pub fn metadata(
    field: &str,
    metadata: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, FieldError> {
    if metadata.len() > 50 {
        return Err(FieldError::new(field, "must have at most 50 keys"));
    }
    for (key, value) in &metadata {
        text(field, key.clone(), 40)?;
        bounded(field, value.clone(), 500)?;
    }
    Ok(metadata)
}
