//! Stripe's official clients against the sandbox: they share no code with this repository.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Result;
use tokio::process::Command;

use super::python_with;
use super::sandbox::Sandbox;
use crate::config;
use crate::step::{Steps, succeed};
use billing_stage::process::find_program;

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
    let keys = [
        ("STRIPE_SECRET_KEY", SECRET_KEY),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ];
    client.current_dir(clients()).envs(keys);
    Sandbox::start(&keys, &[]).await?.drive(client).await
}
