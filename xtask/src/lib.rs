//! The project's commands, as a library, so that tests and later tools build on the same parts.

pub mod bench;
pub mod config;
pub mod hex;
pub mod lint;
pub mod migrations;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod seeded_bugs;
pub mod soak;
pub mod sqlx_data;
pub mod stage;
pub mod step;
pub mod test;
pub mod up;
