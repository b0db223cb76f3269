//! The official libraries of Standard Webhooks against what a core sends.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Result;
use tokio::process::Command;

use super::{against_up, python_with};
use crate::config;
use crate::programs::{self, Profile};
use crate::step::{Steps, succeed};
use billing_stage::process::find_program;

pub async fn run(steps: &mut Steps) {
    let python = "Python receiver of webhooks against `up`";
    if find_program("python3").is_none() {
        steps.skip(python, "python3 is not installed");
    } else {
        steps.run(python, python_receiver()).await;
    }
    let node = "Node receiver of webhooks against `up`";
    if find_program("node").is_none() || find_program("npm").is_none() {
        steps.skip(node, "node or npm is not installed");
    } else {
        steps.run(node, node_receiver()).await;
    }
}

async fn python_receiver() -> Result<()> {
    let python = python_with("python-webhooks", &receivers().join("requirements.txt")).await?;
    let mut receiver = Command::new(python);
    receiver.arg("receiver.py");
    drive(receiver).await
}

async fn node_receiver() -> Result<()> {
    let mut install = Command::new("npm");
    install
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(receivers())
        .stdout(Stdio::null());
    succeed(&mut install).await?;
    let mut receiver = Command::new("node");
    receiver.arg("receiver.mjs");
    drive(receiver).await
}

fn receivers() -> PathBuf {
    config::repository().join("tests/webhooks")
}

/// Lets the receiver add itself to what is up.
async fn drive(mut receiver: Command) -> Result<()> {
    let core = programs::build(Profile::Dev).await?.core;
    against_up(async |announcement| {
        receiver
            .arg(announcement)
            .env("BILLING_CORE", core)
            .current_dir(receivers());
        succeed(&mut receiver).await
    })
    .await
}
