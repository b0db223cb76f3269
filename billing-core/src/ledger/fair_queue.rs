//! Who is next: accounts take turns, so that a flood on one does not hold the others up.

use std::collections::{HashMap, VecDeque};

use crate::id::AccountId;

/// A queue of `T`, in order of arrival within each account.
pub struct FairQueue<T> {
    waiting: HashMap<AccountId, VecDeque<T>>,
    turns: VecDeque<AccountId>,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
        }
    }
}

impl<T> FairQueue<T> {
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub fn push(&mut self, account: AccountId, item: T) {
        let queue = self.waiting.entry(account).or_insert_with(|| {
            self.turns.push_back(account);
            VecDeque::with_capacity(1)
        });
        queue.push_back(item);
    }

    /// Takes up to `most` items. An account that waits alone may take all; while others wait, it
    /// takes a quarter, and what is left of it goes to the back.
    pub fn take(&mut self, most: usize) -> Vec<T> {
        let share = if self.turns.len() > 1 {
            (most / 4).max(1)
        } else {
            most
        };
        let mut taken = Vec::with_capacity(most.min(self.turns.len().max(16)));
        for _ in 0..self.turns.len() {
            let Some(account) = self.turns.pop_front() else {
                break;
            };
            let Some(queue) = self.waiting.get_mut(&account) else {
                continue;
            };
            let room = share.min(most - taken.len()).min(queue.len());
            taken.extend(queue.drain(..room));
            if queue.is_empty() {
                self.waiting.remove(&account);
            } else {
                self.turns.push_back(account);
            }
            if taken.len() >= most {
                break;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(user: &str) -> AccountId {
        AccountId::of("t", user)
    }

    #[test]
    fn an_account_alone_takes_the_whole_batch_in_order_of_arrival() {
        let mut queue = FairQueue::default();
        (0..10).for_each(|n| queue.push(account("hot"), n));
        assert_eq!(queue.take(8), (0..8).collect::<Vec<_>>());
        assert_eq!(queue.take(8), vec![8, 9]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_flooded_account_takes_its_share_while_others_wait() {
        let mut queue = FairQueue::default();
        (0..100).for_each(|n| queue.push(account("hot"), n));
        queue.push(account("cold"), 1000);
        assert_eq!(queue.take(8), vec![0, 1, 1000]);
        // Alone again.
        assert_eq!(queue.take(8), (2..10).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_passed_over_when_more_accounts_wait_than_fit() {
        let mut queue = FairQueue::default();
        for user in 0..5 {
            (0..2).for_each(|n| queue.push(account(&user.to_string()), user * 10 + n));
        }
        assert_eq!(queue.take(4), vec![0, 10, 20, 30]);
        assert_eq!(queue.take(4), vec![40, 1, 11, 21]);
        assert_eq!(queue.take(4), vec![31, 41]);
    }
}
