//! These tests measure and kill: one at a time.

use std::fs::File;
use std::path::Path;

use anyhow::Result;
use billing_stage::{Stage, Tokens, core_beside};

/// Nobody else's turn before this is dropped, also where each test is a process of its own.
pub struct Alone {
    _lock: File,
}

/// A stage with as many running cores, once no other test has one.
pub async fn set(cores: usize) -> Result<(Alone, Stage, Tokens)> {
    let program = core_beside()?;
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash.lock"))?;
    lock.lock()?;
    let (stage, tokens) = Stage::set(program, cores).await?;
    Ok((Alone { _lock: lock }, stage, tokens))
}
