//! What is told of one person, as it waits in the outbox.

use billing_core::id::AccountId;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Kinds and payloads, in order.
pub struct Told {
    events: Vec<(String, Value)>,
    mails: Vec<(String, Value)>,
}

impl Told {
    /// Of a user. Their events are numbered from one on, without a gap.
    pub async fn of(owner: &mut PgConnection, user: &str) -> Self {
        let rows: Vec<(String, i64, String, Json<Value>)> = sqlx::query_as(
            "select channel, seq, kind, payload from outbox_message where account_id = $1 order by seq",
        )
        .bind(AccountId::of("acme", user).uuid())
        .fetch_all(owner)
        .await
        .unwrap();
        let mut told = Self {
            events: Vec::new(),
            mails: Vec::new(),
        };
        let mut numbers = Vec::new();
        for (channel, seq, kind, payload) in rows {
            if channel == "event" {
                numbers.push(seq);
                told.events.push((kind, payload.0));
            } else {
                told.mails.push((kind, payload.0));
            }
        }
        let expected: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "{user}");
        told
    }

    /// The events of a type.
    pub fn events(&self, kind: &str) -> Vec<&Value> {
        let of_kind = self.events.iter().filter(|(of, _)| of == kind);
        of_kind.map(|(_, payload)| payload).collect()
    }

    /// How many letters of a kind there are.
    pub fn mails(&self, kind: &str) -> usize {
        self.mails.iter().filter(|(of, _)| of == kind).count()
    }

    /// What all that is told of contributions adds up to, in cents.
    pub fn moved_minor(&self) -> i64 {
        let of_contributions = self
            .events
            .iter()
            .filter(|(kind, _)| kind.starts_with("contribution."));
        of_contributions
            .map(|(_, payload)| payload["moved_minor"].as_i64().unwrap())
            .sum()
    }
}
