//! A webhook of our own making, signed as the provider would: `doctor` sends it from outside to learn
//! whether webhooks come through, and whoever receives it stores nothing.

use axum::http::HeaderMap;

/// The type of its event. No provider has one that is called so.
pub(crate) const SELF_TEST: &str = "billing_gateway.self_test";

#[derive(Clone, Debug)]
pub(crate) struct SelfTest {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub signed_by: Signer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// One of the secrets that are set, by its place among them, from 1 on.
    Ours(usize),
    /// Somebody who has none of them.
    Forger,
}
