//! Holds: amounts set aside for one call. How they are placed and how they end is decided in the ledger,
//! which also ends those that expire.

pub mod grpc;
