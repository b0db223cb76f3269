//! The ledger on a real database, and its decisions without one.

mod books;
mod columns;
mod commands;
mod expiry;
mod limits;
mod locks;
pub(crate) mod plans;
mod splits;
mod warnings;
mod zones;
