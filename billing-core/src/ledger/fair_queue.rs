//! Who is next: accounts take turns, so that a flood on one does not hold the others up.

use std::collections::{HashMap, VecDeque};

use crate::id::AccountId;

/// What an account takes of a batch while others come too. With less, a flooded account gets less done
/// than the machine could do for it; with more, the others wait longer (docs/performance.md).
const SHARE: usize = 16;
/// Batches after which others are forgotten.
const CROWDED: usize = 32;

/// A queue of `T`, in order of arrival within each account.
pub struct FairQueue<T> {
    waiting: HashMap<AccountId, VecDeque<T>>,
    turns: VecDeque<AccountId>,
    /// For how many batches more an account may take its share only.
    crowded: usize,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            crowded: 0,
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

    /// Takes up to `most` items. An account that is alone may take all. Where others wait, or waited a
    /// few batches ago, it takes its share, and what is left of it goes to the back: whoever comes
    /// next should find a short batch in flight.
    pub fn take(&mut self, most: usize) -> Vec<T> {
        if self.turns.len() > 1 {
            self.crowded = CROWDED;
        }
        let share = if self.crowded > 0 {
            SHARE.min(most / self.turns.len().max(1)).max(1)
        } else {
            most
        };
        self.crowded = self.crowded.saturating_sub(1);
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
    fn a_flooded_account_takes_its_share_while_others_come() {
        let mut queue = FairQueue::default();
        (0..1000).for_each(|n| queue.push(account("hot"), n));
        queue.push(account("cold"), 1000);
        let first: Vec<_> = (0..SHARE).chain([1000]).collect();
        assert_eq!(queue.take(100), first);
        // Others may come again.
        for _ in 1..CROWDED {
            assert_eq!(queue.take(100).len(), SHARE);
        }
        // Alone again.
        assert_eq!(queue.take(100).len(), 100);
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
