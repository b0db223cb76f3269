//! One of the services as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use crate::process::{bound_to_parent, last_lines, log_end, log_since, open_log};

/// A running service. It ends with this program, however that ends.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
    log_start: u64,
}

impl Service {
    /// Starts a program with these variables on top of the environment.
    pub fn start(
        name: &'static str,
        program: &Path,
        environment: &[(&str, String)],
        log: PathBuf,
    ) -> Result<Self> {
        let output = open_log(&log)?;
        let log_start = log_end(&log);
        let mut command = bound_to_parent(program, "KILL");
        for name in FOREIGN_SETTINGS {
            command.env_remove(name);
        }
        let child = command
            .envs(environment.iter().map(|(name, value)| (name, value)))
            // A Ctrl-C is for this program, which then stops its services in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self {
            name,
            child,
            log,
            log_start,
        })
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until `/readyz` on the admin port answers 200.
    pub async fn await_readiness(&mut self, admin: SocketAddr) -> Result<()> {
        self.await_answer(admin, "/readyz").await
    }

    /// Waits until a path answers 200.
    pub async fn await_answer(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.death(status));
            }
            if answers(address, path).await {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} is not ready after {PATIENCE:?}:\n{}",
                    self.name,
                    self.last_words()
                );
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the service ends by itself, and answers with what there is to say about it.
    pub async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => self.death(status),
            Err(error) => {
                anyhow::Error::new(error).context(format!("cannot wait for {}", self.name))
            }
        }
    }

    /// Ends the service as a crash would, by SIGKILL.
    pub async fn kill(mut self) -> Result<()> {
        self.child
            .kill()
            .await
            .with_context(|| format!("cannot kill {}", self.name))
    }

    /// Asks the service to finish what it has begun and waits for it.
    pub async fn stop(mut self) -> Result<()> {
        // Longer than either service takes to drain.
        const PATIENCE: Duration = Duration::from_secs(30);
        if let Some(pid) = self
            .pid()
            .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        {
            // One that has ended needs no signal.
            let _ = kill_process(pid, Signal::TERM);
        }
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(ExitStatus::success) => Ok(()),
            Ok(status) => Err(self.death(status?)),
            Err(_) => {
                self.child.kill().await?;
                bail!(
                    "{} did not end within {PATIENCE:?} and was killed",
                    self.name
                )
            }
        }
    }

    fn death(&self, status: ExitStatus) -> anyhow::Error {
        let words = self.last_words();
        anyhow::anyhow!(
            "{} ended ({status}); {}:\n{words}",
            self.name,
            self.log.display()
        )
    }

    fn last_words(&self) -> String {
        last_lines(&log_since(&self.log, self.log_start), 15)
    }
}

/// Settings of other deployments in the caller's shell that would change what `up` starts.
const FOREIGN_SETTINGS: [&str; 53] = [
    "BILLING_ACKNOWLEDGE_BEFORE_DURABLE",
    "BILLING_SERVICE_TOKENS_FILE",
    "BILLING_TLS_CERT",
    "BILLING_TLS_KEY",
    "BILLING_TLS_CLIENT_CA",
    "BILLING_CORE_CA",
    "BILLING_CORE_ADMIN_TOKEN",
    "BILLING_WEB_DIR",
    "BILLING_WEB_FRAME_ANCESTORS",
    "BILLING_WEB_LOGIN_URL",
    "BILLING_WEB_LOGOUT_URL",
    "BILLING_WEB_SUPPORT_EMAIL",
    "BILLING_WEB_TENANT_NAME",
    "BILLING_WEB_TOKEN_KEY",
    "BILLING_WEB_TOKEN_LINKS",
    "BILLING_WEB_TOKEN_STORAGE",
    "BILLING_WEB_URL",
    "JWT_JWKS_URL",
    "JWT_ALGORITHM",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "JWT_USER_CLAIM",
    "JWT_TENANT_CLAIM",
    "JWT_EMAIL_CLAIM",
    "JWT_NAME_CLAIM",
    "JWT_ADMIN_CLAIM",
    "JWT_ADMIN_VALUE",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_API_URL",
    "STRIPE_SUCCESS_URL",
    "STRIPE_CANCEL_URL",
    "STRIPE_CHECKOUT_EXPIRY_SECS",
    "FONDY_MERCHANT_ID",
    "FONDY_SECRET_KEY",
    "FONDY_API_URL",
    "FONDY_NAME",
    "BACKEND_URL",
    "FRONTEND_URL",
    "BILLING_RATE_SOURCE",
    "BILLING_RATE_SECS",
    "BILLING_RATE_MAX_AGE_HOURS",
    "NBU_URL",
    "BILLING_SANDBOX_WEBHOOK_URL",
    "BILLING_SANDBOX_FONDY_SPEEDUP",
    "BILLING_SANDBOX_TLS_CERT",
    "BILLING_SANDBOX_TLS_KEY",
    "BILLING_OUTBOX_DIR",
    "BILLING_UNSUBSCRIBE_KEYS",
    "BILLING_UNSUBSCRIBE_KEYS_FILE",
    "BILLING_OWNER_DATABASE_URL",
    "DATABASE_URL",
];

/// Whether a path answers 200 now.
pub async fn answers(address: SocketAddr, path: &str) -> bool {
    const PATIENCE: Duration = Duration::from_secs(1);
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    timeout(PATIENCE, ask)
        .await
        .is_ok_and(|ready| ready.unwrap_or(false))
}
