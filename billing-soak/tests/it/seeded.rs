//! A soak that is to find a bug needs a core that has it.

use std::process::{Command, Output};

use anyhow::Result;
use billing_stage::core_beside;

#[test]
fn a_core_without_seeded_bugs_is_refused_where_one_is_to_be_found() -> Result<()> {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_billing-soak"))
        .args(["--seconds", "1", "--seeded-bug", "reply-before-commit"])
        .arg("--core-program")
        .arg(core_beside()?)
        .output()?;
    let said = String::from_utf8(stderr)?;
    assert!(!status.success(), "{said}");
    assert!(said.contains("built without any"), "{said}");
    Ok(())
}
