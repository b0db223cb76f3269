//! The clients of tool backends: their own tests, their packages, and the scenarios that all of them pass.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::{against_up, python_with};
use crate::config;
use crate::programs::{self, Profile};
use crate::step::{Steps, succeed};
use billing_stage::process::find_program;

/// How a framework shows that a call has ended, and how: the rest is the same code in each.
const OF_FRAMEWORKS: &str = "allowed-,capture-,denied-402,end-,key-invalid,nobody-,report-";

pub async fn run(steps: &mut Steps) {
    steps.run("Rust client", rust()).await;
    let (client, mcp_server) = ("Node client", "MCP server against `up`");
    if find_program("node").is_none() || find_program("npm").is_none() {
        for name in [client, mcp_server] {
            steps.skip(name, "node or npm is not installed");
        }
    } else {
        steps.run(client, node()).await;
        steps.run(mcp_server, mcp()).await;
    }
    let (client, programs) = ("Python client", "example programs against `up`");
    if find_program("python3").is_none() {
        for name in [client, programs] {
            steps.skip(name, "python3 is not installed");
        }
        return;
    }
    steps.run(client, python()).await;
    if find_program("node").is_none() {
        steps.skip(programs, "node is not installed");
    } else {
        steps.run(programs, examples()).await;
    }
}

/// Its tests are among those of the workspace.
async fn rust() -> Result<()> {
    let subject = programs::build_example("subject").await?;
    conform("rust-axum", &[&subject], None).await?;
    bear("rust-axum", &[&subject], "direct").await?;
    let mut package = programs::cargo();
    package
        .args(["package", "--quiet", "--no-verify", "--allow-dirty"])
        .args(["--package", "billing-proto", "--package", "billing-client"])
        .current_dir(config::repository());
    succeed(&mut package).await
}

async fn node() -> Result<()> {
    let client = folder("node");
    install(&client).await?;
    // The tests build it.
    for script in ["test", "check"] {
        succeed(&mut npm(&client, &["run", "--silent", script])).await?;
    }
    succeed(&mut npm(&client, &["pack", "--dry-run", "--silent"])).await?;
    let program = client.join("conformance/subject.mjs");
    let subject = [Path::new("node"), &program];
    conform("node-express5", &subject, None).await?;
    bear("node-express5", &subject, "nginx-tls").await?;
    for other in ["node-express4", "node-fastify"] {
        conform(other, &subject, Some(OF_FRAMEWORKS)).await?;
    }
    Ok(())
}

async fn python() -> Result<()> {
    let client = folder("python");
    let python = python_with("python-client", &client.join("requirements-dev.txt")).await?;
    let checks: [&[&str]; 2] = [
        &["pytest", "-q", "-p", "no:cacheprovider"],
        &["mypy", "--cache-dir", "/dev/null"],
    ];
    for check in checks {
        let mut module = in_python(&python, &client);
        succeed(module.arg("-m").args(check)).await?;
    }
    install_wheel(&python, &client).await?;
    let program = client.join("conformance/subject.py");
    let subject = [python.as_path(), &program];
    conform("python-fastapi", &subject, None).await?;
    bear("python-fastapi", &subject, "haproxy").await?;
    conform("python-threads", &subject, Some(OF_FRAMEWORKS)).await
}

/// The subject then imports what users install.
async fn install_wheel(python: &Path, client: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut package = in_python(python, client);
    package
        .args(["-m", "build", "--no-isolation", "--outdir"])
        .arg(folder.path());
    succeed(package.stdout(Stdio::null())).await?;
    let mut entries = std::fs::read_dir(folder.path())?.filter_map(Result::ok);
    let wheel = entries
        .find(|file| file.path().extension().is_some_and(|end| end == "whl"))
        .context("no wheel was built")?;
    let mut pip = in_python(python, client);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--force-reinstall"])
        .arg(wheel.path());
    succeed(&mut pip).await
}

async fn mcp() -> Result<()> {
    let server = folder("mcp");
    install(&server).await?;
    against_up(async |announcement| {
        let mut tests = npm(&server, &["test", "--silent"]);
        succeed(tests.env("BILLING_UP", announcement)).await
    })
    .await
}

/// A backend by each client, driven as the platform's callers would.
async fn examples() -> Result<()> {
    let tests = config::repository().join("tests");
    let driver = python_with("python", &tests.join("python/requirements.txt")).await?;
    let python = config::target().join("python-client/bin/python");
    let axum = programs::build_example("axum").await?;
    let express = folder("node").join("examples/express.mjs");
    let fastapi = folder("python").join("examples/fastapi_app.py");
    let commands: [&[&Path]; 3] = [
        &[Path::new("node"), &express],
        &[&python, &fastapi],
        &[&axum],
    ];
    against_up(async |announcement| {
        for command in commands {
            let mut drive = Command::new(&driver);
            drive
                .arg(tests.join("clients/drive.py"))
                .arg(announcement)
                .args(command)
                .env("PYTHONDONTWRITEBYTECODE", "1");
            succeed(&mut drive).await?;
        }
        Ok(())
    })
    .await
}

/// Plays the suite, or those scenarios of it, against a client's subject.
async fn conform(name: &str, subject: &[&Path], only: Option<&str>) -> Result<()> {
    let mut runner = runner(name, subject, "scenarios").await?;
    runner.args(only.into_iter().flat_map(|texts| ["--only", texts]));
    succeed(&mut runner).await
}

/// Load while the core is killed, halts and loses answers; every charge is looked at afterwards.
async fn bear(name: &str, subject: &[&Path], through: &str) -> Result<()> {
    let mut runner = runner(name, subject, "faults").await?;
    runner.args(["--seconds", "20", "--through", through]);
    succeed(&mut runner).await
}

async fn runner(name: &str, subject: &[&Path], task: &str) -> Result<Command> {
    let built =
        programs::build_some(Profile::Dev, &["billing-core", "billing-conformance"]).await?;
    let command: Vec<String> = subject
        .iter()
        .map(|part| format!("'{}'", part.display()))
        .collect();
    let mut runner = Command::new(built.program("billing-conformance")?);
    runner.args([task, "--name", name, "--subject", &command.join(" ")]);
    Ok(runner)
}

fn folder(client: &str) -> PathBuf {
    config::repository().join("clients").join(client)
}

async fn install(package: &Path) -> Result<()> {
    let fetch = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    succeed(npm(package, &fetch).stdout(Stdio::null())).await
}

fn npm(package: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command
        .args(arguments)
        .env_remove("NODE_ENV")
        .current_dir(package);
    command
}

/// Nothing is left beside the sources.
fn in_python(python: &Path, client: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(client);
    command
}
