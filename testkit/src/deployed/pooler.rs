//! `PgBouncer` before databases.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{accepts, changed, free_address};

/// Stops when it is dropped.
#[derive(Debug)]
pub struct Pooler {
    pub address: SocketAddr,
    _process: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Before these databases, a line each, with further settings. It asks for no password. None, and a
    /// line that says so, where there is no `PgBouncer`.
    pub async fn before(databases: &str, settings: &str) -> Option<Self> {
        let address = free_address();
        let text = changed(
            "pgbouncer/pgbouncer.ini",
            &[
                (
                    "billing = host=postgresql port=5432 dbname=billing\n",
                    format!("{databases}\n"),
                ),
                ("listen_addr = *", "listen_addr = 127.0.0.1".to_owned()),
                (
                    "listen_port = 6432",
                    format!("listen_port = {}", address.port()),
                ),
                ("auth_type = scram-sha-256", "auth_type = any".to_owned()),
                ("auth_file = /etc/pgbouncer/userlist.txt\n", String::new()),
            ],
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        // The later of two settings of one name holds.
        std::fs::write(&file, format!("{text}\n{settings}\n")).unwrap();
        let for_all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), for_all).unwrap();
        let mut command = Command::new("pgbouncer");
        // It does not run as root, but as whom the private server runs.
        if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            let has_own = accounts.lines().any(|line| line.starts_with("postgres:"));
            command.args(["-u", if has_own { "postgres" } else { "nobody" }]);
        }
        let started = command
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(process) = started else {
            eprintln!("SKIPPED: there is no pgbouncer here; install Debian's to run this test");
            return None;
        };
        accepts(address, "pgbouncer").await;
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }
}
