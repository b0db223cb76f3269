//! The sandbox over real HTTP. What the providers' own clients see of it is in `tests/stripe` and
//! `tests/fondy`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is not as it expects"
)]

mod binary;
mod checkout;
mod faults;
mod fondy;
mod idempotency;
mod page;
mod reversals;
mod stage;
mod subscriptions;
mod webhooks;
