//! The books: what the tables must say of each other, whatever happened.

use std::fmt;

use sqlx::PgPool;
use uuid::Uuid;

use super::queries;

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

/// Checks every account against its entries, holds and refunds, in one snapshot. Reads the whole
/// ledger: minutes on a large one. Answers with at most 1,000 findings; none means that the books
/// are right.
pub async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    queries::contradictions(pool).await
}
