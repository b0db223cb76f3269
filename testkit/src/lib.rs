//! What tests start from: a database of their own on a real server, and the real core on it.
//!
//! `cargo xtask test` brings the server and names it in `TEST_DATABASE_URL`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up must fail where it stands"
)]

mod core;
mod database;
mod deployed;
mod nginx;
mod rabbitmq;

pub use crate::core::{Caller, TestCore};
pub use crate::database::TestDatabase;
pub use crate::deployed::{Pages, Pooler, Proxy, Upstream};
pub use crate::nginx::Nginx;
pub use crate::rabbitmq::{EventQueue, rabbitmq};
pub use billing_stage::rabbitmq::Broker;
