//! Reads that wait share one query. Always from the primary, never from memory: a read joins only a
//! query that starts after it has arrived.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, warn};
use uuid::Uuid;

use super::apply::account_to_be;
use super::queries::{self, TenantDefaults};
use super::session::Session;
use super::state::{AccountState, FreeCalls};
use crate::database::{Database, clock, explained, is_unreachable};
use crate::id::AccountId;

const QUERY_TIMEOUT: Duration = Duration::from_secs(6);
/// Most reads that one query serves. Few enough that callers who all wait do not all wait for the same
/// query: while it is answered, this process encodes the answers of the one before.
const BATCH_MAX: usize = 64;
/// Most reads that may wait.
const QUEUE_MAX: usize = 2_048;

/// An account as it is committed, at the moment `now` of the database's clock.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub account: AccountState,
    /// False: nothing has been written for the account; it is shown as it would begin.
    pub exists: bool,
    /// Free calls taken of the tool that was asked about.
    pub free_calls: Option<FreeCalls>,
    pub now: Timestamp,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error("too many requests are waiting")]
    Overloaded,
    #[error("no answer by the deadline")]
    DeadlineExceeded,
    #[error("the database cannot be reached")]
    Unavailable,
    /// Refused by the database, and logged.
    #[error("internal error")]
    Internal,
}

struct Read {
    account: AccountId,
    tenant_id: String,
    /// The tool whose free calls are asked about.
    tool: Option<String>,
    reply: oneshot::Sender<Result<Snapshot, ReadError>>,
}

/// The way to an account's committed state. Cheap to clone.
#[derive(Clone)]
pub struct Reader(mpsc::Sender<Read>);

impl Reader {
    /// Starts the one task and its one connection; more gain nothing. It ends when the last clone
    /// is dropped, and must not end before.
    pub fn start(database: &Database, tasks: &mut JoinSet<()>) -> Self {
        let (sender, reads) = mpsc::channel(QUEUE_MAX);
        let task = ReaderTask {
            session: Session::new("reader".to_owned(), database),
        };
        tasks.spawn(task.run(reads));
        Self(sender)
    }

    /// The account as it is committed, or as it would begin where nothing was written.
    pub async fn read(
        &self,
        account: AccountId,
        tenant_id: &str,
        tool: Option<String>,
        deadline: Instant,
    ) -> Result<Snapshot, ReadError> {
        let (reply, snapshot) = oneshot::channel();
        let read = Read {
            account,
            tenant_id: tenant_id.to_owned(),
            tool,
            reply,
        };
        self.0.try_send(read).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ReadError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ReadError::Unavailable,
        })?;
        match timeout_at(deadline, snapshot).await {
            Ok(Ok(snapshot)) => snapshot,
            Ok(Err(_)) => Err(ReadError::Unavailable),
            Err(_) => Err(ReadError::DeadlineExceeded),
        }
    }
}

struct ReaderTask {
    session: Session,
}

/// What one round of queries found.
struct Round {
    accounts: HashMap<AccountId, (AccountState, Timestamp)>,
    tenants: HashMap<String, TenantDefaults>,
    free_calls: HashMap<(AccountId, String), FreeCalls>,
    now: Timestamp,
}

impl ReaderTask {
    async fn run(mut self, mut reads: mpsc::Receiver<Read>) {
        self.session.open().await;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            // Where reads wait, the next query starts at once.
            if reads.is_empty() {
                match reads.recv().await {
                    Some(read) => batch.push(read),
                    None => return,
                }
                // Whoever is ready now comes along.
                tokio::task::yield_now().await;
            }
            while batch.len() < BATCH_MAX
                && let Ok(read) = reads.try_recv()
            {
                batch.push(read);
            }
            batch.retain(|read| !read.reply.is_closed());
            if batch.is_empty() {
                continue;
            }
            let round = self.round(&batch).await;
            for read in batch.drain(..) {
                let snapshot = round
                    .as_ref()
                    .map_err(Clone::clone)
                    .map(|round| round.snapshot(&read));
                // Whoever asked may have gone.
                drop(read.reply.send(snapshot));
            }
        }
    }

    /// Asks once, and once more on a new connection where the old one had died meanwhile.
    async fn round(&mut self, reads: &[Read]) -> Result<Round, ReadError> {
        for _ in 0..2 {
            let Some(session) = self.session.open().await else {
                return Err(ReadError::Unavailable);
            };
            match timeout(QUERY_TIMEOUT, ask(session, reads)).await {
                Ok(Ok(round)) => return Ok(round),
                Ok(Err(cause)) => {
                    self.session.close();
                    if !is_unreachable(&cause) {
                        let meaning = explained(&cause);
                        error!(%cause, meaning, "read refused by the database");
                        return Err(ReadError::Internal);
                    }
                    warn!(%cause, "database lost while reading");
                }
                Err(_) => {
                    self.session.close();
                    warn!("database lost while reading: no answer");
                    return Err(ReadError::Unavailable);
                }
            }
        }
        Err(ReadError::Unavailable)
    }
}

async fn ask(connection: &mut PgConnection, reads: &[Read]) -> Result<Round, sqlx::Error> {
    let mut ids: Vec<Uuid> = reads.iter().map(|read| read.account.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts: HashMap<_, _> = queries::find_accounts(connection, &ids)
        .await?
        .into_iter()
        .map(|(id, account, now)| (id, (account, now)))
        .collect();

    let (tool_accounts, tools): (Vec<Uuid>, Vec<String>) = reads
        .iter()
        .filter_map(|read| Some((read.account.uuid(), read.tool.clone()?)))
        .unzip();
    let free_calls = if tools.is_empty() {
        HashMap::new()
    } else {
        queries::find_free_calls(connection, &tool_accounts, &tools)
            .await?
            .into_iter()
            .map(|(account, tool, calls)| ((account, tool), calls))
            .collect()
    };

    let mut unwritten: Vec<String> = reads
        .iter()
        .filter(|read| !accounts.contains_key(&read.account))
        .map(|read| read.tenant_id.clone())
        .collect();
    unwritten.sort_unstable();
    unwritten.dedup();
    let (tenants, now) = if unwritten.is_empty() {
        (HashMap::new(), Timestamp::UNIX_EPOCH)
    } else {
        let tenants = queries::tenant_defaults(connection, &unwritten).await?;
        let by_id = tenants
            .into_iter()
            .map(|tenant| (tenant.tenant_id.clone(), tenant))
            .collect();
        (by_id, clock(connection).await?)
    };
    Ok(Round {
        accounts,
        tenants,
        free_calls,
        now,
    })
}

impl Round {
    fn snapshot(&self, read: &Read) -> Snapshot {
        let free_calls = read
            .tool
            .as_ref()
            .and_then(|tool| self.free_calls.get(&(read.account, tool.clone())))
            .copied();
        match self.accounts.get(&read.account) {
            Some((account, now)) => Snapshot {
                account: account.clone(),
                exists: true,
                free_calls,
                now: *now,
            },
            None => Snapshot {
                account: account_to_be(self.tenants.get(&read.tenant_id), self.now),
                exists: false,
                free_calls,
                now: self.now,
            },
        }
    }
}
