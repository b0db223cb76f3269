//! The core over the real wire, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails where its set-up fails"
)]

mod proxy;
mod support;
mod user;

mod account;
mod auth;
mod charge;
mod check;
mod concurrency;
mod database;
mod history;
mod hold;
mod input;
mod limits;
mod outage;
mod price;
mod refund;
mod shutdown;
