//! What the surroundings say: the one place that reads environment variables beside clap's and
//! `billing-stage`'s.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

pub use billing_stage::config::{repository, target};

/// The cargo that runs this program, else the one on the search path.
pub fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// What the cargo that runs this program has set to describe it. A cargo that is started from here
/// must not inherit it: build scripts that look at such a variable would run again, and everything
/// above them be compiled again, each time that the one and the other cargo take turns.
pub fn package_variables() -> Vec<OsString> {
    const PREFIXES: [&str; 4] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| {
            let name = name.to_string_lossy();
            PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || name == "CARGO_PRIMARY_PACKAGE"
        })
        .collect()
}
