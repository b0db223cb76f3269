//! Commands of an account of which another session keeps something locked. They wait beside their lane,
//! which goes on without them: the wait for a lock is paid once, and not by every batch that such an
//! account is in.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use super::batcher::{Job, LedgerError};
use crate::id::AccountId;

/// Between two looks at what is locked.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Between two tries of an account whose row is free, and something else of it is locked: nobody can look
/// at that, and each try makes the lane wait a little.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// As long as a batch waits for a lock.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where one batch was blocked, others may be.
const UNEASY: Duration = Duration::from_secs(2);
/// How long an account is taken for locked that nobody asks about any more.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Most commands that wait here.
const MOST: usize = 256;

#[derive(Default)]
pub struct Aside {
    waiting: VecDeque<Job>,
    accounts: HashMap<AccountId, Locked>,
    looked_at: Option<Instant>,
    uneasy_until: Option<Instant>,
}

struct Locked {
    /// When it was last found so.
    seen: Instant,
    /// Where its row is not what is locked: when it may be tried again.
    try_at: Option<Instant>,
}

/// How an account was found to be locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By a look at its row, now or before.
    Row,
    /// By a try, and its row is free.
    Otherwise,
}

impl Aside {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the account was found locked, and nothing of it was carried out since.
    pub fn remembers(&self, account: AccountId) -> bool {
        !self.accounts.is_empty() && self.accounts.contains_key(&account)
    }

    /// Forgets those that nobody has asked about for long.
    pub fn forget(&mut self, now: Instant) {
        self.accounts
            .retain(|_, locked| now - locked.seen < REMEMBERED);
    }

    /// Something of the account was carried out.
    pub fn forgive(&mut self, account: AccountId) {
        if !self.accounts.is_empty() {
            self.accounts.remove(&account);
        }
    }

    /// A batch was blocked.
    pub fn worry(&mut self, now: Instant) {
        self.uneasy_until = Some(now + UNEASY);
    }

    /// Whether others may be locked too: then nothing waits long for a lock.
    pub fn is_uneasy(&self, now: Instant) -> bool {
        !self.accounts.is_empty() || self.uneasy_until.is_some_and(|until| now < until)
    }

    pub fn put(&mut self, mut job: Job, found: Found, now: Instant) {
        let since = *job.waiter.aside_since.get_or_insert(now);
        let locked = self.accounts.entry(job.command.account).or_insert(Locked {
            seen: now,
            try_at: None,
        });
        if found == Found::Otherwise {
            locked.seen = now;
            locked.try_at = Some(now + TRY_EVERY);
        }
        if self.waiting.len() >= MOST || now - since >= PATIENCE {
            job.waiter.answer(Err(LedgerError::Locked));
        } else {
            self.waiting.push_back(job);
        }
    }

    /// The accounts to look at, where it is time to.
    pub fn due(&mut self, now: Instant) -> Option<Vec<Uuid>> {
        let recent = self.looked_at.is_some_and(|at| now - at < LOOK_EVERY);
        if self.waiting.is_empty() || recent {
            return None;
        }
        self.looked_at = Some(now);
        let accounts: HashSet<Uuid> = self
            .waiting
            .iter()
            .map(|job| job.command.account.uuid())
            .collect();
        Some(accounts.into_iter().collect())
    }

    /// Takes out, in order of arrival, the commands of accounts whose rows are not locked: together, but
    /// for those that may be blocked all the same, each account of which is a batch by itself. Answers
    /// those that have waited for too long.
    pub fn take_free(&mut self, locked: &HashSet<AccountId>, now: Instant) -> Vec<Vec<Job>> {
        let (mut free, mut suspect) = (Vec::new(), BTreeMap::<_, Vec<Job>>::new());
        let (mut given_up, mut stays) = (0, None);
        for job in std::mem::take(&mut self.waiting) {
            let account = job.command.account;
            let known = self.accounts.get(&account);
            let try_at = known.and_then(|known| known.try_at);
            let waited = job
                .waiter
                .aside_since
                .map_or(Duration::ZERO, |since| now - since);
            let blocked = locked.contains(&account) || try_at.is_some_and(|at| now < at);
            if job.waiter.is_gone(now) {
                job.waiter.answer(Err(LedgerError::DeadlineExceeded));
            } else if !blocked && try_at.is_some() {
                suspect.entry(account.uuid()).or_default().push(job);
            } else if !blocked {
                free.push(job);
            } else if waited >= PATIENCE {
                given_up += 1;
                stays.get_or_insert(account);
                job.waiter.answer(Err(LedgerError::Locked));
            } else {
                self.waiting.push_back(job);
            }
        }
        for account in locked {
            if let Some(known) = self.accounts.get_mut(account) {
                known.seen = now;
            }
        }
        if let Some(account) = stays {
            warn!(
                given_up,
                ?account,
                "account stays locked by another session, or several do"
            );
        }
        std::iter::once(free)
            .filter(|free| !free.is_empty())
            .chain(suspect.into_values())
            .collect()
    }
}
