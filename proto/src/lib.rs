//! The contract of the billing core, generated from `billing/v1/*.proto`.

pub mod code;
pub mod contact;
pub mod reason;
pub mod retry;
pub mod text;

/// Package `billing.v1`: messages, clients and servers.
#[allow(clippy::all, clippy::pedantic, missing_docs, reason = "generated code")]
pub mod v1 {
    tonic::include_proto!("billing.v1");
}

/// The encoded descriptors of the contract, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/billing.bin"));
