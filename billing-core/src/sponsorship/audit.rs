//! What the rows about contributions must say of each other, whatever happened.

use std::fmt;

pub use super::queries::check;

/// Something that is said twice and differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule does not hold.
    pub rule: String,
    /// The contribution, supporter, or tenant and period.
    pub of: String,
    pub kept: Option<i64>,
    /// What the rows below add up to.
    pub rows_say: Option<i64>,
}

impl Finding {
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "rule": self.rule,
            "of": self.of,
            "kept": self.kept,
            "rows_say": self.rows_say,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |amount: Option<i64>| amount.map_or("nothing".to_owned(), |n| n.to_string());
        write!(
            f,
            "{}: {}: kept is {}, its rows say {}",
            self.of,
            self.rule,
            amount(self.kept),
            amount(self.rows_say)
        )
    }
}
