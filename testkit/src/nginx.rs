//! Debian's nginx between callers and a core, with the limits that it has when nobody sets any.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::deployed::{accepts, free_address};

/// Stops when it is dropped.
pub struct Nginx {
    pub address: SocketAddr,
    _process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Passes gRPC on to `core`. None, and a line that says so, where there is no nginx.
    pub async fn before(core: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let conf = folder.path().join("nginx.conf");
        let (main, temporary) = within(folder.path());
        let text = format!(
            "{main}
            http {{
                access_log off; {temporary}
                upstream core {{ server {core}; keepalive 16; }}
                server {{ listen {address} http2; location / {{ grpc_pass grpc://core; }} }}
            }}"
        );
        std::fs::write(&conf, text).unwrap();
        let process = start(folder.path(), &conf)?;
        accepts(address, "nginx").await;
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// What an nginx has that keeps everything in its folder: outside of `http`, and within.
pub(crate) fn within(folder: &Path) -> (String, String) {
    let path = folder.display();
    let main = format!(
        "daemon off; master_process off; pid {path}/pid; error_log {path}/errors;
        worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}"
    );
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {path}/{name};"))
        .concat();
    (main, temporary)
}

/// None, and a line that says so, where there is no nginx.
pub(crate) fn start(folder: &Path, conf: &Path) -> Option<Child> {
    let start = |program| {
        Command::new(program)
            .arg("-e")
            .arg(folder.join("errors"))
            .arg("-c")
            .arg(conf)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    };
    // Debian keeps it where only root looks.
    match start("nginx").or_else(|_| start("/usr/sbin/nginx")) {
        Ok(process) => Some(process),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: there is no nginx to put before the services");
            None
        }
        Err(error) => panic!("nginx does not start: {error}"),
    }
}
