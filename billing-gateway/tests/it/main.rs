//! The gateway over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it expects"
)]

mod accounts;
mod binary;
mod core_calls;
mod entries;
mod gateway;
mod outage;
mod payments;
mod slow_clients;
mod surface;
