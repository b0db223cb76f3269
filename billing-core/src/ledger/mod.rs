//! The one way money moves: `decide` in memory, `apply` in one transaction, the batcher in front.
//!
//! Only this module writes accounts, entries, holds and keys.

mod apply;
mod aside;
mod attempt;
pub mod audit;
mod batcher;
mod columns;
mod command;
mod decide;
mod fair_queue;
pub mod grpc;
mod joint_reads;
mod lane;
mod local_time;
mod moved;
mod periods;
mod queries;
mod reader;
mod session;
mod state;
mod stored;
mod sweep;
#[cfg(test)]
mod tests;
mod told;

#[cfg(test)]
pub(crate) use tests::plans;

pub use apply::{ApplyError, DEFAULT_DAILY_LIMIT, DEFAULT_MONTHLY_LIMIT, apply, apply_untold};
pub use attempt::Locks;
pub use batcher::{Batcher, BatcherOptions, LedgerError};
pub use command::{
    Action, Capture, ChangeSettings, Charge, Command, CommandHash, Cost, EntryKind, Extend, Keyed,
    Note, Opening, Overage, PlaceHold, Post, RefundCharge, Release, RepairClock, Setting,
    SettingsChange,
};
pub use decide::{
    Answer, Context, Decision, HoldView, Limits, Refusal, Retry, assess_check, standing,
};
pub use joint_reads::{JointReads, Question, ReadError};
pub use local_time::{LocalTime, is_zone};
pub use queries::{find_account, find_accounts, hardly_wait};
pub use reader::{Reader, Snapshot};
pub use session::{Session, hot_path};
pub use state::{AccountState, Balance, FreeCalls, HoldState};
pub use sweep::sweep;
