//! Every connection of the core is made here: to the primary, with settings that are known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};
use tokio::time::{sleep, timeout};

use super::settings::{Settings, plain_start};
use super::{explained, told, url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// As many as sqlx takes.
const COMMAND_POOL: u32 = 10;
const COMMAND_PATIENCE: Duration = Duration::from_secs(30);
/// A connection that is given back is idle by then, or has a statement that nobody waits for.
const RELEASE_WAIT: Duration = Duration::from_millis(100);
/// A pool tries again at once, and logs each try as an error.
const REFUSAL_PAUSE: Duration = Duration::from_millis(400);

/// Where the database is. Cheap to clone; clones know of each other's finds.
#[derive(Clone)]
pub struct Database(Arc<Servers>);

struct Servers {
    /// At least one.
    all: Vec<PgConnectOptions>,
    /// The one that was the primary when somebody last connected.
    primary: AtomicUsize,
    /// See [`Database::let_nobody_in`].
    shut: AtomicBool,
    made: Instant,
    /// See [`Database::leave`]: microseconds since `made`; 0 where none was left.
    left: AtomicU64,
    /// What `synchronous_commit` is, where it is not as it should be.
    acknowledging: Option<String>,
}

/// Why there is no connection to a server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{}{}", told(.0), explained(.0).map(|meaning| format!(" ({meaning})")).unwrap_or_default())]
    Sql(#[from] sqlx::Error),
    #[error("no answer")]
    NoAnswer,
    #[error("it is a standby, or lets nobody write: not the primary")]
    NotPrimary,
    #[error("these settings could not be pinned, and a pooler must keep them: {0}")]
    Astray(String),
    #[error(
        "a pooler gives statements of one session to several: set pool_mode = session for billing, \
         or connect to PostgreSQL itself"
    )]
    NoSession,
    #[error("nothing commits there at the moment, so no further connection is made")]
    NothingCommits,
}

/// Why there is no connection to any server: a line about each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(|(server, error)| format!("{server}: {error}")).collect::<Vec<_>>().join("; "))]
pub struct Unreached(Vec<(String, ConnectError)>);

impl Unreached {
    /// Whether a server answered, as one that is not the primary.
    pub fn has_standby(&self) -> bool {
        self.any(|error| matches!(error, ConnectError::NotPrimary))
    }

    /// Of a URL with one server: why that one.
    pub fn only(&self) -> Option<&ConnectError> {
        self.0.first().map(|(_, error)| error)
    }

    /// Whether nobody was asked, since nothing commits.
    pub fn is_shut(&self) -> bool {
        self.any(|error| matches!(error, ConnectError::NothingCommits))
    }

    fn any(&self, is: impl Fn(&ConnectError) -> bool) -> bool {
        self.0.iter().any(|(_, error)| is(error))
    }
}

