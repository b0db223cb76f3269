//! The way to an account's committed state.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::apply::account_to_be;
use super::joint_reads::{JointReads, Question, ReadError};
use super::queries::{self, TenantDefaults};
use super::state::{AccountState, FreeCalls};
use crate::database::{Database, clock};
use crate::id::AccountId;

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

struct Read {
    account: AccountId,
    tenant_id: String,
    /// The tool whose free calls are asked about.
    tool: Option<String>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Reader(JointReads<Read>);

impl Reader {
    pub fn start(database: &Database, tasks: &mut JoinSet<()>) -> Self {
        Self(JointReads::start("reader", database, tasks))
    }

    /// The account as it is committed, or as it would begin where nothing was written.
    pub async fn read(
        &self,
        account: AccountId,
        tenant_id: &str,
        tool: Option<String>,
        deadline: Instant,
    ) -> Result<Snapshot, ReadError> {
        let read = Read {
            account,
            tenant_id: tenant_id.to_owned(),
            tool,
        };
        self.0.read(read, deadline).await
    }
}

impl Question for Read {
    type Answer = Snapshot;

    async fn ask(
        connection: &mut PgConnection,
        questions: &[&Self],
    ) -> Result<Vec<Snapshot>, sqlx::Error> {
        let round = ask(connection, questions).await?;
        Ok(questions.iter().map(|read| round.snapshot(read)).collect())
    }
}

/// What one round of queries found.
struct Round {
    accounts: HashMap<AccountId, (AccountState, Timestamp)>,
    tenants: HashMap<String, TenantDefaults>,
    free_calls: HashMap<(AccountId, String), FreeCalls>,
    now: Timestamp,
}

async fn ask(connection: &mut PgConnection, reads: &[&Read]) -> Result<Round, sqlx::Error> {
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
