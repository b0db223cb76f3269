//! The books: what the tables must say of each other, whatever happened.

use std::fmt;

use uuid::Uuid;

pub use super::queries::check;

/// Something that the books say twice and differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule does not hold.
    pub rule: String,
    pub account_id: Uuid,
    /// What the account's row says, and what its other rows add up to.
    pub account_says: i64,
    pub rows_say: i64,
}

impl Finding {
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "rule": self.rule,
            "account_id": self.account_id.to_string(),
            "account_says": self.account_says,
            "rows_say": self.rows_say,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "account {}: {}: the account says {}, its rows say {}",
            self.account_id, self.rule, self.account_says, self.rows_say
        )
    }
}
