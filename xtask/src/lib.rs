//! The project's commands, as a library, so that tests look at them.

pub mod bench;
pub mod config;
pub mod lint;
pub mod migrations;
pub mod pages;
pub mod programs;
pub mod seeded_bugs;
pub mod soak;
pub mod sqlx_data;
pub mod step;
pub mod test;
pub mod up;
