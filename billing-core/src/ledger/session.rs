//! A connection of the hot path: how it plans, and that it is there when it is needed.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use tracing::warn;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Settings of every connection on the hot path.
///
/// A statement there finds its rows by key, always. A generic plan saves planning it each time. It
/// must not be the plan that is right for a table of a few rows, which is to read the table whole
/// for each batch: neither scan nor hash is offered, and a row that is looked at costs far more
/// than a page that is read, as it does where all that is hot lies in memory. The statements do
/// their part: see `queries/read.rs`.
pub fn hot_path(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([
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
        ("default_transaction_isolation", "read committed"),
        ("lock_timeout", "2s"),
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ])
}

/// A connection that is made when it is needed, and again after it was lost.
pub struct Session {
    name: String,
    database: PgConnectOptions,
    open: Option<PgConnection>,
}

impl Session {
    /// Connects to nothing yet. The name is for the log.
    pub fn new(name: String, database: &PgConnectOptions) -> Self {
        Self {
            name,
            database: hot_path(database),
            open: None,
        }
    }

    /// For another time than the others wait.
    #[must_use]
    pub fn waiting_for_locks(mut self, time: &str) -> Self {
        // Of a setting that is given twice, the later one holds.
        self.database = self.database.options([("lock_timeout", time)]);
        self
    }

    /// The connection; none where the server cannot be reached, which is logged.
    pub async fn open(&mut self) -> Option<&mut PgConnection> {
        if self.open.is_none() {
            self.open = self.connect().await;
        }
        self.open.as_mut()
    }

    /// Forgets a connection that was lost.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Gives the connection away: for a seeded bug.
    #[cfg(feature = "seeded-bugs")]
    pub async fn take(&mut self) -> Option<PgConnection> {
        self.open().await;
        self.open.take()
    }

    async fn connect(&self) -> Option<PgConnection> {
        match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&self.database)).await {
            Ok(Ok(connection)) => Some(connection),
            Ok(Err(cause)) => {
                warn!(session = self.name, %cause, "cannot connect to the database");
                None
            }
            Err(_) => {
                warn!(
                    session = self.name,
                    "cannot connect to the database: no answer"
                );
                None
            }
        }
    }
}
