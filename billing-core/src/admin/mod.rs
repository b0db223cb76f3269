//! What administrators look at of a whole tenant: its accounts, what they spend, how it stands, and mail that does
//! not arrive. Reads only. Its payments: `payment`.

pub mod changes;
pub mod grpc;
mod queries;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::id::AccountId;
use crate::money::Micros;

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

/// An account that was found, with what belongs to its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub account: AccountId,
    pub user_id: String,
    pub opened_at: Timestamp,
    pub email: Option<String>,
}

/// What was spent on a day, on a tool, or by a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub of: String,
    pub spent: Micros,
    pub charges: i64,
}

/// What a tenant's accounts have spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub days: Vec<Spent>,
    pub tools: Vec<Spent>,
    pub users: Vec<Spent>,
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
