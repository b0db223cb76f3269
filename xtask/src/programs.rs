//! The binaries of the services, built when needed.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::config;

/// Built binaries.
#[derive(Debug, Clone)]
pub struct Programs {
    pub core: PathBuf,
    pub gateway: PathBuf,
    pub sandbox: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    Dev,
    Release,
}

/// A cargo that builds as one that was started by hand does.
pub fn cargo() -> Command {
    let mut command = Command::new(config::cargo());
    forget_package(&mut command);
    command
}

/// Takes away what this program's own cargo has set for this program alone.
pub fn forget_package(command: &mut Command) -> &mut Command {
    for name in config::package_variables() {
        command.env_remove(name);
    }
    command
}

/// Builds the services as they are in the repository now; progress goes to stderr.
pub async fn build(profile: Profile) -> Result<Programs> {
    let services = ["billing-core", "billing-gateway", "billing-sandbox"];
    let built = build_some(profile, &services).await?;
    Ok(Programs {
        core: built.program("billing-core")?,
        gateway: built.program("billing-gateway")?,
        sandbox: built.program("billing-sandbox")?,
    })
}

/// What cargo said of what it has built.
pub struct Built(String);

impl Built {
    /// Where a program is that was built.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        executable(&self.0, name).with_context(|| format!("cargo built no {name}"))
    }
}

/// Builds programs of the workspace; progress goes to stderr. No package is named: for one alone cargo
/// would choose other features of foreign crates, and compile these and all above them once more.
pub async fn build_some(profile: Profile, programs: &[&str]) -> Result<Built> {
    let mut command = cargo();
    command.current_dir(config::repository());
    build_by(command, profile, programs).await
}

/// An example of the workspace, of whichever package has it.
pub async fn build_example(name: &str) -> Result<PathBuf> {
    let mut command = cargo();
    command
        .current_dir(config::repository())
        .args(["build", "--example", name]);
    built(command, name).await?.program(name)
}

/// The same, by a cargo that may build something else than the repository.
pub async fn build_by(mut command: Command, profile: Profile, programs: &[&str]) -> Result<Built> {
    command
        .arg("build")
        .args(programs.iter().flat_map(|program| ["--bin", program]));
    if profile == Profile::Release {
        command.arg("--release");
    }
    built(command, &programs.join(", ")).await
}

async fn built(mut command: Command, names: &str) -> Result<Built> {
    command
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let building = command.spawn().context("cannot run cargo")?;
    let output = building
        .wait_with_output()
        .await
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "these do not compile: {names}");
    let messages = String::from_utf8(output.stdout).context("cargo's messages")?;
    Ok(Built(messages))
}

/// The test programs of a package, built as `cargo test --workspace` builds them: cargo would build one
/// package's alone with other features, and all below it once more.
pub async fn tests_of(package: &str) -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command
        .args(["test", "--workspace", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(config::repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let output = command.spawn().context("cannot run cargo")?;
    let output = output
        .wait_with_output()
        .await
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the tests do not compile");
    let messages = String::from_utf8(output.stdout).context("cargo's messages")?;
    let manifest = config::repository().join(package).join("Cargo.toml");
    let tests: Vec<PathBuf> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<TestMessage>(line).ok())
        .filter(|message| message.profile.test && message.manifest_path == manifest)
        .map(|message| message.executable)
        .collect();
    ensure!(!tests.is_empty(), "cargo built no tests of {package}");
    Ok(tests)
}

#[derive(Deserialize)]
struct TestMessage {
    manifest_path: PathBuf,
    profile: TestProfile,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct TestProfile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Cargo says where it put a binary, wherever its output is configured to go.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        // Most messages are of another kind.
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .find(|message| message.target.name == name)
        .map(|message| message.executable)
}
