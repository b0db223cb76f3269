//! Charges one by one, each with its own answer; the load generator counts them only in sums.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use billing_proto::v1::ChargeRequest;
use tokio::time::timeout;

use super::told::Told;
use crate::load::{Rpc, Wire};

/// One connection serialises what many calls could do at once.
const CONNECTIONS: usize = 16;

/// How long after its deadline a call may still be answered: by then it has been lost.
const SLACK: Duration = Duration::from_secs(1);

/// Where the calls go, and how long each may take.
#[derive(Clone, Debug)]
pub struct Line {
    pub core: SocketAddr,
    pub token: String,
    pub deadline: Duration,
}

/// Connections to one core. Cheap to clone; they belong to the runtime that made them.
#[derive(Clone)]
pub struct Callers {
    wires: Arc<[Wire]>,
    patience: Duration,
}

impl Callers {
    pub async fn connect(line: &Line) -> Result<Self> {
        let mut wires = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            wires.push(Wire::connect(line.core, &line.token, line.deadline).await?);
        }
        Ok(Self {
            wires: wires.into(),
            patience: line.deadline + SLACK,
        })
    }

    /// `turn` chooses the connection.
    pub async fn send(&self, turn: u64, charge: &ChargeRequest) -> Told {
        let wire = usize::try_from(turn)
            .unwrap_or_default()
            .checked_rem(self.wires.len())
            .and_then(|turn| self.wires.get(turn));
        let Some(mut wire) = wire.cloned() else {
            return Told::Untrue("there is no connection".to_owned());
        };
        match timeout(self.patience, wire.call(Rpc::Charge, charge)).await {
            Ok(answer) => Told::of(answer),
            Err(_) => Told::Silence,
        }
    }
}

/// The database finds the number in it again.
pub const KEY_PREFIX: &str = "numbered-";

/// As long as the load generator's keys.
pub fn key(number: u64) -> String {
    format!("{KEY_PREFIX}{number:023}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_keys_are_as_long_as_the_load_generators() {
        assert_eq!(key(7).len(), 32);
        assert_eq!(key(7).strip_prefix(KEY_PREFIX).unwrap().parse(), Ok(7));
    }
}
