//! A sandbox of its own for each official client.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::terminate;
use crate::programs::{self, Profile};
use crate::step::succeed;
use billing_stage::process::bound_to_parent;

/// What a shell may have set and the sandbox must not read.
const FOREIGN_SETTINGS: [&str; 6] = [
    "BILLING_SANDBOX_WEBHOOK_URL",
    "BILLING_SANDBOX_FONDY_SPEEDUP",
    "BILLING_SANDBOX_TLS_CERT",
    "BILLING_SANDBOX_TLS_KEY",
    "FONDY_MERCHANT_ID",
    "FONDY_SECRET_KEY",
];

pub struct Sandbox {
    child: Child,
}

impl Sandbox {
    pub async fn start(keys: &[(&str, &str)], arguments: &[&OsStr]) -> Result<Self> {
        let built = programs::build_some(Profile::Dev, &["billing-sandbox"]).await?;
        let mut command = bound_to_parent(&built.program("billing-sandbox")?, "TERM");
        for name in FOREIGN_SETTINGS {
            command.env_remove(name);
        }
        let child = command
            .args(["--addr", "127.0.0.1:0", "--log", "warn"])
            .args(arguments)
            .envs(keys.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run billing-sandbox")?;
        Ok(Self { child })
    }

    /// Lets the client talk to it, and ends it.
    pub async fn drive(mut self, mut client: Command) -> Result<()> {
        let driven = async {
            client.env("BILLING_SANDBOX_URL", self.url().await?);
            succeed(&mut client).await
        };
        let driven = driven.await;
        let stopped = self.stop().await;
        driven.and(stopped)
    }

    /// It says first where it is.
    async fn url(&mut self) -> Result<String> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let stdout = self.child.stdout.take();
        let mut lines = BufReader::new(stdout.context("the address is read once")?).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .context("the sandbox says nothing")??;
        line.context("the sandbox ended before it served")
    }

    async fn stop(mut self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(30);
        terminate(&self.child);
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .context("the sandbox does not end")??;
        ensure!(status.success(), "the sandbox ended with {status}");
        Ok(())
    }
}
