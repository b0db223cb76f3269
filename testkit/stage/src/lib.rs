//! A private PostgreSQL and the services on it, as processes: what `cargo xtask up`, the crash
//! tests, the soak and the benchmark start.

pub mod config;
pub mod database;
pub mod hex;
pub mod postgres;
pub mod process;
pub mod rabbitmq;
pub mod service;
mod stage;

pub use stage::{CoreProcess, Stage, Tokens, beside, core_beside, free_address};
