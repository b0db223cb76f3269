//! A closed loop with poison in it: every answer is held against the one that its command must get.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use billing_proto::v1::ChargeRequest;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::load::{apart, charge_request};
use crate::scenario::callers::{Callers, Line, key};
use crate::scenario::ground::IN_FLIGHT;
use crate::scenario::told::{Refused, Told};

/// What a load is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    Clean,
    /// One command in a hundred is refused by the product's own decision.
    Decided,
    /// One in a hundred, half of which the product allows and the database refuses.
    Database,
}

/// Where the charges go.
#[derive(Clone, Copy, Debug)]
pub enum Spread {
    Hot,
    Uniform { accounts: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Good,
    /// A key that was used for another amount.
    KeyReused,
    BeyondBalance,
    /// The constraint that the scenario adds refuses its entry.
    RefusedByDatabase,
}

/// The key that every account has used before the load begins, for `USED_MICROS`.
const USED_KEY: &str = "used";
const USED_MICROS: i64 = 5;
/// More than any account has.
const BEYOND_MICROS: i64 = 1_000_000_000_000_000;
/// The request id that the added constraint refuses.
pub const REFUSED_ID: &str = "refused by the database";

/// What came of a slice of load.
#[derive(Debug, Default)]
pub struct Driven {
    /// Good charges, each acknowledged.
    pub done: u64,
    /// Those of them that were acknowledged before the load began to end.
    pub in_time: u64,
    /// Poison, each refused as it must be.
    pub poison: u64,
    /// Answers that are not the one that the command must get, with their number.
    pub astray: BTreeMap<(Kind, Told), u64>,
    /// The longest that a call took.
    pub longest: Duration,
}

/// A load on a core. Numbers go on from slice to slice, so that no key comes twice.
pub struct Drive {
    line: Line,
    numbers: Arc<AtomicU64>,
}

impl Drive {
    pub fn new(line: Line) -> Self {
        Self {
            line,
            numbers: Arc::default(),
        }
    }

    /// Uses the key that poison reuses, on each account.
    pub async fn use_keys(&self, accounts: u64) -> Result<()> {
        let line = self.line.clone();
        apart(async move || {
            let callers = Callers::connect(&line).await?;
            let mut calls = JoinSet::new();
            for account in 0..accounts {
                let callers = callers.clone();
                calls.spawn(async move {
                    let charge = charge_request(account, USED_KEY.to_owned(), USED_MICROS);
                    callers.send(account, &charge).await
                });
                if calls.len() >= 512 {
                    expect_done(calls.join_next().await)?;
                }
            }
            while let Some(told) = calls.join_next().await {
                expect_done(Some(told))?;
            }
            Ok(())
        })
        .await
    }

    /// Keeps [`IN_FLIGHT`] calls in flight for a time, then waits for the last of them.
    pub async fn run(&self, mix: Mix, spread: Spread, time: Duration) -> Result<Driven> {
        let (line, numbers) = (self.line.clone(), Arc::clone(&self.numbers));
        apart(async move || {
            let callers = Callers::connect(&line).await?;
            let until = Instant::now() + time;
            let mut workers = JoinSet::new();
            for _ in 0..IN_FLIGHT {
                let worker = Worker {
                    mix,
                    spread,
                    callers: callers.clone(),
                    numbers: Arc::clone(&numbers),
                };
                workers.spawn(worker.work(until));
            }
            let mut driven = Driven::default();
            while let Some(worker) = workers.join_next().await {
                driven.add(worker?);
            }
            Ok(driven)
        })
        .await
    }
}

struct Worker {
    mix: Mix,
    spread: Spread,
    callers: Callers,
    numbers: Arc<AtomicU64>,
}

impl Worker {
    async fn work(self, until: Instant) -> Driven {
        let mut driven = Driven::default();
        while Instant::now() < until {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let kind = Kind::of(self.mix, number);
            let charge = kind.request(account(self.spread, number), number);
            let sent = Instant::now();
            let told = self.callers.send(number, &charge).await;
            driven.longest = driven.longest.max(sent.elapsed());
            driven.count(kind, told, Instant::now() < until);
        }
        driven
    }
}

fn expect_done(told: Option<Result<Told, tokio::task::JoinError>>) -> Result<()> {
    match told {
        None | Some(Ok(Told::Done)) => Ok(()),
        Some(Ok(other)) => anyhow::bail!("a first charge was told {other:?}"),
        Some(Err(failed)) => Err(failed.into()),
    }
}

impl Kind {
    fn of(mix: Mix, number: u64) -> Self {
        if number % 100 != 99 {
            return Self::Good;
        }
        match (mix, number / 100 % 4) {
            (Mix::Clean, _) => Self::Good,
            (Mix::Decided, 0 | 2) | (Mix::Database, 0) => Self::KeyReused,
            (Mix::Decided, _) | (Mix::Database, 2) => Self::BeyondBalance,
            (Mix::Database, _) => Self::RefusedByDatabase,
        }
    }

