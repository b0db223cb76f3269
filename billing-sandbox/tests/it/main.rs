//! The sandbox over real HTTP. What Stripe's own clients see of it is in `tests/stripe`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is not as it expects"
)]

mod binary;
mod faults;
mod idempotency;
mod page;
mod reversals;
mod stage;
mod webhooks;
