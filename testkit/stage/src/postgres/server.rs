//! The server itself: made, started, hurt, stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::binaries::{self, Binaries};
use super::leftover;
use super::place::Place;
use super::run_as::RunAs;
use crate::process::{last_lines, log_end, log_since, open_log};

/// The role that `initdb` makes.
const SUPERUSER: &str = "postgres";

/// Recovery after a crash included.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// A private PostgreSQL. Dropped without [`Server::stop`], it is shut down at once and recovers
/// at its next start; if this program is killed, the server ends with it.
#[derive(Debug)]
pub struct Server {
    place: Place,
    binaries: Binaries,
    run_as: RunAs,
    child: Option<Child>,
    /// Where the log of the present start begins.
    log_start: u64,
    /// Each as `name=value`, on top of what every private server has.
    settings: Vec<String>,
}

impl Server {
    /// The server whose data lies in the folder, made at the first time: every commit is on
    /// disk before it is acknowledged. A folder that a living server uses is refused.
    pub async fn lasting(folder: &Path) -> Result<Self> {
        let run_as = RunAs::detect()?;
        let place = Place::lasting(folder, &run_as).await?;
        Self::at(place, run_as).await
    }

    /// A server without data whose folder is deleted at the end. Commits survive the server's
    /// death, not the machine's.
    pub async fn throw_away() -> Result<Self> {
        let run_as = RunAs::detect()?;
        let place = Place::temporary(&run_as).await?;
        Self::at(place, run_as).await
    }

    /// As [`Server::throw_away`], with the programs of a certain installation.
    pub async fn throw_away_of(binaries: Binaries) -> Result<Self> {
        let run_as = RunAs::detect()?;
        let place = Place::temporary(&run_as).await?;
        Self::with(binaries, place, run_as).await
    }

    /// Programs of any version, or of one: installed, else fetched.
    pub async fn installation(only_major: Option<u32>) -> Result<Binaries> {
        binaries::find_or_fetch(&RunAs::detect()?, only_major).await
    }

