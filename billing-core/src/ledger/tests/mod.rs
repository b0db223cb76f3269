//! The ledger on a real database, and its decisions without one.
