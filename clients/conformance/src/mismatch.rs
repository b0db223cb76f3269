//! An expectation, and what was found instead.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    expected: String,
    found: String,
}

impl Mismatch {
    pub fn new(expected: impl Display, found: impl Display) -> Self {
        Self {
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\n    expected: {}\n    found:    {}",
            self.expected, self.found
        )
    }
}

impl std::error::Error for Mismatch {}

/// As JSON in one line, for people.
pub fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}
