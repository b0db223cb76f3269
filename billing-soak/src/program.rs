//! The core that is soaked.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_stage::core_beside;
use tokio::process::Command;
use tokio::time::timeout;

use crate::options::Options;

/// The named one, else the one beside this program; with a bug, one that can have it.
pub async fn of(options: &Options) -> Result<PathBuf> {
    let program = find(options)?;
    if let Some(bug) = &options.seeded_bug {
        let known = known(&program).await?;
        ensure!(
            !known.is_empty(),
            "--seeded-bug: {} cannot be given the bug {bug}: it was built without any; \
             `cargo xtask soak --seeded-bug {bug}` builds one that can",
            program.display()
        );
        ensure!(
            known.contains(bug),
            "--seeded-bug: no such bug; there are: {}",
            known.join(", ")
        );
    }
    Ok(program)
}

fn find(options: &Options) -> Result<PathBuf> {
    let Some(program) = &options.core_program else {
        return core_beside();
    };
    ensure!(
        program.is_file(),
        "--core-program: there is no program {}; build it first",
        program.display()
    );
    Ok(program.clone())
}

/// The bugs that the core can be given: one that has any ends when it is to have one that nobody
/// knows, and lists them. Any other ends for want of a database.
async fn known(program: &Path) -> Result<Vec<String>> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let ended = Command::new(program)
        .args(["--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
        .env("BILLING_SEEDED_BUG", "which")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let said = timeout(PATIENCE, ended)
        .await
        .with_context(|| format!("{} does not say which bugs it knows", program.display()))?
        .with_context(|| format!("cannot run {}", program.display()))?
        .stderr;
    Ok(listed(&String::from_utf8_lossy(&said)))
}

/// None where the core does not speak of bugs.
fn listed(said: &str) -> Vec<String> {
    let (_, list) = said.split_once("no bug is named").unwrap_or_default();
    let names = list.lines().filter_map(|line| line.strip_prefix("  "));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_core_that_ends_for_another_reason_knows_no_bug() {
        let refusal =
            "BILLING_SEEDED_BUG: no bug is named \"which\"; there are:\n  no-fold\n  no-row-lock\n";
        assert_eq!(listed(refusal), ["no-fold", "no-row-lock"]);
        let without =
            "error: the following required arguments were not provided:\n  --database-url <URL>\n";
        assert!(listed(without).is_empty());
    }
}
