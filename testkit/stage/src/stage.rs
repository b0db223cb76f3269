//! What crash tests, the soak and the benchmark play on: a PostgreSQL that writes to disk, its
//! migrated database, and cores as processes of their own.

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::Instant;

use crate::database::{self, Urls};
use crate::hex::hex;
use crate::postgres::Server;
use crate::postgres::scratch::{Purpose, Scratch, remove_abandoned};
use crate::service::{Service, answers};

/// Fields are dropped in this order: the cores before their server, the server before its folder.
pub struct Stage {
    pub cores: Vec<CoreProcess>,
    pub server: Server,
    pub urls: Urls,
    program: PathBuf,
    admitted: String,
    folder: Scratch,
}

/// A core that can be killed and started again at the same address.
pub struct CoreProcess {
    pub grpc: SocketAddr,
    pub admin: SocketAddr,
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    log: PathBuf,
    service: Option<Service>,
}

/// The tokens that every core of the stage admits.
pub struct Tokens {
    pub tools: String,
    pub admin: String,
}

impl Stage {
    /// A migrated database, and as many running cores of this program on it.
    pub async fn set(program: PathBuf, cores: usize) -> Result<(Self, Tokens)> {
        // Under /tmp the server's account reaches it, also where this runs as root.
        let parent = Path::new("/tmp");
        remove_abandoned(parent).await;
        let folder = Scratch::new(parent, Purpose::Stage)?;
        let server = Server::lasting(&folder.path().join("postgres")).await?;
        let urls = database::on_private(&server).await?;
        database::migrate(&program, &urls).await?;
        let (tokens, admitted) = Tokens::fresh();
        let mut stage = Self {
            cores: Vec::new(),
            server,
            urls,
            program,
            admitted,
            folder,
        };
        for _ in 0..cores {
            stage.add_core()?.start().await?;
        }
        Ok((stage, tokens))
    }

    /// A standby of the server. It is to be stopped before the stage is cleared.
    pub async fn standby(&self) -> Result<Server> {
        self.server
            .standby(&self.folder.path().join("standby"))
            .await
    }

    /// One more core, not yet started.
    pub fn add_core(&mut self) -> Result<&mut CoreProcess> {
        self.add_core_of(self.program.clone(), &[])
    }

    /// One more core, not yet started, of another program or with settings of its own.
    pub fn add_core_of(
        &mut self,
        program: PathBuf,
        settings: &[(&'static str, String)],
    ) -> Result<&mut CoreProcess> {
        let log = format!("core-{}.log", self.cores.len() + 1);
        let log = self.folder.path().join(log);
        let mut core = CoreProcess::new(program, &self.urls.core, &self.admitted, log)?;
        // The later of two settings of one name holds.
        core.environment.extend_from_slice(settings);
        self.cores.push(core);
        self.cores.last_mut().context("a core was added")
    }

    /// Stops everything in order. Every core that still runs must end with success.
    pub async fn clear(mut self) -> Result<()> {
        for core in &mut self.cores {
            if core.service.is_some() {
                core.stop().await?;
            }
        }
        self.server.stop().await
    }

    /// The core of this number, from 0 on.
    pub fn core(&self, number: usize) -> Result<&CoreProcess> {
        let core = self.cores.get(number);
        core.with_context(|| format!("there is no core {number}"))
    }

    /// The migrated database as the superuser, whom no rule of it binds.
    pub fn superuser_url(&self) -> String {
        self.server.url("postgres", "billing")
    }

    /// `billing-core audit`: an error that lists what it found.
    pub async fn audit(&self) -> Result<()> {
        let output = Command::new(&self.program)
            .arg("audit")
            .env("DATABASE_URL", &self.urls.core)
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "audit: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

impl CoreProcess {
    fn new(program: PathBuf, database_url: &str, admitted: &str, log: PathBuf) -> Result<Self> {
        let (grpc, admin) = (free_address()?, free_address()?);
        let environment = vec![
            ("DATABASE_URL", database_url.to_owned()),
            ("BILLING_GRPC_ADDR", grpc.to_string()),
            ("BILLING_ADMIN_ADDR", admin.to_string()),
            ("BILLING_SERVICE_TOKENS", admitted.to_owned()),
        ];
        Ok(Self {
            grpc,
            admin,
            program,
            environment,
            log,
            service: None,
        })
    }

    /// Starts the core and waits until its `/readyz` answers 200. Answers with how long that took.
    pub async fn start(&mut self) -> Result<Duration> {
        let started = Instant::now();
        self.launch()?;
        self.ready().await?;
        Ok(started.elapsed())
    }

    /// Starts the core, which may not become ready.
    pub fn launch(&mut self) -> Result<()> {
        ensure!(self.service.is_none(), "the core runs already");
        let service = Service::start("core", &self.program, &self.environment, self.log.clone())?;
        self.service = Some(service);
        Ok(())
    }

    /// Whether `/readyz` answers 200 now.
    pub async fn is_ready(&self) -> bool {
        answers(self.admin, "/readyz").await
    }

    /// Whether the process answers at all.
    pub async fn is_alive(&self) -> bool {
        answers(self.admin, "/livez").await
    }

    /// Waits until `/readyz` answers 200.
    pub async fn ready(&mut self) -> Result<()> {
        let service = self.service.as_mut().context("the core does not run")?;
        service.await_readiness(self.admin).await
    }

    pub fn pid(&self) -> Result<u32> {
        let service = self.service.as_ref().context("the core does not run")?;
        service.pid().context("the core has ended")
    }

    /// Ends the core as a crash would, by SIGKILL.
    pub async fn kill(&mut self) -> Result<()> {
        let service = self.service.take().context("the core does not run")?;
        service.kill().await
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn terminate(&self) -> Result<()> {
        let pid = Pid::from_raw(self.pid()?.try_into()?).context("no process")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    /// SIGTERM; an error unless the core then ends by itself with success. Answers with how long
    /// that took.
    pub async fn stop(&mut self) -> Result<Duration> {
        let service = self.service.take().context("the core does not run")?;
        let asked = Instant::now();
        service.stop().await?;
        Ok(asked.elapsed())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Tokens {
    /// Fresh ones, and the setting that admits them.
    fn fresh() -> (Self, String) {
        let (tools, admin) = (random_hex(), random_hex());
        let line = |role: &str, token: &str| format!("{role}:*:{}", hex(&Sha256::digest(token)));
        let admitted = [line("tools", &tools), line("admin", &admin)].join(";");
        (Self { tools, admin }, admitted)
    }
}

fn random_hex() -> String {
    hex(&rand::random::<[u8; 32]>())
}

/// The core that was built beside the program that runs: a binary, or a test of one.
pub fn core_beside() -> Result<PathBuf> {
    beside("billing-core")
}

/// A service that was built beside the program that runs.
pub fn beside(package: &str) -> Result<PathBuf> {
    let own = env::current_exe()?;
    let mut folder = own.parent().context("this program lies nowhere")?;
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    let program = folder.join(package);
    ensure!(
        program.is_file(),
        "{} is missing: run `cargo build --package {package}` with the same profile first",
        program.display()
    );
    Ok(program)
}

/// Below the ports that the system gives to clients: while a core is dead, one of the clients that
/// look for it would otherwise get its port now and then, and keep it.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..100 {
        let port = rand::rng().random_range(15_000..32_000);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    anyhow::bail!("no free port between 15,000 and 32,000")
}