    fn request(self, account: u64, number: u64) -> ChargeRequest {
        match self {
            Self::Good => charge_request(account, key(number), 1),
            Self::KeyReused => charge_request(account, USED_KEY.to_owned(), USED_MICROS + 1),
            Self::BeyondBalance => charge_request(account, key(number), BEYOND_MICROS),
            Self::RefusedByDatabase => ChargeRequest {
                request_id: REFUSED_ID.to_owned(),
                ..charge_request(account, key(number), 1)
            },
        }
    }

    fn must_be_told(self) -> Told {
        match self {
            Self::Good => Told::Done,
            Self::KeyReused => Told::Refused(Refused::KeyReused),
            Self::BeyondBalance => Told::Refused(Refused::Denied),
            Self::RefusedByDatabase => Told::Refused(Refused::ByDatabase),
        }
    }
}

/// Neighbours in time are no neighbours in the table.
fn account(spread: Spread, number: u64) -> u64 {
    const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
    match spread {
        Spread::Hot => 0,
        Spread::Uniform { accounts } => (number.wrapping_mul(SCATTER) >> 20) % accounts.max(1),
    }
}

impl Driven {
    fn count(&mut self, kind: Kind, told: Told, in_time: bool) {
        if told != kind.must_be_told() {
            *self.astray.entry((kind, told)).or_default() += 1;
        } else if kind == Kind::Good {
            self.done += 1;
            self.in_time += u64::from(in_time);
        } else {
            self.poison += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.in_time += other.in_time;
        self.poison += other.poison;
        self.longest = self.longest.max(other.longest);
        for (what, count) in other.astray {
            *self.astray.entry(what).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(mix: Mix) -> [usize; 4] {
        let count = |kind| {
            (0..400)
                .filter(|number| Kind::of(mix, *number) == kind)
                .count()
        };
        [
            count(Kind::Good),
            count(Kind::KeyReused),
            count(Kind::BeyondBalance),
            count(Kind::RefusedByDatabase),
        ]
    }

    #[test]
    fn one_command_in_a_hundred_is_poison() {
        assert_eq!(kinds(Mix::Clean), [400, 0, 0, 0]);
        assert_eq!(kinds(Mix::Decided), [396, 2, 2, 0]);
        assert_eq!(kinds(Mix::Database), [396, 1, 1, 2]);
    }

    #[test]
    fn an_answer_that_its_command_must_not_get_is_astray() {
        let mut driven = Driven::default();
        driven.count(Kind::Good, Told::Done, true);
        driven.count(Kind::KeyReused, Told::Refused(Refused::KeyReused), true);
        assert_eq!((driven.done, driven.poison), (1, 1));
        assert!(driven.astray.is_empty());
        // Worse than slow: poison that was let through.
        driven.count(Kind::BeyondBalance, Told::Done, true);
        assert_eq!((driven.done, driven.astray.len()), (1, 1));
    }

    #[test]
    fn a_uniform_spread_reaches_all_accounts() {
        let spread = Spread::Uniform { accounts: 50 };
        let reached: std::collections::BTreeSet<u64> =
            (0..5000).map(|number| account(spread, number)).collect();
        assert_eq!(reached, (0..50).collect());
    }
}
