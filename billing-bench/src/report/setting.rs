//! Where and how a run has measured, in general terms.

use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::thread::available_parallelism;

use serde::Serialize;

use crate::arena::{Arena, threads};
use crate::contender::UNIFORM;

#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    pub cores: usize,
    pub system: String,
    pub postgres: String,
    pub settings: BTreeMap<String, String>,
    /// What drives the lean statement.
    pub lean_driver: &'static str,
    /// Threads that serve requests, in the core and in the reference process.
    pub server_threads: usize,
    pub accounts: u64,
    pub counts_statements: bool,
}

impl Setting {
    pub fn of(arena: &Arena) -> Self {
        Self {
            cores: available_parallelism().map_or(0, usize::from),
            system: format!("{OS} {ARCH}"),
            postgres: arena.server_version().to_owned(),
            settings: arena.settings.clone(),
            lean_driver: arena.lean.name(),
            server_threads: threads(),
            accounts: UNIFORM,
            counts_statements: arena.meter.counts_statements(),
        }
    }
}
