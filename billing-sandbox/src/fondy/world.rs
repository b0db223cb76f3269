//! Everything that Fondy knows, in memory, and the one way to change it.

use std::sync::Arc;

use super::Merchant;
use super::callback::Oddity;
use super::orders::Orders;
use crate::fault::Oddities;
use crate::network::Network;
use crate::webhook::Origin;

#[derive(Debug, Default)]
pub struct World {
    /// Where the sandbox itself is reached, `http://127.0.0.1:4242`.
    pub base_url: String,
    pub orders: Orders,
    pub oddities: Oddities<Oddity>,
}

impl World {
    /// Where the payer of an order pays.
    pub fn checkout_url(&self, token: &str) -> String {
        format!("{}/checkout/{token}", self.base_url)
    }
}

/// One act on the world. The callbacks in it are delivered when it is complete.
#[derive(Debug)]
pub struct Act<'a> {
    pub world: &'a mut World,
    pub network: &'a mut Network,
    /// Unix seconds.
    pub now: i64,
    pub merchant: &'a Merchant,
    /// Who the callbacks come from.
    pub origin: &'a Arc<dyn Origin>,
}
