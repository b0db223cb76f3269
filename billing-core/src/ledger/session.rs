//! A connection of the hot path: how it plans, and that it is there when it is needed.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tracing::warn;

use crate::database::{Database, Settings};

const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Settings of every connection on the hot path.
///
/// A statement there finds its rows by key, always. A generic plan saves planning it each time. It
/// must not be the plan that is right for a table of a few rows, which is to read the table whole
/// for each batch: neither scan nor hash is offered, and a row that is looked at costs far more
/// than a page that is read, as it does where all that is hot lies in memory. The statements do
/// their part: see `queries/read.rs`.
pub fn hot_path() -> Settings {
    Settings::default().with([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("cpu_tuple_cost", "1"),
        ("cpu_operator_cost", "0.0001"),
        ("cpu_index_tuple_cost", "0.001"),
        ("seq_page_cost", "0.1"),
        ("random_page_cost", "0.1"),
        ("jit", "off"),
        ("lock_timeout", "2s"),
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ])
}

/// A connection that is made when it is needed, and again after it was lost.
pub struct Session {
    name: String,
    database: Database,
    settings: Settings,
    open: Option<PgConnection>,
    /// When that one was found to be with the primary.
    opened: Instant,
    /// When it was last logged that there is none.
    told: Option<Instant>,
}

impl Session {
    /// Connects to nothing yet. The name is for the log.
    pub fn new(name: String, database: &Database) -> Self {
        Self {
            name,
            database: database.clone(),
            settings: hot_path(),
            open: None,
            opened: Instant::now(),
            told: None,
        }
    }

    /// For another time than the others wait.
    #[must_use]
    pub fn waiting_for_locks(mut self, time: &'static str) -> Self {
        self.settings = self.settings.with([("lock_timeout", time)]);
        self
    }

    /// The connection; none where the server cannot be reached, which is logged.
    pub async fn open(&mut self) -> Option<&mut PgConnection> {
        if self.database.is_left(self.opened) {
            self.close();
        }
        if self.open.is_none() {
            self.open = self.connect().await;
        }
        self.open.as_mut()
    }

    /// Forgets a connection that was lost.
    pub fn close(&mut self) {
        self.open = None;
    }

    async fn connect(&mut self) -> Option<PgConnection> {
        match self.database.connect_to_stay(&self.settings).await {
            Ok((connection, opened)) => {
                self.opened = opened;
                Some(connection)
            }
            // That is told by who has found it out.
            Err(cause) if cause.is_shut() => None,
            Err(cause) => {
                if self.told.is_none_or(|told| told.elapsed() > TOLD_EVERY) {
                    self.told = Some(Instant::now());
                    warn!(session = self.name, %cause, "cannot connect to the database");
                }
                None
            }
        }
    }
}
