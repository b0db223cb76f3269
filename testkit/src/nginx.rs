//! Debian's nginx between callers and a core, with the limits that it has when nobody sets any.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

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
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (path, conf) = (folder.path().display(), folder.path().join("nginx.conf"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {path}/{name};"))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/errors;
            events {{}}
            http {{
                access_log off; {temporary}
                upstream core {{ server {core}; keepalive 16; }}
                server {{ listen {address} http2; location / {{ grpc_pass grpc://core; }} }}
            }}"
        );
        std::fs::write(&conf, text).unwrap();
        let start = |program| {
            Command::new(program)
                .arg("-e")
                .arg(folder.path().join("errors"))
                .arg("-c")
                .arg(&conf)
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .spawn()
        };
        // Debian keeps it where only root looks.
        let process = match start("nginx").or_else(|_| start("/usr/sbin/nginx")) {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("SKIPPED: there is no nginx to put before the core");
                return None;
            }
            Err(error) => panic!("nginx does not start: {error}"),
        };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_err() {
            assert!(Instant::now() < until, "nginx does not listen");
            sleep(Duration::from_millis(10)).await;
        }
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
