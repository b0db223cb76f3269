//! Holds: amounts set aside for one call. How they are placed and how they end is decided in the ledger,
//! which also ends those that expire.

pub mod grpc;
mod queries;

use jiff::Timestamp;

use crate::ledger::HoldView;

/// A hold that sets its amount aside, as people read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub hold: HoldView,
    pub at: Timestamp,
    pub tool: Option<String>,
    pub price_version: Option<i64>,
    pub request_id: Option<String>,
}
