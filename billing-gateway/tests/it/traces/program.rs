//! Both services as they are run: a trace is a process's own.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use billing_testkit::TestDatabase;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::gateway::{JWT_SECRET, TENANT};

/// A running service.
pub(crate) struct Program {
    /// Where it listens.
    pub(crate) url: String,
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    reading: JoinHandle<()>,
}

impl Program {
    pub(crate) async fn core(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let core = Path::new(env!("CARGO_BIN_EXE_billing-gateway")).with_file_name("billing-core");
        assert!(
            core.is_file(),
            "run `cargo build --package billing-core` first"
        );
        let mut command = Command::new(core);
        command
            .arg("--grpc-addr=127.0.0.1:0")
            .arg("--admin-addr=127.0.0.1:0")
            .env_clear()
            .env("DATABASE_URL", database.application_url())
            .env("BILLING_LANES", "1");
        Self::start(command, settings, "grpc").await
    }

    pub(crate) async fn gateway(core: &Self, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_billing-gateway")));
        command
            .arg("--addr=127.0.0.1:0")
            .arg("--admin-addr=127.0.0.1:0")
            .env_clear()
            .env("BILLING_CORE_URL", &core.url)
            .env("BILLING_CORE_TOKEN", "of-an-open-core")
            .env("JWT_SECRET", JWT_SECRET)
            .env("BILLING_DEFAULT_TENANT", TENANT)
            .env("BILLING_RATE_LIMIT_USER", "100000")
            .env("BILLING_RATE_LIMIT_IP", "100000")
            .env("BILLING_RECONCILE_SECS", "0");
        Self::start(command, settings, "addr").await
    }

    /// With these settings; until its log says by `address` where it listens.
    async fn start(mut command: Command, settings: &[(&str, &str)], address: &str) -> Self {
        let mut child = command
            .env("BILLING_LOG_FORMAT", "json")
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let url = loop {
            let line: Value =
                serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
            if let Some(address) = line[address].as_str() {
                break format!("http://{address}");
            }
        };
        let written = Arc::clone(&lines);
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = log.next_line().await {
                let line = serde_json::from_str(&line).unwrap();
                written.lock().unwrap().push(line);
            }
        });
        Self {
            url,
            child,
            lines,
            reading,
        }
    }

    /// The lines of its log with this message.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let mut lines = lines.clone();
        lines.retain(|line| line["message"] == message);
        lines
    }

    /// SIGTERM, and until it has ended.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.unwrap().success());
        let ended = self.child.wait().await.unwrap();
        (&mut self.reading).await.unwrap();
        ended
    }
}
