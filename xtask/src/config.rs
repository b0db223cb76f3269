//! What the surroundings say: the one place that reads environment variables beside clap's.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folders of `PATH`.
pub fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The repository's root.
pub fn repository() -> PathBuf {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().unwrap_or(member).to_path_buf()
}

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

/// Where cargo puts what it builds, and this program what it fetches.
pub fn target() -> PathBuf {
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    repository().join(folder)
}

/// A folder of the user's that lives as long as the login, for sockets.
pub fn runtime_folder() -> Option<PathBuf> {
    env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
}

/// Which PostgreSQL to use: a folder of server binaries, or `fetch`; unset: look for one.
pub fn postgres_choice() -> Option<String> {
    env::var_os("BILLING_PG_BIN").map(|value| value.to_string_lossy().into_owned())
}