impl Database {
    /// Connects to nothing yet.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        // The URL holds a password: it is not repeated.
        let servers =
            url::servers(url).map_err(|why| anyhow::anyhow!("not a URL of PostgreSQL: {why}"))?;
        Ok(Self::of(servers, None))
    }

    /// The one on this server.
    pub fn on(server: PgConnectOptions) -> Self {
        Self::of(vec![server], None)
    }

    /// Each server by itself, with its name.
    pub(crate) fn each(&self) -> Vec<(String, Self)> {
        let servers = self.0.all.iter().enumerate();
        servers
            .map(|(number, server)| (self.name(number), Self::on(server.clone())))
            .collect()
    }

    /// The same, where answers may leave before what they tell is safe from a crash.
    #[must_use]
    pub fn acknowledging(self, synchronous_commit: Option<&str>) -> Self {
        Self::of(self.0.all.clone(), synchronous_commit.map(str::to_owned))
    }

    fn of(servers: Vec<PgConnectOptions>, acknowledging: Option<String>) -> Self {
        Self(Arc::new(Servers {
            all: servers.into_iter().map(plain_start).collect(),
            primary: AtomicUsize::new(0),
            shut: AtomicBool::new(false),
            made: Instant::now(),
            left: AtomicU64::new(0),
            acknowledging,
        }))
    }

    /// A session with the primary, wherever that is now.
    ///
    /// Whether it is the primary is looked at here, and by the heartbeat's session for all: see
    /// [`Database::leave`].
    pub async fn connect(&self, settings: &Settings) -> Result<PgConnection, Unreached> {
        self.connect_to_stay(settings).await.map(|(found, _)| found)
    }

    /// For a session that is kept: with when it was known that its server is the primary.
    pub(crate) async fn connect_to_stay(
        &self,
        settings: &Settings,
    ) -> Result<(PgConnection, Instant), Unreached> {
        if self.0.shut.load(Ordering::Relaxed) {
            let server = self.name(self.0.primary.load(Ordering::Relaxed));
            return Err(Unreached(vec![(server, ConnectError::NothingCommits)]));
        }
        self.connect_though_shut(settings).await
    }

    /// For whoever finds out whether anything commits.
    pub(crate) async fn connect_though_shut(
        &self,
        settings: &Settings,
    ) -> Result<(PgConnection, Instant), Unreached> {
        let settings = self.settled(settings);
        let count = self.0.all.len();
        let last = self.0.primary.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for number in (0..count).map(|next| (last + next) % count) {
            let Some(server) = self.0.all.get(number) else {
                continue;
            };
            let begun = Instant::now();
            match within(open(server, &settings)).await {
                Ok(connection) => {
                    self.0.primary.store(number, Ordering::Relaxed);
                    return Ok((connection, begun));
                }
                Err(error) => {
                    if number == last && matches!(error, ConnectError::NotPrimary) {
                        self.leave();
                    }
                    failures.push((self.name(number), error));
                }
            }
        }
        Err(Unreached(failures))
    }

    /// The server is no primary any more, or is fenced, and its sessions go on: nobody uses one that was
    /// opened before now.
    pub(crate) fn leave(&self) {
        self.0
            .left
            .store(self.moment(Instant::now()).max(1), Ordering::Relaxed);
    }

    /// Whether a session that was opened then is one with a server that was left.
    pub(crate) fn is_left(&self, opened: Instant) -> bool {
        let left = self.0.left.load(Ordering::Relaxed);
        left != 0 && self.moment(opened) <= left
    }

    fn moment(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.0.made);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether connections are refused, but for [`Database::connect_though_shut`].
    ///
    /// A backend that waits in COMMIT for a disk or for a standby cannot be ended: to cancel or to
    /// terminate it lets its transaction become visible, which is then only here, and a repeat of its
    /// key would be answered with what the standby does not have. So it is left to wait. That they
    /// do not pile up, nobody who has given one up gets another before a commit has come through.
    pub(crate) fn let_nobody_in(&self, shut: bool) {
        self.0.shut.store(shut, Ordering::Relaxed);
    }

    /// Connects when there is something to do.
    pub fn pool(&self, most: u32, patience: Duration, settings: &Settings) -> PgPool {
        self.pool_options(most, patience, settings)
            .connect_lazy_with(self.primary())
    }

    /// The same for what only reads. A connection whose statement nobody waits for any more is closed:
    /// else the pool would wait for its end. The server ends it when it finds the connection closed.
    pub fn read_pool(&self, most: u32, patience: Duration, settings: &Settings) -> PgPool {
        self.pool_options(most, patience, settings)
            .after_release(|connection, _| {
                Box::pin(async move {
                    let answers = timeout(RELEASE_WAIT, connection.ping()).await;
                    Ok(answers.is_ok_and(|pinged| pinged.is_ok()))
                })
            })
            .connect_lazy_with(self.primary())
    }

    fn pool_options(&self, most: u32, patience: Duration, settings: &Settings) -> PgPoolOptions {
        let (database, settings) = (self.clone(), self.settled(settings));
        let of_pool = self.clone();
        PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(patience)
            .before_acquire(move |_, connection| {
                let opened = Instant::now().checked_sub(connection.age);
                let stays = opened.is_some_and(|opened| !of_pool.is_left(opened));
                Box::pin(async move { Ok(stays) })
            })
            .after_connect(move |connection, _| {
                let (database, settings) = (database.clone(), settings.clone());
                Box::pin(async move {
                    let begun = Instant::now();
                    let pinned = if database.0.shut.load(Ordering::Relaxed) {
                        Err(ConnectError::NothingCommits)
                    } else {
                        settings.pin(connection).await
                    };
                    let error = match pinned {
                        // The pool takes it for younger than this.
                        Ok(()) if database.is_left(begun) => ConnectError::NotPrimary,
                        Ok(()) => return Ok(()),
                        Err(error) => error,
                    };
                    sleep(REFUSAL_PAUSE).await;
                    Err(sqlx::Error::Configuration(error.into()))
                })
            })
    }

    /// For a command: a pool with a session that is there.
    pub async fn pool_at_once(&self, settings: &Settings) -> anyhow::Result<PgPool> {
        let ready = async {
            self.require_sessions().await?;
            self.connect(settings).await
        };
        // It has found the primary, where the pool's own then go.
        let found = ready.await.context("cannot connect to the database")?;
        drop(found);
        Ok(self.pool(COMMAND_POOL, COMMAND_PATIENCE, settings))
    }

    /// Lets the pools' new connections go where the primary was found.
    pub(crate) fn lead(&self, pools: &[PgPool]) {
        if self.0.all.len() > 1 {
            for pool in pools {
                pool.set_connect_options(self.primary());
            }
        }
    }

    /// Refuses a pooler whose sessions are none: it would lose settings, prepared statements and
    /// locks. Asks the first server that answers.
    pub async fn require_sessions(&self) -> Result<(), Unreached> {
        let mut failures = Vec::new();
        for (number, server) in self.0.all.iter().enumerate() {
            match within(keeps_sessions(server)).await {
                Ok(true) => return Ok(()),
                Ok(false) => failures.push((self.name(number), ConnectError::NoSession)),
                Err(error) => failures.push((self.name(number), error)),
            }
        }
        Err(Unreached(failures))
    }

    pub(crate) fn primary(&self) -> PgConnectOptions {
        let number = self.0.primary.load(Ordering::Relaxed);
        self.0.all.get(number).cloned().unwrap_or_default()
    }

    /// Without what is secret.
    fn name(&self, number: usize) -> String {
        let Some(server) = self.0.all.get(number) else {
            return String::new();
        };
        let host = server.get_socket().map_or_else(
            || server.get_host().to_owned(),
            |folder| folder.display().to_string(),
        );
        format!("{host}:{}", server.get_port())
    }

    fn settled(&self, settings: &Settings) -> Settings {
        match &self.0.acknowledging {
            Some(less) => settings.clone().acknowledging(less),
            None => settings.clone(),
        }
    }
}

