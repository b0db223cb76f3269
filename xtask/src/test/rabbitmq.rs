//! RabbitMQ for the tests of events: installed where it is missing, and may be.

use std::process::Stdio;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::step::{Steps, succeed};
use billing_stage::process::find_program;
use billing_stage::rabbitmq::obstacle;

/// Leaves RabbitMQ installed where it can. Without it the tests that need it say so, each, and pass.
pub async fn install(steps: &mut Steps) {
    let step = "RabbitMQ";
    let Some(missing) = obstacle() else {
        return;
    };
    let may = rustix::process::geteuid().is_root() && find_program("apt-get").is_some();
    let why = if may {
        by_apt().await.err().map(|error| format!("{error:#}"))
    } else {
        Some(missing)
    };
    if let Some(why) = why {
        steps.skip(step, &format!("the tests of its broker pass unseen: {why}"));
    }
}

async fn by_apt() -> Result<()> {
    let mut install = Command::new("apt-get");
    install
        .args([
            "install",
            "-y",
            "--no-install-recommends",
            "rabbitmq-server",
        ])
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Debian starts what it installs, but not in this runlevel.
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null());
    succeed(&mut install).await?;
    if find_program("systemctl").is_some() {
        // Nor at the next start of the machine. Without systemd there is nothing to undo.
        let mut disable = Command::new("systemctl");
        disable.args(["disable", "--now", "rabbitmq-server"]);
        let _ = disable
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
    }
    ensure!(
        obstacle().is_none(),
        "RabbitMQ was installed, and is not found"
    );
    Ok(())
}
