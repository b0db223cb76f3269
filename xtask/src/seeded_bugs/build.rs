//! The core and its tests, compiled with the bugs in them.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::copy;
use crate::programs;

/// The programs that run the tests.
#[derive(Debug)]
pub struct Suites {
    /// Beside the code.
    pub unit: PathBuf,
    /// Over gRPC.
    pub wire: PathBuf,
}

/// The core's program.
pub async fn core(profile: programs::Profile) -> Result<PathBuf> {
    let built = programs::build_by(copy::cargo()?, profile, &["billing-core"]).await?;
    built.program("billing-core")
}

pub async fn suites() -> Result<Suites> {
    let mut command = copy::cargo()?;
    command
        .args(["test", "--no-run", "--package", "billing-core"])
        .args(["--lib", "--test", "it"])
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let building = command.spawn().context("cannot run cargo")?;
    let output = building
        .wait_with_output()
        .await
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the core's tests do not compile");
    let messages = String::from_utf8(output.stdout).context("cargo's messages")?;
    let suite = |kind| {
        executable(&messages, kind).with_context(|| format!("cargo built no tests of kind {kind}"))
    };
    Ok(Suites {
        unit: suite("lib")?,
        wire: suite("test")?,
    })
}

#[derive(Deserialize)]
struct Message {
    target: Target,
    profile: Profile,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// The one test program of a kind.
fn executable(messages: &str, kind: &str) -> Option<PathBuf> {
    messages
        .lines()
        // Most messages are of another kind.
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .find(|message| message.profile.test && message.target.kind.iter().any(|is| is == kind))
        .map(|message| message.executable)
}

#[cfg(test)]
mod tests {
    use super::executable;

    #[test]
    fn the_test_program_is_told_from_the_library_and_the_programs() {
        let messages = r#"{"reason":"build-script-executed"}
{"target":{"kind":["lib"]},"profile":{"test":false},"executable":null}
{"target":{"kind":["bin"]},"profile":{"test":false},"executable":"/t/billing-core"}
{"target":{"kind":["test"]},"profile":{"test":true},"executable":"/t/it-1"}
{"target":{"kind":["lib"]},"profile":{"test":true},"executable":"/t/billing_core-1"}
{"reason":"build-finished","success":true}"#;
        let found = |kind| executable(messages, kind).map(|path| path.display().to_string());
        assert_eq!(found("lib").as_deref(), Some("/t/billing_core-1"));
        assert_eq!(found("test").as_deref(), Some("/t/it-1"));
        assert_eq!(found("bin"), None);
    }
}
