//! What mail tells of a contribution: read from a notice of the outbox.

use jiff::Timestamp;
use serde_json::Value;

use super::letter::{number, of_minor};
use super::words::Amount;

/// The lowest first.
pub const BADGES: [&str; 4] = ["bronze", "silver", "gold", "platinum"];

/// What has become of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Received,
    Refunded,
    Disputed,
    /// What a refund or a dispute had taken counts again.
    Restored,
}

/// A contribution, and how its giver stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    /// As they may name it to whoever helps them.
    pub number: String,
    pub paid: Amount,
    pub paid_at: Timestamp,
    /// What more there is of it, or less: without its sign.
    pub moved: Amount,
    /// By a bank, and no refund of ours.
    pub by_bank: bool,
    pub total: Amount,
    pub badge_before: Option<&'static str>,
    pub badge: Option<&'static str>,
    /// The badge that comes next, and how much is missing to it.
    pub next: Option<(&'static str, Amount)>,
}

impl Turn {
    /// The name of its templates, and of what is counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "contribution_received",
            Self::Refunded => "contribution_refunded",
            Self::Disputed => "contribution_disputed",
            Self::Restored => "contribution_restored",
        }
    }
}

impl Gift {
    pub fn read(payload: &Value) -> Result<Self, &'static str> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str);
        let currency = text("currency").ok_or("no currency")?;
        let amount = |minor: i64| of_minor(minor, currency.to_owned());
        let moved = number(payload, "moved_minor").ok_or("no moved_minor")?;
        let moved = moved.checked_abs().ok_or("moved_minor out of range")?;
        let paid_at = text("paid_at").and_then(|at| at.parse().ok());
        let next = match badge(payload, "next_badge")? {
            None => None,
            Some(next) => {
                let missing = number(payload, "missing_minor").ok_or("no missing_minor")?;
                Some((next, amount(missing)?))
            }
        };
        Ok(Self {
            number: text("ulid").ok_or("no ulid")?.to_owned(),
            paid: amount(number(payload, "paid_minor").ok_or("no paid_minor")?)?,
            paid_at: paid_at.ok_or("no paid_at")?,
            moved: amount(moved)?,
            by_bank: text("cause") == Some("dispute"),
            total: amount(number(payload, "total_minor").ok_or("no total_minor")?)?,
            badge_before: badge(payload, "badge_before")?,
            badge: badge(payload, "badge")?,
            next,
        })
    }

    /// The badge is a higher one than before.
    pub fn has_risen(&self) -> bool {
        rank(self.badge) > rank(self.badge_before)
    }

    pub fn has_fallen(&self) -> bool {
        rank(self.badge) < rank(self.badge_before)
    }
}

fn badge(payload: &Value, name: &str) -> Result<Option<&'static str>, &'static str> {
    match payload.get(name) {
        None => Err("no badge"),
        Some(Value::Null) => Ok(None),
        Some(badge) => {
            let known = BADGES.into_iter().find(|known| badge == *known);
            known.map(Some).ok_or("unknown badge")
        }
    }
}

fn rank(badge: Option<&str>) -> Option<usize> {
    BADGES.iter().position(|known| badge == Some(*known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_badge_that_is_not_known_is_not_told() {
        for (badge, reads) in [
            (json!(null), true),
            (json!("gold"), true),
            (json!("diamond"), false),
        ] {
            let payload = json!({
                "currency": "USD", "ulid": "01HQ", "paid_at": "2026-11-21T08:05:59Z", "paid_minor": 2_500,
                "moved_minor": 2_500, "total_minor": 2_500, "badge_before": null, "badge": badge,
                "next_badge": null,
            });
            assert_eq!(Gift::read(&payload).is_ok(), reads, "{badge}");
        }
    }
}
