//! The SQL of payments. That of their events is in `event/queries.rs`.

mod lease;
mod rate;
mod read;
mod review;
mod tenant;
mod write;

pub use lease::{ask_again_in_time, count_open, lease_due, lease_since};
pub use rate::{insert_rate, newest_rate};
pub use read::{
    find_by_key, find_by_reference, find_customer, find_disputes, find_movements,
    find_open_contributions, find_page_url, find_payment, find_payments, find_refunds,
    is_suspended, list_payments, lock_payment, lock_payments, paid_by, recent_outcomes,
};
pub use review::{findings, marked, redact, resolve};
pub use tenant::{DayRevenue, Wanted, find_contradictions, list_of_tenant, revenue};
pub use write::{
    EntryRow, RefundWords, insert_customer, insert_decline, insert_payment, insert_reference,
    insert_refund, write_dispute, write_page_url, write_payment, write_payments, write_refund,
};
