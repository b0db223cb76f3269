//! What administrators look at of a whole tenant: its accounts, what they spend, how it stands, and mail that does
//! not arrive. Reads only. Its payments: `payment`.

pub mod changes;
pub mod grpc;
mod queries;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::id::AccountId;
use crate::money::Micros;
use crate::usage;

/// For how long an overview is shown again: it reads what a month has brought.
const OVERVIEW_LASTS: Duration = Duration::from_mins(1);

/// Which accounts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    All,
    Active,
    Marked(Mark),
}

/// What few accounts are, so that they are found by an index of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Suspended,
    InDebt,
    Disabled,
}

impl Mark {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::InDebt => "in_debt",
            Self::Disabled => "disabled",
        }
    }
}

/// Which accounts of a tenant, by user id.
#[derive(Clone, Debug)]
pub struct Search {
    pub tenant_id: String,
    /// How their user ids begin, or their address.
    pub text: String,
    pub status: Status,
    /// Only those behind this user id.
    pub behind: String,
    pub skip: i64,
    pub most: i64,
}

/// An account that was found, with what belongs to its person; or somebody who paid or gave something and has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub account: AccountId,
    pub user_id: String,
    /// None: there is no account yet.
    pub opened_at: Option<Timestamp>,
    pub email: Option<String>,
}

/// How a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overview {
    pub accounts: i64,
    pub revenue_today: Micros,
    pub revenue_month: Micros,
    pub spent_today: Micros,
    pub spent_month: Micros,
    pub payments_in_review: i64,
    pub undelivered_mail: i64,
    pub as_of: Timestamp,
}

/// Overviews that were read a moment ago, each tenant's. Cheap to clone.
#[derive(Clone, Default)]
pub struct Overviews(Arc<Mutex<HashMap<String, (Instant, Overview)>>>);

impl Overviews {
    fn find(&self, tenant_id: &str) -> Option<Overview> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(tenant_id)
            .filter(|(read_at, _)| read_at.elapsed() < OVERVIEW_LASTS)
            .map(|(_, overview)| *overview)
    }

    fn keep(&self, tenant_id: String, overview: Overview) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (read_at, _)| read_at.elapsed() < OVERVIEW_LASTS);
        known.insert(tenant_id, (Instant::now(), overview));
    }
}

/// How a tenant stands now.
async fn overview(pool: &PgPool, tenant_id: &str) -> Result<Overview, sqlx::Error> {
    let mut overview = queries::overview(pool, tenant_id).await?;
    let today = overview.as_of.to_zoned(TimeZone::UTC).date();
    // One more than the month has had: it may be midnight meanwhile.
    let days = i32::from(today.day()).saturating_add(1);
    let usage = usage::of_tenant(pool, tenant_id, days, 1).await?;
    let sum = |of: &str| {
        let days = usage.days.iter().filter(|day| day.of.starts_with(of));
        let mut sum = days.map(|day| day.spent);
        sum.try_fold(Micros::ZERO, Micros::plus)
            .map_err(|error| sqlx::Error::Decode(error.into()))
    };
    overview.spent_today = sum(&today.to_string())?;
    overview.spent_month = sum(&today.strftime("%Y-%m-").to_string())?;
    Ok(overview)
}

/// A mail that was tried and has not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub place: MailPlace,
    pub kind: String,
    pub user_id: String,
    pub email: Option<String>,
    pub attempts: i32,
    pub last_error: Option<String>,
    /// None: it was given up.
    pub next_attempt_at: Option<Timestamp>,
}

/// Where a mail stands among those of its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailPlace {
    pub created_at: Timestamp,
    pub account: Uuid,
    pub seq: i64,
}
