//! How Stripe's API looks on the wire: parameters, errors, lists, expansion, idempotency.

pub mod error;
pub mod expand;
pub mod idempotency;
pub mod list;
pub mod params;
pub mod request;
pub mod routes;
