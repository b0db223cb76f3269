//! The pages: their own checks and tests, how large they are, and whole flows in a browser.

use std::path::PathBuf;

use anyhow::Result;

use super::against_up;
use crate::pages::{self, npm};
use crate::step::{Steps, succeed};
use billing_stage::process::find_program;

/// As distributions call it.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

pub async fn run(steps: &mut Steps) {
    let (alone, browser) = ("pages", "pages in a browser against `up`");
    if let Some(obstacle) = pages::obstacle().await {
        steps.skip(alone, &obstacle);
        steps.skip(browser, &obstacle);
        return;
    }
    steps.run(alone, tested()).await;
    match BROWSERS.into_iter().find_map(find_program) {
        Some(chromium) => steps.run(browser, flows(chromium)).await,
        None => steps.skip(browser, "no Chromium is installed (Debian: chromium)"),
    }
}

async fn tested() -> Result<()> {
    pages::install().await?;
    for script in ["check", "test"] {
        succeed(&mut npm(&["run", "--silent", script])).await?;
    }
    pages::built().await?;
    succeed(&mut npm(&["run", "--silent", "sizes"])).await
}

async fn flows(chromium: PathBuf) -> Result<()> {
    pages::install().await?;
    against_up(async |announcement| {
        let mut flows = npm(&["run", "--silent", "flows"]);
        flows
            .env("BILLING_UP", announcement)
            .env("BILLING_CHROMIUM", chromium);
        succeed(&mut flows).await
    })
    .await
}