async fn within<T>(step: impl Future<Output = Result<T, ConnectError>>) -> Result<T, ConnectError> {
    timeout(CONNECT_TIMEOUT, step)
        .await
        .unwrap_or(Err(ConnectError::NoAnswer))
}

async fn open(
    server: &PgConnectOptions,
    settings: &Settings,
) -> Result<PgConnection, ConnectError> {
    let mut connection = PgConnection::connect_with(server).await?;
    settings.pin(&mut connection).await?;
    Ok(connection)
}

/// Whether two sessions have a backend each, and keep it. Asked by the simple protocol, which every
/// pooler passes on.
async fn keeps_sessions(server: &PgConnectOptions) -> Result<bool, ConnectError> {
    let mut one = PgConnection::connect_with(server).await?;
    let before = backend(&mut one).await?;
    let others = async {
        let mut other = PgConnection::connect_with(server).await?;
        Ok::<_, sqlx::Error>((backend(&mut other).await?, backend(&mut other).await?))
    };
    // Where the second has to wait for the first, each has its own.
    let Ok(others) = timeout(CONNECT_TIMEOUT / 2, others).await else {
        return Ok(true);
    };
    let (other, still_other) = others?;
    let after = backend(&mut one).await?;
    Ok(before == after && other == still_other && before != other)
}

async fn backend(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("select pg_backend_pid()")
        .fetch_one(connection)
        .await?
        .try_get(0)
}
