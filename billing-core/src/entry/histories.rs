//! Connections for reads that take as long as an account's history is: each account has a share of them,
//! so that nobody's history holds up another's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;
use tonic::Status;
use uuid::Uuid;

use crate::id::AccountId;
use crate::rpc::Call;
use crate::status::{deadline_exceeded, overloaded};

/// Most reads of one account that are carried out or wait.
const ACCOUNT_MAX: usize = 32;

/// Cheap to clone.
#[derive(Clone)]
pub struct Histories {
    pool: PgPool,
    /// One for each connection. Who waits here waits in turn and until his deadline; the pool's own
    /// patience is for a database that cannot be reached.
    places: Arc<Semaphore>,
    accounts: Arc<Mutex<HashMap<AccountId, Arc<Semaphore>>>>,
}

impl Histories {
    pub fn new(pool: PgPool) -> Self {
        let connections = pool.options().get_max_connections();
        Self {
            pool,
            places: Arc::new(Semaphore::new(places(connections))),
            accounts: Arc::default(),
        }
    }

    /// The connections; only for what [`Histories::read`] is given.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Carries a read out when its account's turn has come. It ends by the call's deadline, and where
    /// the caller leaves: on the server too, see `Database::read_pool`.
    pub async fn read<T>(
        &self,
        call: &Call,
        account: AccountId,
        query: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        let line = self.line_up(account).ok_or_else(overloaded)?;
        let turn = async {
            // The account's first: so it never waits for more connections than its share.
            let share = line.share.acquire().await;
            (share, self.places.acquire().await)
        };
        let _turn = timeout_at(call.deadline, turn)
            .await
            .map_err(|_| deadline_exceeded())?;
        call.query(query).await
    }

    /// The same for what is of no single account: such reads have one share together.
    pub fn read_apart<T>(
        &self,
        call: &Call,
        query: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> impl Future<Output = Result<T, Status>> + Send
    where
        T: Send,
    {
        // Boxed: whoever asks about a whole tenant asks in several statements.
        self.read(call, AccountId::from_uuid(Uuid::nil()), Box::pin(query))
    }

    /// A place in the account's line; none where it is too long already.
    fn line_up(&self, account: AccountId) -> Option<Line> {
        let mut accounts = lock(&self.accounts);
        let connections = self.pool.options().get_max_connections();
        let share = accounts
            .entry(account)
            .or_insert_with(|| Arc::new(Semaphore::new(places(connections / 2))));
        // The map has one too.
        (Arc::strong_count(share) <= ACCOUNT_MAX).then(|| Line {
            account,
            share: Arc::clone(share),
            accounts: Arc::clone(&self.accounts),
        })
    }
}

fn places(connections: u32) -> usize {
    usize::try_from(connections.max(1)).unwrap_or(1)
}

type Accounts = Mutex<HashMap<AccountId, Arc<Semaphore>>>;

fn lock(accounts: &Accounts) -> MutexGuard<'_, HashMap<AccountId, Arc<Semaphore>>> {
    accounts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A read of an account, from its arrival to its end.
struct Line {
    account: AccountId,
    share: Arc<Semaphore>,
    accounts: Arc<Accounts>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut accounts = lock(&self.accounts);
        // The map's and this one: nobody else is in line.
        if Arc::strong_count(&self.share) <= 2 {
            accounts.remove(&self.account);
        }
    }
}
