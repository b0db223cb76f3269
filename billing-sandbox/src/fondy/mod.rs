//! Fondy: orders that are paid on a hosted page, and callbacks that tell of them.

pub mod callback;
pub mod endpoints;
pub mod flow;
pub mod order;
pub mod orders;
pub mod outcome;
pub mod refusal;
pub mod signature;
pub mod wire;

use secrecy::SecretString;

/// Whose orders they are: callers sign with the secret, and so does Fondy.
#[derive(Clone, Debug)]
pub struct Merchant {
    pub id: u64,
    pub secret: SecretString,
}
