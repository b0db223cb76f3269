//! `cargo xtask test`: everything that is proved by running it.

mod clients;
mod fondy;
mod images;
mod majors;
mod pages;
mod rabbitmq;
mod sandbox;
mod stripe;
mod webhooks;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::config;
use crate::programs::{self, Profile};
use crate::step::{Steps, succeed};
use billing_stage::postgres::Server;
use billing_stage::process::{bound_to_parent, find_program};

#[derive(Debug, Args)]
pub struct Options {
    /// Only the Rust tests whose names contain one of these.
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
}

pub async fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::of("test");
    rabbitmq::install(&mut steps).await;
    steps.run("cargo test", rust(options)).await;
    if options.filters.is_empty() {
        majors::run(&mut steps).await;
    }
    let python = "Python client against `up`";
    if !options.filters.is_empty() {
        steps.skip(python, "only the Rust tests have filters");
    } else if find_program("python3").is_none() {
        steps.skip(python, "python3 is not installed");
    } else {
        steps.run(python, python_client()).await;
    }
    if options.filters.is_empty() {
        stripe::run(&mut steps).await;
        fondy::run(&mut steps).await;
        webhooks::run(&mut steps).await;
        clients::run(&mut steps).await;
        pages::run(&mut steps).await;
        images::run(&mut steps).await;
        // They fail on wrong books and wrong answers, never on time.
        let mut bench = xtask(&["bench", "--quick", "--profile", "dev"]);
        steps.run("benchmark, quickly", succeed(&mut bench)).await;
        let mut soak = xtask(&["soak", "--seconds", "60", "--profile", "dev"]);
        steps.run("soak of a minute", succeed(&mut soak)).await;
    }
    steps.conclude()
}

/// Another command of this program. Through cargo, since this very binary may have been replaced by
/// a newer one.
fn xtask(arguments: &[&str]) -> Command {
    let mut command = programs::cargo();
    command
        .args(["run", "--quiet", "--bin", "xtask", "--"])
        .args(arguments)
        .env_remove("DATABASE_URL")
        .current_dir(config::repository());
    command
}

/// On a throw-away server, on which each test makes a database of its own.
async fn rust(options: &Options) -> Result<()> {
    // Some tests start the services' binaries, which cargo does not build for them.
    programs::build(Profile::Dev).await?;
    let mut server = Server::throw_away().await?;
    eprintln!("test: {}", server.version());
    let mut command = programs::cargo();
    command
        .args(["test", "--workspace", "--no-fail-fast", "--"])
        .args(&options.filters)
        .env("TEST_DATABASE_URL", server.superuser_url())
        .current_dir(config::repository());
    let tested = succeed(&mut command).await;
    server.stop().await?;
    tested
}

/// A client that shares no code with this repository, against what a new user starts.
async fn python_client() -> Result<()> {
    let tests = config::repository().join("tests/python");
    let python = python_with("python", &tests.join("requirements.txt")).await?;
    against_up(async |announcement| {
        let mut flow = Command::new(python);
        succeed(flow.arg(tests.join("flow.py")).arg(announcement)).await
    })
    .await
}

/// Starts `up` with nothing in it but the demonstration, and stops it when all is driven; what it announces
/// is in the file of the given path.
async fn against_up(drive: impl AsyncFnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("billing-test-")
        // As root the PostgreSQL in it runs as somebody else, who must pass.
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in("/tmp")?;
    let mut up = Up::start(&folder.path().join("state"))?;
    let announcement = folder.path().join("up.json");
    let driven = async {
        fs::write(&announcement, up.announcement().await?)?;
        drive(&announcement).await
    };
    let driven = driven.await;
    let stopped = up.stop().await;
    driven.and(stopped)
}

/// The Python of the environment of that name, which holds what the file asks for and is made when
/// the file changed.
pub(crate) async fn python_with(name: &str, requirements: &Path) -> Result<PathBuf> {
    let environment = config::target().join(name);
    let python = environment.join("bin/python");
    let installed = environment.join("requirements.txt");
    let wanted = fs::read(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )
    .await
    .context("cannot make a Python environment (Debian: apt-get install python3-venv)")?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ]);
    succeed(pip.arg(requirements)).await?;
    fs::write(installed, wanted)?;
    Ok(python)
}

/// `cargo xtask up` as a process of its own.
struct Up {
    child: Child,
}

impl Up {
    fn start(state: &Path) -> Result<Self> {
        // Through cargo, since this very binary may have been replaced by a newer one.
        let child = programs::forget_package(&mut bound_to_parent(&config::cargo(), "TERM"))
            .args(["run", "--quiet", "--bin", "xtask", "--"])
            .args(["up", "--json", "--free-ports", "--state"])
            .arg(state)
            .env_remove("DATABASE_URL")
            // Receivers of webhooks are here.
            .env("BILLING_ENDPOINT_ALLOWED_NETWORKS", "127.0.0.0/8")
            .current_dir(config::repository())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It stops its services in order when it is asked to, by us alone.
            .process_group(0)
            .spawn()
            .context("cannot run cargo")?;
        Ok(Self { child })
    }

    async fn announcement(&mut self) -> Result<String> {
        // A build may come first.
        const PATIENCE: Duration = Duration::from_mins(15);
        let stdout = self
            .child
            .stdout
            .take()
            .context("the announcement is read once")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .context("`up` says nothing")??;
        line.context("`up` ended before everything answered")
    }

    async fn stop(mut self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(90);
        terminate(&self.child);
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => {
                let status = status?;
                ensure!(status.success(), "`up` ended with {status}");
                Ok(())
            }
            Err(_) => bail!("`up` does not end"),
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        terminate(&self.child);
    }
}

/// Asks it to end in order.
fn terminate(child: &Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // One that has ended needs no signal.
        let _ = kill_process(pid, Signal::TERM);
    }
}
