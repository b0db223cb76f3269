//! An account as the references read it, decide on it and answer of it.

use billing_proto::v1::{Balance, ChargeResponse, Decision, LimitPeriod, LimitStatus};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

#[derive(Clone, Copy)]
pub struct Standing {
    pub settled: i64,
    pub held: i64,
    pub day: Limit,
    pub month: Limit,
}

/// A limit, if there is one, and what of it is used.
#[derive(Clone, Copy)]
pub struct Limit {
    limit: Option<i64>,
    pub used: i64,
}

impl Standing {
    /// Of the columns of `account`.
    pub fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let limit = |limit: &str, used: &str| {
            Ok::<_, sqlx::Error>(Limit {
                limit: row.try_get(limit)?,
                used: row.try_get(used)?,
            })
        };
        Ok(Self {
            settled: row.try_get("settled_micros")?,
            held: row.try_get("held_micros")?,
            day: limit("daily_limit_micros", "day_spent_micros")?,
            month: limit("monthly_limit_micros", "month_spent_micros")?,
        })
    }

    fn available(&self) -> i64 {
        self.settled.saturating_sub(self.held)
    }

    pub fn decide(&self, suspended: bool, amount: i64) -> Decision {
        let exceeds = |limit: Limit| {
            let used = limit.used.saturating_add(amount);
            limit.limit.is_some_and(|limit| used > limit)
        };
        if suspended {
            Decision::AccountSuspended
        } else if amount > self.available() {
            Decision::InsufficientBalance
        } else if exceeds(self.day) {
            Decision::DailyLimitExceeded
        } else if exceeds(self.month) {
            Decision::MonthlyLimitExceeded
        } else {
            Decision::Allowed
        }
    }

    /// The answer that the product would give after a charge; `self`: after it.
    pub fn charged(&self, account: Uuid, seq: i64, amount: i64) -> ChargeResponse {
        ChargeResponse {
            decision: Decision::Allowed.into(),
            enforced: true,
            required_micros: amount,
            balance: Some(self.balance()),
            limits: self.limits(),
            billing_enabled: true,
            charged_micros: amount,
            entry_id: format!("{}-{seq}", account.simple()),
            ..ChargeResponse::default()
        }
    }

    pub fn balance(&self) -> Balance {
        Balance {
            currency: "USD".to_owned(),
            settled_micros: self.settled,
            held_micros: self.held,
            available_micros: self.available(),
            debt_micros: self.settled.saturating_neg().max(0),
        }
    }

    pub fn limits(&self) -> Vec<LimitStatus> {
        let status = |period: LimitPeriod, Limit { limit, used }: Limit| LimitStatus {
            period: period.into(),
            limit_micros: limit,
            used_micros: used,
            remaining_micros: limit.map(|limit| limit.saturating_sub(used).max(0)),
            resets_at: None,
        };
        vec![
            status(LimitPeriod::Day, self.day),
            status(LimitPeriod::Month, self.month),
        ]
    }
}