    /// A standby of this server, whose data lies in the folder.
    pub async fn standby(&self, folder: &Path) -> Result<Self> {
        let run_as = RunAs::detect()?;
        let place = Place::lasting(folder, &run_as).await?;
        run_as.own_folder(&place.data)?;
        let mut command = self.command("pg_basebackup");
        command
            .args([
                "--no-sync",
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--pgdata",
            ])
            .arg(&place.data)
            .args(["--dbname", &self.superuser_url()]);
        let output = command.output().await.context("cannot run pg_basebackup")?;
        ensure!(
            output.status.success(),
            "pg_basebackup: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self::at(place, run_as).await
    }

    async fn at(place: Place, run_as: RunAs) -> Result<Self> {
        let major = binaries::major_of_data(&place.data)?;
        let binaries =
            binaries::find_or_fetch(&run_as, major)
                .await
                .with_context(|| match major {
                    Some(major) => {
                        format!("{} was made by PostgreSQL {major}", place.data.display())
                    }
                    None => "a private PostgreSQL cannot be started".to_owned(),
                })?;
        Self::with(binaries, place, run_as).await
    }

    async fn with(binaries: Binaries, place: Place, run_as: RunAs) -> Result<Self> {
        let is_new = binaries::major_of_data(&place.data)?.is_none();
        let mut server = Self {
            place,
            binaries,
            run_as,
            child: None,
            log_start: 0,
            settings: Vec::new(),
        };
        if is_new {
            server.make_cluster().await?;
        }
        server.start().await?;
        Ok(server)
    }

    /// A URL of the server for a role and a database; they need not exist.
    pub fn url(&self, role: &str, database: &str) -> String {
        let socket = self.place.socket.display();
        format!("postgres://{role}@localhost:5432/{database}?host={socket}")
    }

    /// A URL of the maintenance database for the superuser.
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, "postgres")
    }

    /// Creates an empty database. Answers with its URL for the superuser.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        let mut connection = PgConnection::connect(&self.superuser_url()).await?;
        let statement = format!("create database \"{name}\"");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(self.url(SUPERUSER, name))
    }

    /// As `postgres --version` has it.
    pub fn version(&self) -> &str {
        &self.binaries.version
    }

    /// Settings, each as `name=value`, that hold from the next start on, above all others.
    pub fn set_for_next_start(&mut self, settings: Vec<String>) {
        self.settings = settings;
    }

    /// A program of the same installation, such as `pgbench`; none where it lacks that one.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        Some(self.binaries.program(name)).filter(|path| path.is_file())
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.place.log.clone()
    }

    /// The postmaster; none while it is killed or stopped.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Starts the server, after [`Server::kill`] or [`Server::stop`] again. Answers when it
    /// accepts connections.
    pub async fn start(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        leftover::end(&self.place.data, &self.place.socket).await?;
        let deadline = Instant::now() + START_PATIENCE;
        self.log_start = log_end(&self.place.log);
        loop {
            self.child = Some(self.spawn()?);
            let Some(status) = self.exit_or_readiness(deadline).await? else {
                return Ok(());
            };
            self.child = None;
            // Where orphans of a killed server cannot be seen, the next one tells of them.
            let too_early = log_since(&self.place.log, self.log_start)
                .contains("pre-existing shared memory block is still in use");
            if !too_early || Instant::now() > deadline {
                return Err(self.death(status));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends the postmaster as a crash would, by SIGKILL. Its children end when they notice;
    /// until then one may still answer. [`Server::start`] waits for them.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        child.kill().await.context("cannot kill the server")
    }

    /// Halts every process of the server (SIGSTOP): it keeps its connections and answers nothing.
    pub fn freeze(&self) -> Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) -> Result<()> {
        self.signal_all(Signal::CONT)
    }

    /// Stops the server: transactions are rolled back, clients disconnected, and everything is
    /// on disk. Nothing happens to a server that does not run.
    pub async fn stop(&mut self) -> Result<()> {
        const STEPS: [(Signal, Duration); 3] = [
            (Signal::INT, Duration::from_secs(20)),
            (Signal::QUIT, Duration::from_secs(10)),
            (Signal::KILL, Duration::from_secs(10)),
        ];
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        for (signal, patience) in STEPS {
            let Some(pid) = as_pid(&child) else {
                return Ok(());
            };
            kill_process(pid, signal).context("cannot signal the server")?;
            if let Ok(status) = timeout(patience, child.wait()).await {
                status.context("cannot wait for the server")?;
                return Ok(());
            }
        }
        bail!("the server does not end");
    }

    /// Waits until the server ends by itself, and answers with what there is to say about it.
    /// Never returns for one that does not run.
    pub async fn ended(&mut self) -> anyhow::Error {
        let Some(child) = self.child.as_mut() else {
            return std::future::pending().await;
        };
        match child.wait().await {
            Ok(status) => self.death(status),
            Err(error) => anyhow::Error::new(error).context("cannot wait for PostgreSQL"),
        }
    }

    fn death(&self, status: ExitStatus) -> anyhow::Error {
        let words = last_lines(&log_since(&self.place.log, self.log_start), 15);
        anyhow::anyhow!(
            "PostgreSQL ended ({status}); {}:\n{words}",
            self.place.log.display()
        )
    }

    /// Made aside and renamed when it is whole, so that a killed `initdb` leaves no half of one.
    async fn make_cluster(&self) -> Result<()> {
        let unfinished = &self.place.unfinished_data;
        if unfinished.exists() {
            fs::remove_dir_all(unfinished).context("cannot remove an unfinished data folder")?;
        }
        self.run_as.own_folder(unfinished)?;
        let mut command = self.command("initdb");
        command
            .arg("--pgdata")
            .arg(unfinished)
            .args([
                "--username",
                SUPERUSER,
                "--encoding",
                "UTF8",
                "--locale",
                "C",
            ])
            // Whoever can enter the socket's folder is the server's account or root.
            .args([
                "--auth-local",
                "trust",
                "--auth-host",
                "reject",
                "--data-checksums",
            ])
            .args(self.place.is_temporary().then_some("--no-sync"));
        let output = command.output().await.context("cannot run initdb")?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!(
                "initdb fails ({}):\n{}",
                output.status,
                last_lines(&words, 15)
            );
        }
        fs::rename(unfinished, &self.place.data).context("cannot place the new data folder")
    }

    fn spawn(&self) -> Result<Child> {
        let log = open_log(&self.place.log)?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(&self.place.data)
            .arg("-k")
            .arg(&self.place.socket);
        // The port only names the socket.
        command.args(["-p", "5432", "-c", "listen_addresses="]);
        let max_connections = format!("max_connections={}", max_connections());
        for setting in [
            &*max_connections,
            "shared_buffers=64MB",
            "log_destination=stderr",
            "logging_collector=off",
            "log_line_prefix=%m [%p] %q%u@%d ",
            "log_timezone=UTC",
            "lc_messages=C",
        ] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        if self.place.is_temporary() {
            // Commits stay synchronous: what was acknowledged survives the server's death.
            command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        command
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot run postgres")
    }

    fn command(&self, program: &str) -> Command {
        // INT: shut down, also if this program is killed.
        let mut command = self.run_as.command(&self.binaries.program(program), "INT");
        for name in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGOPTIONS",
        ] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Waits until the server accepts connections; answers with its exit where it ended instead.
    async fn exit_or_readiness(&mut self, deadline: Instant) -> Result<Option<ExitStatus>> {
        let url = self.superuser_url();
        let child = self.child.as_mut().context("the server does not run")?;
        loop {
            if let Some(status) = child.try_wait().context("cannot wait for the server")? {
                return Ok(Some(status));
            }
            match PgConnection::connect(&url).await {
                Ok(connection) => {
                    connection.close().await?;
                    return Ok(None);
                }
                Err(error) if Instant::now() > deadline => {
                    return Err(error).context("PostgreSQL does not accept connections");
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn signal_all(&self, signal: Signal) -> Result<()> {
        let pid = self
            .child
            .as_ref()
            .and_then(as_pid)
            .context("the server does not run")?;
        // The postmaster first, so that it starts no process that would be missed.
        kill_process(pid, signal).context("cannot signal the server")?;
        for process in leftover::processes(&self.place.data) {
            // One that has ended meanwhile needs no signal.
            let _ = kill_process(process, signal);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(pid) = self.child.as_ref().and_then(as_pid) {
            // Frozen, it would hear nothing.
            let _ = self.thaw();
            let _ = kill_process(pid, Signal::QUIT);
            // Its files may be deleted next.
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
    }
}

/// What the tests need: as many run at once as there are processors, each with a core or two and their
/// pools.
fn max_connections() -> usize {
    const OF_A_TEST: usize = 50;
    let tests = std::thread::available_parallelism().map_or(1, usize::from);
    (tests * OF_A_TEST).max(200)
}

fn as_pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()?).ok()?)
}
