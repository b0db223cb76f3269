//! The core on the other versions of PostgreSQL that it is promised to work on.

use anyhow::Result;
use tokio::process::Command;

use crate::config;
use crate::programs;
use crate::step::{Steps, succeed};
use billing_stage::postgres::Server;
use billing_stage::postgres::binaries::Binaries;

/// The oldest, the newest, and one that differs from both in how it plans.
const MAJORS: [(u32, &str); 3] = [
    (15, "core on PostgreSQL 15"),
    (17, "core on PostgreSQL 17"),
    (18, "core on PostgreSQL 18"),
];

/// Parts of the names of the tests that another server may decide otherwise: how statements are planned
/// and lock, what the schema refuses, how it is migrated, how commits and connections end. The rest is
/// the same program on the same answers, and would cost minutes for each version.
const WHAT_DEPENDS_ON_THE_SERVER: [&str; 9] = [
    "ledger::",
    "plans",
    "payment::",
    "database::",
    "migrate::",
    "concurrency::",
    "commit::",
    "blocked::",
    "outage::",
];

/// On each version but the one that all tests have run on.
pub async fn run(steps: &mut Steps) {
    let used = Server::installation(None).await.map(|found| found.major);
    for (major, name) in MAJORS {
        if used.as_ref().is_ok_and(|used| *used == major) {
            continue;
        }
        match Server::installation(Some(major)).await {
            Ok(binaries) => steps.run(name, core_on(binaries)).await,
            Err(reason) => steps.skip(name, &format!("{reason:#}")),
        }
    }
}

async fn core_on(binaries: Binaries) -> Result<()> {
    let package = "billing-core";
    let programs = programs::tests_of(package).await?;
    let mut server = Server::throw_away_of(binaries).await?;
    eprintln!("test: {}", server.version());
    let mut tested = Ok(());
    for program in programs {
        let mut command = Command::new(program);
        command
            .args(WHAT_DEPENDS_ON_THE_SERVER)
            .env("TEST_DATABASE_URL", server.superuser_url())
            .current_dir(config::repository().join(package));
        tested = tested.and(succeed(&mut command).await);
    }
    server.stop().await?;
    tested
}
