//! The reference process as the run's child.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use billing_stage::process::bound_to_parent;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use super::{Addresses, Service};

const PATIENCE: Duration = Duration::from_secs(30);

/// Ends with this value, and with this program.
pub struct ReferenceProcess {
    addresses: Addresses,
    child: Child,
}

impl ReferenceProcess {
    pub async fn start(database_url: &str, threads: usize) -> Result<Self> {
        let program = std::env::current_exe().context("this program lies nowhere")?;
        let mut child = bound_to_parent(&program, "KILL")
            .args(["reference", "--threads", &threads.to_string()])
            .args(["--database-url", database_url])
            // A Ctrl-C is for this program.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the reference process")?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        let mut output = BufReader::new(output);
        timeout(PATIENCE, output.read_line(&mut line))
            .await
            .context("the reference process does not start")??;
        let addresses = serde_json::from_str(&line)
            .context("the reference process did not say where it listens")?;
        Ok(Self { addresses, child })
    }

    pub fn address(&self, service: Service) -> Result<SocketAddr> {
        let mut addresses = self.addresses.iter();
        let found = addresses.find(|(other, _)| *other == service);
        let (_, address) = found.with_context(|| format!("there is no reference {service:?}"))?;
        Ok(*address)
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// It has nothing to lose.
    pub async fn end(mut self) -> Result<()> {
        self.child
            .kill()
            .await
            .context("cannot end the reference process")
    }
}
