//! What the surroundings say: the one place that reads environment variables.

use std::env;
use std::path::{Path, PathBuf};

/// The folders of `PATH`.
pub fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The repository's root.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
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
