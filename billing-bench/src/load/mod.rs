//! The load generator: calls of the contract, made as fast as the server answers (closed loop, for
//! capacity) or as a clock says (open loop, for latency).
//!
//! It shares the machine with what it measures, so it is lean: threads of its own with a runtime
//! each, and HTTP/2 streams without the layers of a gRPC client.

mod apart;
mod drive;
mod errand;
mod seed;
mod tally;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

pub use apart::apart;
pub use drive::{closed, open};
pub use errand::{Charged, MOST_MICROS, charge_request};
pub use seed::{
    CHUNK, FUNDS_MICROS, Member, Pattern, TENANT, account_id, members, open_accounts, seed, user,
};
pub use wire::{Rpc, Wire};

/// What one operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// `CheckBalance`.
    Check,
    /// Charge by amount, with a fresh key.
    Charge,
    /// `PlaceHold` with a fresh key, then `CaptureHold` of all or part of it.
    HoldCapture,
    /// `GetBalance`.
    Balance,
    /// `GetBadges` of so many people, whose numbers follow each other.
    Badges(u16),
    /// `GetProgress`.
    Progress,
    /// `ListSupporters`: the first page of all time.
    Wall,
    /// `GrantCredit` with a fresh key; an administrator's token may.
    Grant,
}

/// On whose account, of those that [`seed`] has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Always this one.
    One(u64),
    /// Any of the first so many.
    Uniform(u64),
    /// Any from the first of these numbers up to the second, which is not one of them.
    Between(u64, u64),
}

/// What a load consists of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub work: Work,
    pub accounts: Accounts,
    pub tenant: &'static str,
}

impl Plan {
    pub const fn new(work: Work, accounts: Accounts) -> Self {
        Self {
            work,
            accounts,
            tenant: TENANT,
        }
    }

    /// The same of another tenant.
    pub const fn of(self, tenant: &'static str) -> Self {
        Self { tenant, ..self }
    }
}

/// Servers of the contract, and how they are reached. The connections live as long as one load.
#[derive(Clone, Debug)]
pub struct Target {
    addresses: Vec<SocketAddr>,
    token: String,
    connections: usize,
}

impl Target {
    /// Several cores on one database share the connections evenly.
    pub async fn connect(
        addresses: &[SocketAddr],
        token: &str,
        connections: usize,
    ) -> Result<Self> {
        ensure!(!addresses.is_empty(), "a load needs an address");
        for address in addresses {
            tokio::net::TcpStream::connect(address)
                .await
                .with_context(|| format!("nothing listens on {address}"))?;
        }
        Ok(Self {
            addresses: addresses.to_vec(),
            token: token.to_owned(),
            connections: connections.max(addresses.len()),
        })
    }
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Operations that were carried out and acknowledged; a pair of `HoldCapture` is one.
    pub answered: u64,
    /// Everything else, by code and reason. A load without faults has none.
    pub errors: BTreeMap<String, u64>,
    /// Microseconds of each operation that was answered: from when it was sent (closed
    /// loop) or was to be sent (open loop).
    pub latency: Histogram<u64>,
    /// Until the last answer was there.
    pub elapsed: Duration,
    /// What the generator itself used of the processors.
    pub own_cpu: Duration,
}

impl Outcome {
    /// Answers by the second.
    pub fn per_second(&self) -> f64 {
        #![expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            clippy::float_arithmetic,
            reason = "a rate, for people"
        )]
        self.answered as f64 / self.elapsed.as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
