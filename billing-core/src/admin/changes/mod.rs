//! What administrators changed, with what other tables say of it.

pub mod grpc;
mod queries;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::admin_change::Said;
use crate::id::{AccountId, EntrySeq};

/// Where a page goes on: behind the change of this time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Timestamp,
    pub id: Uuid,
}

/// A change, with what stands elsewhere of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub place: Place,
    pub deed: String,
    pub account: Option<AccountId>,
    pub user_id: Option<String>,
    pub said: Said,
    pub before: BTreeMap<String, Value>,
    pub after: BTreeMap<String, Value>,
    pub entry: Option<EntrySeq>,
    /// A payment, and the refund of it.
    pub refund: Option<(Uuid, Uuid)>,
}
