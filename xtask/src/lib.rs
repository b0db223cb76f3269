//! The project's commands, as a library, so that tests and later tools build on the same parts.

pub mod config;
mod hex;
pub mod lint;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod sqlx_data;
pub mod stage;
pub mod step;
pub mod test;
pub mod up;
