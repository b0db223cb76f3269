//! Every statement of the ledger, one function each.
//!
//! On the hot path a statement serves a whole batch: it takes arrays and finds its rows by key.

mod audit;
mod open;
mod read;
mod repair;
mod write;

pub use audit::check;
pub use open::{Openings, TenantDefaults, insert_accounts, tenant_defaults};
pub use read::{
    Found, Wanted, due_warnings, expired_holds, find_account, find_accounts, find_charges,
    find_free_calls, find_keys_and_holds, hardly_wait, lock_accounts, locked_accounts,
};
pub use repair::{counted_since, holds_ahead, insert_repairs};
pub use write::{
    insert_notes, insert_unenforced, write_batch, write_free_calls, write_refunds, write_settings,
};
