//! What the images hold, started as a container's runtime would start it; and the images themselves,
//! where there is a Docker to build them.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Result;
use tokio::process::Command;

use crate::config;
use crate::pages;
use crate::programs::{self, Profile};
use crate::step::{Steps, succeed};
use billing_stage::postgres::Server;
use billing_stage::process::find_program;

pub async fn run(steps: &mut Steps) {
    let contents = "contents of the images";
    let images = "images by Docker";
    if find_program("python3").is_none() {
        steps.skip(contents, "python3 is not installed");
        steps.skip(images, "python3 is not installed");
        return;
    }
    if !cfg!(target_os = "linux") || !rustix::process::geteuid().is_root() {
        steps.skip(contents, "only root on Linux can give a program a root");
    } else if find_program("psql").is_none() {
        steps.skip(contents, "psql is not installed");
    } else {
        steps.run(contents, start_contents()).await;
    }
    if docker_answers().await {
        let mut build = Command::new("python3");
        build.arg(script("build.py"));
        steps.run(images, succeed(&mut build)).await;
    } else {
        steps.skip(images, "no Docker engine answers");
    }
}

/// Of programs for development: their size says nothing.
async fn start_contents() -> Result<()> {
    let programs = programs::build(Profile::Dev).await?;
    let web = match pages::obstacle().await {
        None => Some(pages::built().await?),
        Some(obstacle) => {
            eprintln!("test: SKIPPED: the pages in the image: {obstacle}");
            None
        }
    };
    let mut server = Server::throw_away().await?;
    let mut start = Command::new("python3");
    start
        .arg(script("start.py"))
        .arg("--core")
        .arg(programs.core)
        .arg("--gateway")
        .arg(programs.gateway)
        .args(["--database", &server.superuser_url()]);
    if let Some(web) = web {
        start.arg("--web").arg(web);
    }
    let started = succeed(&mut start).await;
    server.stop().await?;
    started
}

async fn docker_answers() -> bool {
    let mut info = Command::new("docker");
    info.args(["info", "--format", "{{.ServerVersion}}"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    info.status().await.is_ok_and(|status| status.success())
}

fn script(name: &str) -> PathBuf {
    config::repository().join("tests/python/images").join(name)
}
