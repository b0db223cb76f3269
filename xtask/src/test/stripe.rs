//! Stripe's official clients against the sandbox: they share no code with this repository.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{python_with, terminate};
use crate::config;
use crate::process::{bound_to_parent, find_program};
use crate::programs::{self, Profile};
use crate::step::{Steps, succeed};

const SECRET_KEY: &str = "sk_test_of_the_official_clients";
const WEBHOOK_SECRET: &str = "whsec_of_the_official_clients";

pub async fn run(steps: &mut Steps) {
    let python = "Stripe's Python client against the sandbox";
    if find_program("python3").is_none() {
        steps.skip(python, "python3 is not installed");
    } else {
        steps.run(python, python_client()).await;
    }
    let node = "Stripe's Node client against the sandbox";
    if find_program("node").is_none() || find_program("npm").is_none() {
        steps.skip(node, "node or npm is not installed");
    } else {
        steps.run(node, node_client()).await;
    }
}

async fn python_client() -> Result<()> {
    let python = python_with("python-stripe", &clients().join("requirements.txt")).await?;
    let mut client = Command::new(python);
    client.arg("sandbox.py");
    drive(client).await
}

async fn node_client() -> Result<()> {
    let mut install = Command::new("npm");
    install
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(clients())
        .stdout(Stdio::null());
    succeed(&mut install).await?;
    let mut client = Command::new("node");
    client.arg("sandbox.mjs");
    drive(client).await
}

fn clients() -> PathBuf {
    config::repository().join("tests/stripe")
}

/// Lets the client talk to a sandbox of its own.
async fn drive(mut client: Command) -> Result<()> {
    let mut sandbox = Sandbox::start().await?;
    let driven = async {
        client
            .current_dir(clients())
            .env("BILLING_SANDBOX_URL", sandbox.url().await?)
            .env("STRIPE_SECRET_KEY", SECRET_KEY)
            .env("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET);
        succeed(&mut client).await
    };
    let driven = driven.await;
    let stopped = sandbox.stop().await;
    driven.and(stopped)
}

struct Sandbox {
    child: Child,
}

impl Sandbox {
    async fn start() -> Result<Self> {
        let package = ["--package", "billing-sandbox", "--bins"];
        let built = programs::build_some(Profile::Dev, &package).await?;
        let child = bound_to_parent(&built.program("billing-sandbox")?, "TERM")
            .args(["--addr", "127.0.0.1:0", "--log", "warn"])
            .env("STRIPE_SECRET_KEY", SECRET_KEY)
            .env("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env_remove("BILLING_SANDBOX_WEBHOOK_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run billing-sandbox")?;
        Ok(Self { child })
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
