//! As whom a private server runs: `postgres` refuses to run as root.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::process;

/// The account that owns a private server's files and runs its processes.
#[derive(Debug, Clone)]
pub enum RunAs {
    /// Whoever started this program.
    Myself,
    /// Started as root: an account without rights.
    Unprivileged { name: String, uid: u32, gid: u32 },
}

impl RunAs {
    /// Whoever started this program; for root `postgres`, else `nobody`.
    pub fn detect() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Myself);
        }
        if process::find_program("setpriv").is_none() {
            bail!(
                "PostgreSQL refuses to run as root, and setpriv (package util-linux) is not \
                 installed: install it, or run this as an ordinary user"
            );
        }
        let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| parse_account(&accounts, name))
            .context(
                "PostgreSQL refuses to run as root, and neither user postgres nor nobody exists",
            )
    }

    /// The program as this account, in a process group of its own, so that a Ctrl-C reaches
    /// this program only. It gets `on_parent_death` when the thread that spawned it ends.
    pub fn command(&self, program: &Path, on_parent_death: &str) -> Command {
        let mut command = match self {
            Self::Myself => process::bound_to_parent(program, on_parent_death),
            Self::Unprivileged { uid, gid, .. } => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={uid}"))
                    .arg(format!("--regid={gid}"))
                    .args(["--clear-groups", "--pdeathsig", on_parent_death, "--"])
                    .arg(program);
                command
            }
        };
        // The folder that this was started in may be closed to the account.
        command.current_dir("/").process_group(0);
        command
    }

    /// Creates the folder, if need be, for this account alone.
    pub fn own_folder(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        if let Self::Unprivileged { uid, gid, .. } = self {
            chown(folder, Some(*uid), Some(*gid))
                .with_context(|| format!("cannot give {} away", folder.display()))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", folder.display()))
    }

    pub fn uid(&self) -> u32 {
        match self {
            Self::Myself => rustix::process::geteuid().as_raw(),
            Self::Unprivileged { uid, .. } => *uid,
        }
    }

    /// Whether this account can reach what lies in the folder (or, where that does not exist
    /// yet, in its nearest parent).
    pub async fn can_enter(&self, folder: &Path) -> bool {
        let Self::Unprivileged { .. } = self else {
            return true;
        };
        let existing: Option<PathBuf> = folder
            .ancestors()
            .find(|path| path.exists())
            .map(Path::to_path_buf);
        let Some(existing) = existing else {
            return false;
        };
        self.command(Path::new("test"), "KILL")
            .arg("-x")
            .arg(existing)
            .status()
            .await
            .is_ok_and(|status| status.success())
    }
}

fn parse_account(passwd: &str, wanted: &str) -> Option<RunAs> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| *name == wanted)?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(RunAs::Unprivileged {
            name: name.to_owned(),
            uid,
            gid,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{RunAs, parse_account};

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\n\
                      postgres:x:101:104:administrator,,,:/var/lib/postgresql:/bin/bash\n";
        let Some(RunAs::Unprivileged { name, uid, gid }) = parse_account(passwd, "postgres") else {
            panic!("postgres was not found");
        };
        assert_eq!((name.as_str(), uid, gid), ("postgres", 101, 104));
        assert!(parse_account(passwd, "nobody").is_none());
    }
}
