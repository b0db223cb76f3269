//! nginx, which speaks TLS to the subject, and whose certificate is replaced while calls are under way.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, ensure};
use billing_stage::free_address;
use billing_stage::process::{bound_to_parent, find_program, last_lines, log_since};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Child;

use super::authorities::{Authorities, CERTIFICATE, KEY};
use crate::mismatch::Mismatch;
use crate::patience::Patience;

const ERRORS: &str = "errors";
/// A line for each answer: the worker, and the core's status.
const ANSWERS: &str = "answers";

/// Stops when it is dropped.
pub struct Tls {
    address: SocketAddr,
    authorities: Authorities,
    /// How many certificates it has had.
    certificates: usize,
    process: Child,
    folder: TempDir,
}

/// Whose the next certificate is.
#[derive(Clone, Copy, Debug)]
pub enum Issuer {
    Same,
    Other,
}

impl Tls {
    /// Passes gRPC on to `core`. None, and a line that says so, where nginx or openssl is not installed.
    pub async fn before(core: SocketAddr) -> Result<Option<Self>> {
        let Some((nginx, openssl)) = program("nginx").zip(program("openssl")) else {
            eprintln!("SKIPPED: nginx and openssl are not both here to speak TLS");
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        let address = free_address()?;
        let authorities = Authorities::establish(openssl, path).await?;
        let conf = path.join("nginx.conf");
        fs::write(&conf, configuration(path, address, core)?)?;
        // Not killed: its workers would go on.
        let process = bound_to_parent(&nginx, "TERM")
            .arg("-e")
            .arg(path.join(ERRORS))
            .arg("-c")
            .arg(&conf)
            .stdin(Stdio::null())
            .spawn()
            .context("cannot run nginx")?;
        let tls = Self {
            address,
            authorities,
            certificates: 1,
            process,
            folder,
        };
        let patience = Patience::new();
        while TcpStream::connect(address).await.is_err() {
            let late = anyhow!("nginx does not listen:\n{}", tls.last_words());
            patience.or(late).await?;
        }
        Ok(Some(tls))
    }

    /// As its certificates name it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// A file of the authorities of all its certificates.
    pub fn trusted(&self) -> PathBuf {
        self.authorities.trusted()
    }

    /// How many times its certificate was replaced.
    pub fn rotations(&self) -> usize {
        self.certificates - 1
    }

    /// Replaces key and certificate, and answers when calls were answered under the new ones. Connections under
    /// the old ones go on in a worker that ends with them.
    pub async fn rotate(&mut self, by: Issuer) -> Result<()> {
        self.answers().await?;
        if let Issuer::Other = by {
            self.authorities.change();
        }
        self.authorities.issue().await?;
        self.certificates += 1;
        signal(&self.process, Signal::HUP)?;
        self.answers().await
    }

    /// Waits until calls were answered with OK under each certificate so far.
    async fn answers(&self) -> Result<()> {
        let patience = Patience::new();
        loop {
            let found = self.certificates_used()?;
            if found >= self.certificates {
                return Ok(());
            }
            let late = Mismatch::new(
                format!("calls answered under {} certificates", self.certificates),
                format!("under {found}; nginx says:\n{}", self.last_words()),
            );
            patience.or(late.into()).await?;
        }
    }

    /// A worker has the certificate that it began with, and there is one worker for each.
    fn certificates_used(&self) -> Result<usize> {
        let answers = fs::read_to_string(self.folder.path().join(ANSWERS))?;
        let ok = answers.lines().filter_map(|line| line.strip_suffix(" 0"));
        Ok(ok.collect::<BTreeSet<_>>().len())
    }

    fn last_words(&self) -> String {
        last_lines(&log_since(&self.folder.path().join(ERRORS), 0), 15)
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        // Where it has ended, nothing is to be done.
        let _ = signal(&self.process, Signal::TERM);
    }
}

/// Debian keeps some where only root looks.
fn program(name: &str) -> Option<PathBuf> {
    let of_root = Path::new("/usr/sbin").join(name);
    find_program(name).or_else(|| of_root.is_file().then_some(of_root))
}

fn signal(process: &Child, signal: Signal) -> Result<()> {
    let pid = process.id().context("nginx has ended")?;
    let pid = Pid::from_raw(i32::try_from(pid)?).context("no process")?;
    Ok(kill_process(pid, signal)?)
}

/// The cores' server of `deploy/`, with TLS as its first lines say, in an nginx that keeps everything in its folder.
/// It has a master, since only that replaces certificates.
fn configuration(folder: &Path, address: SocketAddr, core: SocketAddr) -> Result<String> {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let file = deploy.join("nginx/core.conf.template");
    let mut server = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let path = folder.display();
    let listen = format!(
        "listen {address} ssl http2;
        ssl_certificate {path}/{CERTIFICATE};
        ssl_certificate_key {path}/{KEY};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_tickets off;"
    );
    for (old, new) in [
        ("${BILLING_CORE}", core.to_string()),
        ("listen 50051 http2;", listen),
    ] {
        ensure!(server.contains(old), "{} has no {old}", file.display());
        server = server.replace(old, &new);
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {path}/{name};"))
        .concat();
    // Nobody else may look into the folder.
    let user = if geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    Ok(format!(
        "daemon off; {user} pid {path}/pid; error_log {path}/{ERRORS};
        worker_processes 1; worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}
        http {{
            log_format answer '$pid $upstream_trailer_grpc_status';
            access_log {path}/{ANSWERS} answer; {temporary}
            {server}
        }}"
    ))
}
