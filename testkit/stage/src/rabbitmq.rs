//! A private RabbitMQ that lives as long as this program: its own node name, folder, cookie, ports on loopback,
//! and port mapper (`epmd`), so that it neither disturbs a RabbitMQ of the system nor needs it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::hex::hex;
use crate::process::{bound_to_parent, find_program, last_lines, log_end, log_since, open_log};
use crate::stage::free_address;

const USER: &str = "billing";
/// It keeps its data under this name: always the same, since nobody else knows of its port mapper.
const NODE: &str = "billing@localhost";

/// Where packages put the programs that run as anybody: Debian's, then Homebrew's.
const FOLDERS: [&str; 3] = [
    "/usr/lib/rabbitmq/bin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
];

/// Why there is no broker here, and what helps; none where one can be started.
pub fn obstacle() -> Option<String> {
    let remedy = "install RabbitMQ (Debian: apt-get install rabbitmq-server)";
    if programs().is_none() {
        Some(format!("RabbitMQ is not installed: {remedy}"))
    } else if find_program("epmd").is_none() {
        Some(format!("epmd is not installed: {remedy}"))
    } else {
        None
    }
}

fn programs() -> Option<PathBuf> {
    let mut folders = FOLDERS.iter().map(PathBuf::from);
    folders.find(|folder| folder.join("rabbitmq-server").is_file())
}

/// Its server and its port mapper end with it.
pub struct Broker {
    programs: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    between_nodes: SocketAddr,
    mapper_address: SocketAddr,
    password: String,
    mapper: Option<Child>,
    server: Option<Child>,
    /// It is removed with this.
    scratch: Option<TempDir>,
}

impl Broker {
    /// One that keeps nothing.
    pub async fn throw_away() -> Result<Self> {
        let scratch = tempfile::Builder::new()
            .prefix("billing-rabbitmq-")
            .tempdir()?;
        let mut broker = Self::in_folder(scratch.path())?;
        broker.scratch = Some(scratch);
        broker.start().await?;
        Ok(broker)
    }

    /// One that keeps its queues in the folder, which the caller has for itself.
    pub async fn lasting(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut broker = Self::in_folder(folder)?;
        broker.start().await?;
        Ok(broker)
    }

    fn in_folder(folder: &Path) -> Result<Self> {
        if let Some(obstacle) = obstacle() {
            bail!(obstacle);
        }
        // It has the cookie and the password. The server and its port mapper run as whoever runs this, root too.
        fs::set_permissions(folder, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", folder.display()))?;
        let broker = Self {
            programs: programs().context("RabbitMQ is not installed")?,
            folder: folder.to_owned(),
            address: free_address()?,
            between_nodes: free_address()?,
            mapper_address: free_address()?,
            password: kept_secret(&folder.join("password"))?,
            mapper: None,
            server: None,
            scratch: None,
        };
        // Its programs know each other by the cookie, which they look for at home.
        kept_secret(&folder.join(".erlang.cookie"))?;
        let settings = format!(
            "listeners.tcp.1 = {}\ndefault_user = {USER}\ndefault_pass = {}\n",
            broker.address, broker.password
        );
        fs::write(folder.join("rabbitmq.conf"), settings)?;
        fs::write(folder.join("enabled_plugins"), "[].\n")?;
        Ok(broker)
    }

    /// Where clients connect, as a user who may do everything.
    pub fn url(&self) -> String {
        format!("amqp://{USER}:{}@{}/%2f", self.password, self.address)
    }

    /// The same, in another virtual host.
    pub fn url_of(&self, virtual_host: &str) -> String {
        format!(
            "amqp://{USER}:{}@{}/{virtual_host}",
            self.password, self.address
        )
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("rabbitmq.log")
    }

    /// Starts it, and returns when clients can connect.
    pub async fn start(&mut self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(90);
        let mapper = find_program("epmd").context("epmd is not installed")?;
        if self.mapper.is_none() {
            let port = self.mapper_address.port().to_string();
            let mut command = bound_to_parent(&mapper, "KILL");
            command.args(["-port", &port, "-address", "127.0.0.1"]);
            let mapper = silent(&mut command).process_group(0).spawn();
            self.mapper = Some(mapper.context("cannot start epmd")?);
        }
        let log = self.log();
        let begin = log_end(&log);
        let out = open_log(&log)?;
        let mut command = bound_to_parent(&self.programs.join("rabbitmq-server"), "KILL");
        let server = self
            .furnished(&mut command)
            // Then it becomes the server itself, and no shell stands between.
            .env("RUNNING_UNDER_SYSTEMD", "1")
            // A Ctrl-C is for this program, which then stops the broker in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start rabbitmq-server")?;
        let server = self.server.insert(server);
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).await.is_err() {
            let ended = server.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = last_lines(&log_since(&log, begin), 20);
                bail!("RabbitMQ does not start ({ended:?}); its log ends:\n{log}");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Kills it: what it has not written is gone.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill().await?;
        }
        Ok(())
    }

    /// Stops it in order.
    pub async fn stop(&mut self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(30);
        if let Some(mut server) = self.server.take() {
            if let Some(pid) = as_pid(&server) {
                // One that has ended needs no signal.
                let _ = kill_process(pid, Signal::TERM);
            }
            if timeout(PATIENCE, server.wait()).await.is_err() {
                server.kill().await?;
            }
        }
        if let Some(mut mapper) = self.mapper.take() {
            mapper.kill().await?;
        }
        Ok(())
    }

    /// Waits until it ends by itself: an error always.
    pub async fn ended(&mut self) -> anyhow::Error {
        let Some(server) = &mut self.server else {
            return std::future::pending().await;
        };
        match server.wait().await {
            Ok(status) => {
                anyhow::anyhow!("RabbitMQ ended with {status}; see {}", self.log().display())
            }
            Err(error) => error.into(),
        }
    }

    /// Runs `rabbitmqctl`; answers with what it prints.
    pub async fn control(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(self.programs.join("rabbitmqctl"));
        let output = self
            .furnished(&mut command)
            .arg("--quiet")
            .args(arguments)
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "rabbitmqctl {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Everything of its own, and nothing of the system's.
    fn furnished<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let file = |name: &str| self.folder.join(name);
        command
            .env("HOME", &self.folder)
            .env("ERL_EPMD_PORT", self.mapper_address.port().to_string())
            .env("ERL_EPMD_ADDRESS", Ipv4Addr::LOCALHOST.to_string())
            .env("RABBITMQ_NODENAME", NODE)
            .env("RABBITMQ_DIST_PORT", self.between_nodes.port().to_string())
            .env("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf"))
            .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", file("data"))
            .env("RABBITMQ_PID_FILE", file("pid"))
            .env("RABBITMQ_LOG_BASE", &self.folder)
            .env("RABBITMQ_LOGS", "-")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        for child in self.server.iter().chain(&self.mapper) {
            if let Some(pid) = as_pid(child) {
                let _ = kill_process(pid, Signal::KILL);
                // Its files may be deleted next. It is not reaped: its handle does that, and would else signal whoever
                // has its number then.
                let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                let _ = waitid(WaitId::Pid(pid), ended);
            }
        }
    }
}

fn as_pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()?).ok()?)
}

fn silent(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
}

/// What a file that only its owner reads holds; made where there is none.
fn kept_secret(path: &Path) -> Result<String> {
    if let Ok(secret) = fs::read_to_string(path) {
        return Ok(secret);
    }
    let secret = hex(&rand::random::<[u8; 16]>());
    // Closed to others from the first moment on.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o400);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(secret.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(secret)
}
