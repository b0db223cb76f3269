//! History: what the ledger has written, for people to read. Reads only.

pub mod grpc;
mod histories;
mod queries;

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::id::{EntrySeq, HoldId};
use crate::money::Micros;

pub use histories::Histories;
pub use queries::first_at_or_after;

/// An entry with what people wrote about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: EntrySeq,
    /// As the table names it.
    pub kind: String,
    pub amount: Micros,
    pub balance_after: Micros,
    pub counterparty: String,
    pub created_at: Timestamp,
    pub request_id: Option<String>,
    pub tool: Option<String>,
    pub price_version: Option<i64>,
    pub hold: Option<HoldId>,
    pub refunds: Option<EntrySeq>,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub reason: Option<String>,
    pub actor: Option<String>,
    /// The payment that moved the money, and its provider.
    pub payment: Option<(Uuid, String)>,
    /// A top-up: what was paid, in minor units of the currency.
    pub paid: Option<(i64, String)>,
    /// Booked while enforcement was off.
    pub unenforced: bool,
}

/// Which entries of an account are asked for, newest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only what is older than this entry.
    pub before: Option<EntrySeq>,
    /// None: of all kinds.
    pub kinds: Vec<&'static str>,
    pub tool: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub skip: i64,
    pub most: i64,
}
