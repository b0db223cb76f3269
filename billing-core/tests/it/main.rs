//! The core over the real wire, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where its set-up fails"
)]
#![expect(
    clippy::unnecessary_wraps,
    reason = "what is optional in a message is built as it is sent"
)]

mod proxy;
mod support;
mod user;

mod account;
mod admin;
mod admin_changes;
mod auth;
mod between;
mod blocked;
mod charge;
mod check;
mod clock;
mod commit;
mod concurrency;
mod contribution;
mod contribution_months;
mod database;
mod database_clock;
mod doctor;
mod endpoints;
mod events;
mod history;
mod hold;
mod input;
mod limits;
mod locks;
mod low_balance;
mod mail;
mod migrate;
mod operator;
mod outage;
mod overload;
mod payment;
mod person;
mod port;
mod price;
mod read;
mod reflection;
mod refund;
mod sessions;
mod shutdown;
mod sponsorship;
mod switches;
mod tenant;
mod tenant_usage;
mod tls;
mod tokens;
mod turns;
mod unopened;
mod usage;
mod warnings;
