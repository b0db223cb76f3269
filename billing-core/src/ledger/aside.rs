//! Commands whose account another session keeps locked. They wait beside their lane, which goes on
//! without them: the wait for a lock is paid once, and not by every batch that such an account is in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use super::batcher::{Job, LedgerError};
use crate::id::AccountId;

/// Between two looks at what is locked.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);
/// As long as a batch waits for a lock.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an account is taken for locked that nobody asks about any more.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Most commands that wait here.
const MOST: usize = 256;

#[derive(Default)]
pub struct Aside {
    waiting: VecDeque<(Instant, Job)>,
    /// When each was last seen locked.
    locked: HashMap<AccountId, Instant>,
    looked_at: Option<Instant>,
}

impl Aside {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the account was found locked, and not found free since.
    pub fn remembers(&self, account: AccountId) -> bool {
        self.remembers_any() && self.locked.contains_key(&account)
    }

    /// Forgets those that nobody has asked about for long.
    pub fn forget(&mut self, now: Instant) {
        self.locked.retain(|_, seen| now - *seen < REMEMBERED);
    }

    /// Where one is locked, others may be: so nothing waits long for a lock then.
    pub fn remembers_any(&self) -> bool {
        !self.locked.is_empty()
    }

    pub fn put(&mut self, job: Job, now: Instant) {
        if self.waiting.len() >= MOST {
            job.waiter.answer(Err(LedgerError::Locked));
            return;
        }
        self.locked.insert(job.command.account, now);
        self.waiting.push_back((now, job));
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
            .map(|(_, job)| job.command.account.uuid())
            .collect();
        Some(accounts.into_iter().collect())
    }

    /// Takes out, in order of arrival, the commands of accounts that are not locked. Answers those that
    /// have waited for too long.
    pub fn take_free(&mut self, locked: &HashSet<AccountId>, now: Instant) -> Vec<Job> {
        let (mut free, mut given_up, mut stays) = (Vec::new(), 0, None);
        for (since, job) in std::mem::take(&mut self.waiting) {
            let account = job.command.account;
            if !locked.contains(&account) {
                self.locked.remove(&account);
                free.push(job);
            } else if job.waiter.is_gone(now) {
                job.waiter.answer(Err(LedgerError::DeadlineExceeded));
            } else if now - since >= PATIENCE {
                given_up += 1;
                stays.get_or_insert(account);
                job.waiter.answer(Err(LedgerError::Locked));
            } else {
                self.waiting.push_back((since, job));
            }
        }
        for (account, seen) in &mut self.locked {
            if locked.contains(account) {
                *seen = now;
            }
        }
        if let Some(account) = stays {
            warn!(
                given_up,
                ?account,
                "account stays locked by another session, or several do"
            );
        }
        free
    }
}
