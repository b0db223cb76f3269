//! Whether money can be moved: a small write that really commits, again and again, on a connection
//! of its own that nobody else can starve.

mod queries;

use std::time::Duration;

pub(crate) use queries::missing_privileges;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::database::{Database, Settings, Unreached, explained, is_still_primary};

const EVERY: Duration = Duration::from_secs(1);
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// Nothing that began earlier tells of now.
const STALE_AFTER: Duration = Duration::from_secs(5);
/// Below [`STALE_AFTER`], and both below the time after which a lane gives a backend up at COMMIT:
/// where it does, it is known already that nothing commits.
const BEAT_TIMEOUT: Duration = Duration::from_secs(4);
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Why the core cannot decide.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("no primary: {0}")]
    NoPrimary(#[from] Unreached),
    #[error("the server is fenced, or a standby: every session with it is given up")]
    Fenced,
    #[error("a small write fails: {}{}", .0, explained(.0).map(|meaning| format!(" ({meaning})")).unwrap_or_default())]
    Refused(#[from] sqlx::Error),
    #[error("the core's role, which must be a member of billing_app, lacks privileges: {0}")]
    Privileges(String),
    #[error(
        "the database answers and commits nothing: a disk stands still, or a synchronous standby is away"
    )]
    NothingCommits,
}

/// The newest beat's beginning. It ends with [`beat`].
pub type Pulse = watch::Receiver<Option<Instant>>;

/// Whether a beat that came through is young enough.
pub fn is_alive(pulse: &Pulse) -> bool {
    pulse
        .borrow()
        .is_some_and(|begun| begun.elapsed() < STALE_AFTER)
}

/// Beats until `shutdown`, leads the pools to where the primary is found, and says what is wrong.
/// The first beat is over when this returns, so that a core that can decide is ready at once.
pub async fn start(database: Database, pools: Vec<PgPool>, shutdown: CancellationToken) -> Pulse {
    let (sender, pulse) = watch::channel(None);
    let mut heart = Heart {
        database,
        pools,
        pulse: sender,
        open: None,
        given_up: None,
        told: None,
    };
    let mut pause = heart.beat().await;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = sleep(pause) => pause = heart.beat().await,
            }
        }
    });
    pulse
}

struct Heart {
    database: Database,
    pools: Vec<PgPool>,
    pulse: watch::Sender<Option<Instant>>,
    open: Option<Session>,
    /// The backend that did not come back from its write, and since when it is given up.
    given_up: Option<(i32, Instant)>,
    /// When trouble was last logged, and which.
    told: Option<(Instant, String)>,
}

struct Session {
    connection: PgConnection,
    backend: i32,
}

impl Heart {
    /// Answers with how long to wait before the next.
    async fn beat(&mut self) -> Duration {
        let begun = Instant::now();
        let written = self.write().await;
        self.database.lead(&self.pools);
        let Err(trouble) = written else {
            self.database.let_nobody_in(false);
            self.pulse.send_replace(Some(begun));
            self.told = None;
            return EVERY;
        };
        match trouble {
            Trouble::NothingCommits => self.database.let_nobody_in(true),
            Trouble::Fenced => {
                self.database.leave();
                self.pulse.send_replace(None);
            }
            _ => {}
        }
        let trouble = trouble.to_string();
        let is_told = self
            .told
            .as_ref()
            .is_some_and(|(when, told)| when.elapsed() < TOLD_EVERY && *told == trouble);
        if !is_told {
            warn!(trouble, "the core cannot decide");
            self.told = Some((Instant::now(), trouble));
        }
        AGAIN_AFTER
    }

    async fn write(&mut self) -> Result<(), Trouble> {
        let mut session = match self.open.take() {
            Some(session) => session,
            None => Session::open(&self.database).await?,
        };
        if let Some((backend, since)) = self.given_up {
            // As long as that one waits, so would this one: there are never more than the two.
            if session.sees_waiting(backend, since).await? {
                self.open = Some(session);
                return Err(Trouble::NothingCommits);
            }
            self.given_up = None;
        }
        let backend = session.backend;
        match timeout(BEAT_TIMEOUT, session.write()).await {
            Ok(Ok(())) => {
                self.open = Some(session);
                Ok(())
            }
            Ok(Err(trouble)) => Err(trouble),
            Err(_) => {
                self.given_up = Some((backend, Instant::now()));
                Err(Trouble::NothingCommits)
            }
        }
    }
}

impl Session {
    async fn open(database: &Database) -> Result<Self, Trouble> {
        let settings = Settings::default().with([
            // Shorter than it takes the server to look for a deadlock, so that it ends none of others.
            ("lock_timeout", "500ms"),
            ("statement_timeout", "3s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ]);
        let (mut connection, _) = database.connect_though_shut(&settings).await?;
        let backend = queries::own_backend(&mut connection).await?;
        Ok(Self {
            connection,
            backend,
        })
    }

    /// A transaction that does to the ledger's tables what a charge does, but for the rows: it needs
    /// the privileges and the locks, and its COMMIT waits for the disk and for the synchronous standby.
    /// To take a number by `pg_current_xact_id()` is not enough for that: what has written nothing
    /// waits for nothing.
    async fn write(&mut self) -> Result<(), Trouble> {
        if let Some(missing) = queries::missing_privileges(&mut self.connection).await? {
            return Err(Trouble::Privileges(missing));
        }
        let mut transaction = self.connection.begin().await?;
        if !is_still_primary(&mut transaction).await? {
            return Err(Trouble::Fenced);
        }
        sqlx::raw_sql(
            "lock table account, account_profile, hold, free_call, entry, entry_note, charge_refund,
                idempotency_key in row exclusive mode;
            select pg_logical_emit_message(true, 'billing-core', 'heartbeat')",
        )
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Whether a backend is still in the transaction in which it was given up. Behind a pooler it may
    /// be somebody else's by now.
    async fn sees_waiting(&mut self, backend: i32, since: Instant) -> Result<bool, Trouble> {
        let millis = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let asking = queries::is_in_transaction_since(&mut self.connection, backend, millis);
        match timeout(BEAT_TIMEOUT, asking).await {
            Ok(waits) => Ok(waits?),
            Err(_) => Err(Trouble::NothingCommits),
        }
    }
}
