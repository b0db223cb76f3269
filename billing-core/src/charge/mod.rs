//! Charges without a hold, and what is given back of a charge. Both are decided in the ledger.

pub mod grpc;
