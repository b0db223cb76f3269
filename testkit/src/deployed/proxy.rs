//! nginx or `HAProxy` before cores and gateways.

use std::fs::File;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{accepts, changed, free_address, repository};
use crate::nginx;

/// One of ours behind a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    /// Where its readiness is asked for, if it is.
    pub admin: Option<SocketAddr>,
}

/// Stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub name: &'static str,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub https: SocketAddr,
    /// Where else HTTPS is spoken: at the gate server before this proxy.
    pub gate: Option<SocketAddr>,
    _process: Child,
    folder: TempDir,
}

impl Proxy {
    /// nginx with its three files. None, and a line that says so, where there is none.
    pub async fn nginx(cores: &[Upstream], gateways: &[Upstream]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let [grpc, http, https, plain, gate_http, gate] = [(); 6].map(|()| free_address());
        let certificates = [("/etc/nginx/tls", certificate(path))];
        let domain = || ("${BILLING_DOMAIN}", "localhost".to_owned());
        let acme = || ("/var/www/acme", path.join("acme").display().to_string());
        let (gateway, gateways) = servers_of("BILLING_GATEWAY", gateways);
        let mut of_gateway = vec![
            domain(),
            acme(),
            (&gateway, gateways),
            ("listen 80;", format!("listen {http};")),
            ("listen 443 ", format!("listen {https} ")),
            ("listen 8085;", format!("listen {plain};")),
        ];
        of_gateway.extend(certificates.clone());
        let mut of_gate = vec![
            domain(),
            acme(),
            ("listen 80;", format!("listen {gate_http};")),
            ("listen 443 ", format!("listen {gate} ")),
            ("    listen [::]:80;\n", String::new()),
            ("    listen [::]:443 ssl http2;\n", String::new()),
            ("127.0.0.1:8085;", format!("{plain};")),
        ];
        of_gate.extend(certificates);
        let (core, cores) = servers_of("BILLING_CORE", cores);
        let of_core = [
            (&*core, cores),
            ("listen 50051 ", format!("listen {grpc} ")),
        ];
        let (main, temporary) = nginx::within(path);
        let text = [
            format!("{main} http {{ access_log off; {temporary}"),
            changed("nginx/gateway.conf.template", &of_gateway),
            changed("nginx/gate.conf.template", &of_gate),
            changed("nginx/core.conf.template", &of_core),
            "}".to_owned(),
        ];
        let conf = path.join("nginx.conf");
        std::fs::write(&conf, text.join("\n")).unwrap();
        let process = nginx::start(path, &conf)?;
        let proxy = Self {
            name: "nginx",
            grpc,
            http,
            https,
            gate: Some(gate),
            _process: process,
            folder,
        };
        proxy.listens().await;
        Some(proxy)
    }

    /// None, and a line that says so, where there is no `HAProxy`.
    pub async fn haproxy(cores: &[Upstream], gateways: &[Upstream]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let [grpc, http, https] = [(); 3].map(|()| free_address());
        let certificate = certificate(folder.path());
        let text = changed(
            "haproxy/haproxy.cfg",
            &[
                ("bind :50051 ", format!("bind {grpc} ")),
                ("bind :80\n", format!("bind {http}\n")),
                ("bind :443 ", format!("bind {https} ")),
                ("/etc/haproxy/tls", certificate),
            ],
        );
        let text = servers(&text, "core", cores);
        let text = servers(&text, "gateway", gateways);
        let conf = folder.path().join("haproxy.cfg");
        std::fs::write(&conf, text).unwrap();
        let start = |program| {
            Command::new(program)
                .arg("-db")
                .arg("-f")
                .arg(&conf)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(File::create(folder.path().join("errors"))?)
                .kill_on_drop(true)
                .spawn()
        };
        // Debian keeps it where only root looks.
        let process = match start("haproxy").or_else(|_| start("/usr/sbin/haproxy")) {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("SKIPPED: there is no haproxy to put before the services");
                return None;
            }
            Err(error) => panic!("haproxy does not start: {error}"),
        };
        let proxy = Self {
            name: "haproxy",
            grpc,
            http,
            https,
            gate: None,
            _process: process,
            folder,
        };
        proxy.listens().await;
        Some(proxy)
    }

    /// Each of the two that is here.
    pub async fn each(cores: &[Upstream], gateways: &[Upstream]) -> Vec<Self> {
        let nginx = Self::nginx(cores, gateways).await;
        let haproxy = Self::haproxy(cores, gateways).await;
        nginx.into_iter().chain(haproxy).collect()
    }

    /// The folder of which `/.well-known/acme-challenge/` is served.
    pub fn acme(&self) -> PathBuf {
        self.folder.path().join("acme")
    }

    async fn listens(&self) {
        let doors = [self.grpc, self.http, self.https];
        for address in doors.into_iter().chain(self.gate) {
            accepts(address, self.name).await;
        }
    }
}

/// A variable of nginx's templates and what takes its place: servers, as a name that has several addresses.
fn servers_of(variable: &str, upstreams: &[Upstream]) -> (String, String) {
    let servers = upstreams.iter().map(|one| one.address.to_string());
    let servers: Vec<_> = servers.collect();
    let between = " fail_timeout=1s; server ";
    (format!("${{{variable}}}"), servers.join(between))
}

/// The folder with the tests' certificate, of `localhost`, under the names of all files.
fn certificate(folder: &Path) -> String {
    let read = |name: &str| {
        let file = repository("billing-gateway/tests/keys/tls").join(name);
        std::fs::read_to_string(file).unwrap()
    };
    let (chain, key) = (read("core.pem"), read("core.key"));
    for (name, text) in [
        ("fullchain.pem", &chain),
        ("privkey.pem", &key),
        ("billing.pem", &format!("{chain}{key}")),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder.display().to_string()
}

/// These servers in the place of those that are named in `HAProxy`'s file.
fn servers(text: &str, name: &str, upstreams: &[Upstream]) -> String {
    let start = format!("    server {name}-");
    let shipped = text.lines().find(|line| line.starts_with(&start)).unwrap();
    let mut servers = upstreams.iter().enumerate().map(|(number, upstream)| {
        let mut words: Vec<String> = shipped.split(' ').map(str::to_owned).collect();
        let word = |wanted: &str| words.iter().position(|word| word == wanted).unwrap();
        let (server, port) = (word("server"), word("port"));
        words[server + 1] = format!("{name}-{number}");
        words[server + 2] = upstream.address.to_string();
        match upstream.admin {
            Some(admin) => words[port + 1] = admin.port().to_string(),
            None => words.push("no-check".to_owned()),
        }
        format!("{}\n", words.join(" "))
    });
    let mut changed = String::new();
    for line in text.lines() {
        if line.starts_with(&start) {
            changed.extend(servers.by_ref());
        } else {
            changed.push_str(line);
            changed.push('\n');
        }
    }
    changed
}
