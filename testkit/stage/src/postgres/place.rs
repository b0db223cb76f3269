//! Where a cluster's files lie: data, socket, log and lock.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::run_as::RunAs;
use super::scratch::{Purpose, Scratch, remove_abandoned};
use crate::config;
use crate::hex::hex;

/// The longest path of a socket that every system takes (104 bytes on macOS, with a NUL), less
/// `/.s.PGSQL.5432`.
const SOCKET_FOLDER_BYTES: usize = 103 - 14;

#[derive(Debug)]
pub(super) struct Place {
    pub(super) data: PathBuf,
    /// Becomes `data` when `initdb` has finished.
    pub(super) unfinished_data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
    /// Held while a supervisor lives.
    _lock: File,
    /// Deletes everything at the end; none for what is to stay.
    temporary: Option<Scratch>,
}

impl Place {
    /// A folder to stay. Where the server's account cannot reach it, one under `/var/lib`.
    pub(super) async fn lasting(wanted: &Path, run_as: &RunAs) -> Result<Self> {
        let wanted = std::path::absolute(wanted)?;
        if run_as.can_enter(&wanted).await {
            return Self::in_folder(&wanted, run_as, None);
        }
        let folder = Path::new("/var/lib/billing-postgres").join(short_hash(&wanted));
        ensure!(
            run_as.can_enter(&folder).await,
            "the server's account can reach neither {} nor {}",
            wanted.display(),
            folder.display()
        );
        eprintln!(
            "postgres: {} is closed to the server's account; its data lies in {}",
            wanted.display(),
            folder.display()
        );
        Self::in_folder(&folder, run_as, None)
    }

    /// A folder that is deleted with this. What killed programs left beside it goes first.
    pub(super) async fn temporary(run_as: &RunAs) -> Result<Self> {
        let usual = std::env::temp_dir();
        let parent = if run_as.can_enter(&usual).await {
            usual
        } else {
            PathBuf::from("/tmp")
        };
        remove_abandoned(&parent).await;
        let folder = Scratch::new(&parent, Purpose::Server)?;
        let path = folder.path().to_path_buf();
        Self::in_folder(&path, run_as, Some(folder))
    }

    fn in_folder(folder: &Path, run_as: &RunAs, temporary: Option<Scratch>) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        // The server's account passes through to what is its own, and sees nothing else.
        let mode = if matches!(run_as, RunAs::Myself) {
            0o700
        } else {
            0o711
        };
        fs::set_permissions(folder, Permissions::from_mode(mode))?;
        // The server reports its working folder without links.
        let folder = fs::canonicalize(folder)?;
        let lock = lock(&folder.join("lock"))?.map_err(|pid| {
            anyhow::anyhow!(
                "the PostgreSQL in {} is already running, started by process {pid}",
                folder.display()
            )
        })?;
        Ok(Self {
            data: folder.join("data"),
            unfinished_data: folder.join("data.unfinished"),
            socket: socket_folder(&folder, run_as)?,
            log: folder.join("postgres.log"),
            _lock: lock,
            temporary,
        })
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

/// The folder's own, or a short one where its path is too long for a socket.
fn socket_folder(folder: &Path, run_as: &RunAs) -> Result<PathBuf> {
    let own = folder.join("socket");
    if own.as_os_str().len() <= SOCKET_FOLDER_BYTES {
        run_as.own_folder(&own)?;
        return Ok(own);
    }
    let name = format!("billing-{}", short_hash(folder));
    let parent = match run_as {
        RunAs::Myself => config::runtime_folder().filter(|folder| folder.is_dir()),
        RunAs::Unprivileged { .. } => None,
    };
    let short = parent.unwrap_or_else(|| PathBuf::from("/tmp")).join(name);
    // In a folder that everybody writes to, somebody else may have taken the name.
    match fs::create_dir(&short) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(&short)?;
            ensure!(
                found.is_dir() && found.uid() == run_as.uid(),
                "{} belongs to somebody else; use a shorter path than {}",
                short.display(),
                folder.display()
            );
        }
        Err(error) => bail!("cannot create {}: {error}", short.display()),
    }
    run_as.own_folder(&short)?;
    Ok(short)
}

fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    hex(&digest).chars().take(16).collect()
}

/// Takes the lock for as long as the file is open, or answers with the process that has it.
/// It ends with that process, however that ends.
pub fn lock(path: &Path) -> Result<Result<File, String>> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            Ok(Ok(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            Ok(Err(holder))
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
