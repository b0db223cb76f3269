//! `cargo xtask lint`: everything that is checked without running the product.

mod circles;
mod imports;
mod sql;

use std::path::PathBuf;

use anyhow::Result;
use tokio::process::Command;

use crate::config;
use crate::migrations;
use crate::pages;
use crate::programs;
use crate::seeded_bugs;
use crate::sqlx_data::{self, Purpose};
use crate::step::{Steps, succeed};
use crate::test::python_with;
use billing_stage::process::find_program;

const BUF: &str = "@bufbuild/buf@1.75.0";

pub async fn run() -> Result<()> {
    let mut steps = Steps::of("lint");
    let mut format = cargo(&["fmt", "--all", "--", "--check"]);
    steps.run("cargo fmt", succeed(&mut format)).await;
    let mut clippy = cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    steps.run("cargo clippy", succeed(&mut clippy)).await;
    // It is no member of the workspace, so that nothing else tells.
    let mut fuzz = cargo(&["tree", "--locked", "--depth", "0"]);
    fuzz.args(["--manifest-path", "fuzz/Cargo.toml"]);
    steps.run("fuzz/Cargo.lock", succeed(&mut fuzz)).await;
    steps.run("seeded bugs", copy_with_bugs()).await;
    steps
        .run("circles of imports", async { circles::check() })
        .await;
    steps
        .run("statements in queries", async { sql::check() })
        .await;
    steps.run("migrations", async { migrations::check() }).await;
    alerts(&mut steps).await;
    proto(&mut steps).await;
    chart(&mut steps).await;
    dependencies(&mut steps).await;
    compose(&mut steps).await;
    web(&mut steps).await;
    steps
        .run("query data (.sqlx)", sqlx_data::run(Purpose::Check))
        .await;
    steps.conclude()
}

/// Formatting and clippy of the copy of the core that has them.
async fn copy_with_bugs() -> Result<()> {
    let checks = [
        "fmt --package billing-core -- --check",
        "clippy --package billing-core --all-targets -- -D warnings",
    ];
    for check in checks {
        succeed(seeded_bugs::cargo()?.args(check.split(' '))).await?;
    }
    Ok(())
}

/// The rules, and those that no test causes for real: `billing-gateway/tests/alerts` has the others.
async fn alerts(steps: &mut Steps) {
    let checks = [
        (
            "alert rules",
            ["check", "rules", "helm/billing/files/alerts.yaml"],
        ),
        (
            "alerts on series that were made up",
            [
                "test",
                "rules",
                "billing-gateway/tests/alerts/synthetic.yaml",
            ],
        ),
    ];
    for (name, arguments) in checks {
        if find_program("promtool").is_none() {
            steps.skip(name, "promtool is not installed (Debian: prometheus)");
            continue;
        }
        let mut promtool = Command::new("promtool");
        promtool.args(arguments).current_dir(config::repository());
        steps.run(name, succeed(&mut promtool)).await;
    }
}

async fn proto(steps: &mut Steps) {
    if find_program("npx").is_none() {
        steps.skip("buf", "npx is not installed (Node.js brings it)");
        return;
    }
    let buf = |arguments: &[&str]| {
        let mut command = Command::new("npx");
        command
            .args(["--yes", BUF])
            .args(arguments)
            .current_dir(config::repository().join("proto"));
        command
    };
    steps.run("buf lint", succeed(&mut buf(&["lint"]))).await;
    steps
        .run(
            "buf format",
            succeed(&mut buf(&["format", "-d", "--exit-code"])),
        )
        .await;
}

async fn chart(steps: &mut Steps) {
    let name = "Helm chart";
    if find_program("python3").is_none() {
        steps.skip(name, "python3 is not installed");
    } else {
        steps.run(name, chart_tests()).await;
    }
}

/// What Helm itself makes of the chart, and whether the newest Kubernetes would take that.
async fn chart_tests() -> Result<()> {
    let tests = config::repository().join("tests/python/chart");
    let python = python_with("python-chart", &tests.join("requirements.txt")).await?;
    succeed(Command::new(python).arg(tests.join("chart_test.py"))).await
}

/// Without advisories, which need a network and change by themselves. Cargo fetches what it has not
/// yet: the check reads the crates of every platform, and a build only those of its own.
async fn dependencies(steps: &mut Steps) {
    let Some(cargo_deny) = cargo_deny() else {
        steps.skip(
            "cargo deny",
            "not installed; once: cargo install --locked --version 0.20.2 cargo-deny --root target/tools",
        );
        return;
    };
    let mut command = Command::new(cargo_deny);
    command
        .args([
            "--all-features",
            "--locked",
            "check",
            "--hide-inclusion-graph",
        ])
        .args(["bans", "licenses", "sources"])
        .current_dir(config::repository());
    steps.run("cargo deny", succeed(&mut command)).await;
}

async fn compose(steps: &mut Steps) {
    let name = "compose file";
    if find_program("python3").is_none() {
        steps.skip(name, "python3 is not installed");
    } else {
        steps.run(name, compose_check()).await;
    }
}

/// What Docker Compose makes of the file, held against our own rules.
async fn compose_check() -> Result<()> {
    let check = config::repository().join("tests/python/compose");
    let python = python_with("python-compose", &check.join("requirements.txt")).await?;
    let mut command = Command::new(python);
    command
        .arg(check.join("check.py"))
        .arg(config::target().join("compose"));
    succeed(&mut command).await
}

async fn web(steps: &mut Steps) {
    steps
        .run("lock file of the pages", async { pages::check_lock() })
        .await;
    let (types, style) = (
        "types of the pages from openapi.json",
        "eslint and prettier",
    );
    if let Some(obstacle) = pages::obstacle().await {
        steps.skip(types, &obstacle);
        steps.skip(style, &obstacle);
        return;
    }
    let fetched = async |arguments: &[&str]| {
        pages::install().await?;
        succeed(&mut pages::npm(arguments)).await
    };
    let check = [
        "run",
        "--silent",
        "generate",
        "-w",
        "@billing/client",
        "--",
        "--check",
    ];
    steps.run(types, fetched(&check)).await;
    steps
        .run(style, fetched(&["run", "--silent", "lint"]))
        .await;
}

fn cargo_deny() -> Option<PathBuf> {
    let own = config::target().join("tools/bin/cargo-deny");
    if own.is_file() {
        Some(own)
    } else {
        find_program("cargo-deny")
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = programs::cargo();
    command.args(arguments).current_dir(config::repository());
    command
}
