//! The pages of `web/`: whether they can be built here, and what was built of which sources.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use billing_stage::hex::hex;
use billing_stage::process::find_program;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::task::spawn_blocking;

use crate::config;
use crate::step::succeed;

/// What the packages ask for.
const NODE_MIN: (u32, u32) = (20, 19);

/// Of which sources the folder beside it was built.
const STAMP: &str = "dist/.sources";

/// What no page is made of.
const NO_SOURCES: [&str; 6] = [
    "node_modules",
    "dist",
    "e2e",
    "tests",
    "artefacts",
    "README.md",
];

/// Where the packages are.
pub fn folder() -> PathBuf {
    config::repository().join("web")
}

/// Why the pages cannot be built here; None: they can.
pub async fn obstacle() -> Option<String> {
    let (major, minor) = NODE_MIN;
    let wanted = format!("Node.js {major}.{minor} or newer, with npm");
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Some(format!("{wanted}, is not installed"));
    }
    let version = node_version().await.unwrap_or_default();
    let found = parsed(&version)?;
    (found < NODE_MIN).then(|| format!("{wanted}, is needed, and {version} is installed"))
}

async fn node_version() -> Result<String> {
    let output = Command::new("node").arg("--version").output().await?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Of `v20.19.3`. None: whoever has such a Node knows what they do.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

/// A command of npm's in `web/`; what it prints goes to stderr.
pub fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command
        .args(arguments)
        .current_dir(folder())
        .env_remove("NODE_ENV")
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    command
}

/// Fetches the packages of the lock file, unless they are there.
pub async fn install() -> Result<()> {
    let _alone = alone().await?;
    fetch().await
}

/// Until it is dropped, no other command fetches or builds: several may be started at once.
async fn alone() -> Result<File> {
    let path = config::target().join("pages.lock");
    fs::create_dir_all(config::target())?;
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let locked = spawn_blocking(move || file.lock().map(|()| file)).await?;
    locked.with_context(|| format!("cannot lock {}", path.display()))
}

async fn fetch() -> Result<()> {
    let (lock, installed) = (
        folder().join("package-lock.json"),
        folder().join("node_modules/.package-lock.json"),
    );
    let wanted = packages(&lock)?;
    // npm writes it last: after half an installation it is not there.
    if packages(&installed).is_ok_and(|installed| has_all(&installed, &wanted)) {
        return Ok(());
    }
    eprintln!("pages: fetching the packages of web/package-lock.json");
    succeed(&mut npm(&["ci", "--no-audit", "--no-fund"])).await
}

#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
struct Package {
    version: Option<String>,
    integrity: Option<String>,
    /// Of another system, perhaps.
    #[serde(default)]
    optional: bool,
}

fn packages(lock: &Path) -> Result<BTreeMap<String, Package>> {
    let text =
        fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let lock: Lock = serde_json::from_str(&text)
        .with_context(|| format!("{} is no lock file of npm", lock.display()))?;
    Ok(lock.packages)
}

fn has_all(installed: &BTreeMap<String, Package>, wanted: &BTreeMap<String, Package>) -> bool {
    let mut foreign = wanted
        .iter()
        .filter(|(path, _)| path.contains("node_modules/"));
    foreign.all(|(path, wanted)| match installed.get(path) {
        Some(there) => there.version == wanted.version && there.integrity == wanted.integrity,
        None => wanted.optional,
    })
}

/// The folder that a gateway serves, built anew where a source has changed since it was.
pub async fn built() -> Result<PathBuf> {
    let _alone = alone().await?;
    let (dist, stamp) = (folder().join("dist"), folder().join(STAMP));
    let sources = digest_of_sources()?;
    if fs::read_to_string(&stamp).is_ok_and(|of| of == sources) {
        return Ok(dist);
    }
    fetch().await?;
    eprintln!("pages: building them");
    // Its last part makes the folder anew, and so takes the stamp away.
    succeed(&mut npm(&["run", "--silent", "build"])).await?;
    fs::write(&stamp, sources).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(dist)
}

/// Of every file that the pages are made of.
fn digest_of_sources() -> Result<String> {
    let mut digest = Sha256::new();
    add_sources(&folder(), &mut digest)?;
    Ok(hex(&digest.finalize()))
}

fn add_sources(folder: &Path, digest: &mut Sha256) -> Result<()> {
    let read = |path: &Path| format!("cannot read {}", path.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| read(folder))? {
        entries.push(entry?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if NO_SOURCES.contains(&name.as_ref()) || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            add_sources(&path, digest)?;
            continue;
        }
        let content = fs::read(&path).with_context(|| read(&path))?;
        digest.update(path.to_string_lossy().as_bytes());
        digest.update(content.len().to_le_bytes());
        digest.update(content);
    }
    Ok(())
}

/// What must hold of the lock file: it names no registry, so that everybody's own is asked.
pub fn check_lock() -> Result<()> {
    let path = folder().join("package-lock.json");
    let text = fs::read_to_string(&path)?;
    let addresses: Vec<&str> = text
        .lines()
        .filter(|line| line.trim_start().starts_with("\"resolved\"") && line.contains("://"))
        .collect();
    if let Some(first) = addresses.first() {
        bail!(
            "web/package-lock.json names {} addresses of a registry, the first of them {}: install with \
             omit-lockfile-registry-resolved=true, as web/.npmrc has it",
            addresses.len(),
            first.trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Lock, Package, has_all, parsed};

    fn packages(text: &str) -> BTreeMap<String, Package> {
        let lock: Lock = serde_json::from_str(text).unwrap();
        lock.packages
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(parsed("v20.19.3"), Some((20, 19)));
        assert_eq!(parsed("v18.20.4"), Some((18, 20)));
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn packages_are_fetched_anew_where_one_is_another_or_missing() {
        let wanted = packages(
            r#"{"packages": {"": {}, "client": {"version": "0.1.0"},
            "node_modules/a": {"version": "1.0.0", "integrity": "x"},
            "node_modules/of-a-mac": {"version": "1.0.0", "integrity": "y", "optional": true}}}"#,
        );
        let with = |version: &str, integrity: &str| {
            let text = format!(
                r#"{{"packages": {{"node_modules/a":
                {{"version": "{version}", "integrity": "{integrity}"}}}}}}"#
            );
            has_all(&packages(&text), &wanted)
        };
        assert!(with("1.0.0", "x"));
        assert!(!with("1.0.1", "x"));
        assert!(!with("1.0.0", "z"));
        assert!(!has_all(&packages(r#"{"packages": {}}"#), &wanted));
    }
}
