//! Accounts that are known to exist, so that a batch need not try to insert them.

use uuid::Uuid;

use crate::id::AccountId;

const SLOTS: usize = 1 << 15;

/// A bounded memory of account ids, one a slot. It decides nothing: a missing id costs one insert
/// that does nothing, and an id that is wrongly here is noticed when its row cannot be locked.
pub struct KnownAccounts(Box<[Uuid]>);

impl Default for KnownAccounts {
    fn default() -> Self {
        Self(vec![Uuid::nil(); SLOTS].into_boxed_slice())
    }
}

impl KnownAccounts {
    pub fn contains(&self, id: AccountId) -> bool {
        self.0.get(slot(id)) == Some(&id.uuid())
    }

    /// To be called only after the account's row was seen committed.
    pub fn insert(&mut self, id: AccountId) {
        if let Some(held) = self.0.get_mut(slot(id)) {
            *held = id.uuid();
        }
    }

    pub fn forget_all(&mut self) {
        self.0.fill(Uuid::nil());
    }
}

fn slot(id: AccountId) -> usize {
    usize::try_from(id.spread() >> 24).unwrap_or_default() % SLOTS
}
