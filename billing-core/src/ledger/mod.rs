//! The one way money moves: `decide` in memory, `apply` in one transaction, the batcher in front.
//!
//! Only this module writes accounts, entries, holds and keys.

mod apply;
pub mod audit;
mod batcher;
mod columns;
mod command;
mod decide;
mod fair_queue;
pub mod grpc;
mod known;
mod lane;
mod local_time;
mod queries;
mod reader;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use apply::{ApplyError, DEFAULT_DAILY_LIMIT, DEFAULT_MONTHLY_LIMIT, apply};
pub use batcher::{Batcher, BatcherOptions, LedgerError};
pub use command::{
    Action, Capture, ChangeSettings, Charge, Command, CommandHash, Cost, EntryKind, Extend, Keyed,
    Note, Opening, Overage, PlaceHold, Post, RefundCharge, Release, Setting, SettingsChange,
};
pub use decide::{Answer, Context, Decision, HoldView, Limits, Refusal, assess_check, standing};
pub use known::KnownAccounts;
pub use local_time::{LocalTime, is_zone};
pub use queries::expired_holds;
pub use reader::{ReadError, Reader, Snapshot};
pub use state::{AccountState, Balance, FreeCalls, HoldState};

use sqlx::postgres::PgConnectOptions;

/// Session settings of every connection on the hot path.
///
/// A statement there names its rows by key, always. A generic plan saves planning it each time,
/// and a sequential scan, right for the empty table that the plan may have been made on, would be
/// kept when the table has grown: so neither scan nor hash is offered.
pub fn hot_path(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
        ("default_transaction_isolation", "read committed"),
        ("lock_timeout", "2s"),
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ])
}
