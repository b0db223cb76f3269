//! The core and its PostgreSQL, killed and stopped as processes, while callers are at work.
//!
//! Needs a `billing-core` that is built beside it.

#![expect(
    clippy::indexing_slicing,
    reason = "a test may end here, and what is indexed is its own"
)]

mod alone;
mod drain;
mod explained;
mod footprint;
mod halt;
mod injuries;
mod payment;
mod primary;
mod promotion;
mod roll;
mod seeded;
mod stall;
mod tls;
