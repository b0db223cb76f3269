//! Work for the cores: charges, holds and refunds of a few accounts, most requests more than once,
//! and what came of each.

mod pace;
mod poison;
mod random;
mod stories;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::pace::Pace;
use crate::callers::{Callers, Persistence};
use crate::journal::{Asked, Journal, Operation, Outcome, Told, User};

/// What everybody but the poor one gets beside the welcome: more than can be spent here.
const CREDIT_MICROS: i64 = 1_000_000_000_000;

/// The accounts.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Much of the work falls on this one.
    pub hot: User,
    /// The one whose money runs out.
    pub poor: User,
    pub others: Vec<User>,
}

impl Cast {
    pub fn of(others: usize) -> Self {
        Self {
            hot: "hot".into(),
            poor: "poor".into(),
            others: (1..=others)
                .map(|number| format!("user-{number}").into())
                .collect(),
        }
    }

    pub fn everybody(&self) -> impl Iterator<Item = &User> {
        [&self.hot, &self.poor].into_iter().chain(&self.others)
    }

    /// Those who have more than they can spend.
    fn rich(&self) -> impl Iterator<Item = &User> {
        std::iter::once(&self.hot).chain(&self.others)
    }
}

/// How often what comes, in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Of the stories: those that begin with something that the product must refuse.
    pub poison: u32,
    /// Of the requests: those that are given up at the first try that leaves open what happened.
    pub impatient: u32,
    /// Of the requests that are sent by one caller: those whose caller believes that nothing was done.
    pub credulous: u32,
}

/// Workers that go on until they are told to stop.
pub struct Load {
    callers: Callers,
    pub cast: Cast,
    mix: Mix,
    pub journal: Journal,
    pace: Pace,
    keys: AtomicUsize,
    turns: AtomicUsize,
    stopping: AtomicBool,
}

/// How often a request is sent.
#[derive(Clone, Copy, Debug)]
struct Copies {
    /// At the same moment, each at another core.
    together: bool,
    /// Again after a while.
    later: bool,
    persistence: Persistence,
    turn: usize,
}

/// An operation whose request will be sent once more.
struct Later {
    due: Instant,
    operation: Operation,
    copies: Copies,
}

struct Worker {
    load: Arc<Load>,
    random: StdRng,
    later: VecDeque<Later>,
    /// Charges and holds of which poison is made.
    seen: poison::Seen,
}

impl Load {
    /// At most so many operations a second, if that is bounded.
    pub fn new(callers: Callers, cast: Cast, mix: Mix, per_second: Option<u32>) -> Arc<Self> {
        Arc::new(Self {
            callers,
            cast,
            mix,
            journal: Journal::default(),
            pace: Pace::of(per_second),
            keys: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Gives everybody but the poor one what they need.
    pub async fn endow(&self) {
        for user in self.cast.rich() {
            let asked = Asked::Grant {
                key: format!("credit of {user}"),
                amount_micros: CREDIT_MICROS,
            };
            let mut operation = Operation::new(user, asked);
            operation.tries = self
                .callers
                .settle(0, &operation, &self.journal, Persistence::UntilAnswered)
                .await;
            self.journal.record(operation);
        }
    }

    pub fn start(self: &Arc<Self>, workers: u64, seed: u64) -> JoinSet<()> {
        (0..workers)
            .map(|worker| {
                let worker = Worker {
                    load: Arc::clone(self),
                    random: random::of(seed, worker),
                    later: VecDeque::new(),
                    seen: poison::Seen::default(),
                };
                worker.work()
            })
            .collect()
    }

    /// Every worker finishes what it is at, and ends.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends a request until it is answered, or twice at once.
    async fn carry_out(&self, mut operation: Operation, copies: Copies) -> Operation {
        self.pace.turn().await;
        let settle = |turn| {
            self.callers
                .settle(turn, &operation, &self.journal, copies.persistence)
        };
        let tries = if copies.together {
            let (one, other) = tokio::join!(settle(copies.turn), settle(copies.turn + 1));
            [one, other].concat()
        } else {
            settle(copies.turn).await
        };
        operation.tries.extend(tries);
        let last = operation.tries.last().map(|attempt| &attempt.outcome);
        operation.believed = copies.persistence == Persistence::UntilNothingDone
            && matches!(last, Some(Outcome::NothingDone));
        operation
    }
}

impl Operation {
    pub fn new(user: &User, asked: Asked) -> Self {
        Self {
            user: user.clone(),
            asked,
            poison: None,
            tries: Vec::new(),
            believed: false,
        }
    }
}

impl Worker {
    async fn work(mut self) {
        while !self.load.stopping.load(Ordering::Relaxed) {
            self.repeat_what_is_due().await;
            if self.chance(self.load.mix.poison) {
                self.poison().await;
            }
            self.story().await;
        }
        for later in std::mem::take(&mut self.later) {
            self.repeat(later).await;
        }
    }

    /// So many times in a thousand.
    fn chance(&mut self, per_mille: u32) -> bool {
        self.random.random_ratio(per_mille.min(1_000), 1_000)
    }

    /// Half of all requests repeat another: of four operations, one is sent once, two twice, and
    /// one three times. Reads have no key: they are sent once.
    fn copies(&mut self, asked: &Asked) -> Copies {
        let twice = self.random.random_bool(0.5);
        let (together, later) = match self.random.random_range(0..4) {
            _ if asked.is_read() => (false, false),
            0 => (false, false),
            1 | 2 => (twice, !twice),
            _ => (true, true),
        };
        Copies {
            together,
            later,
            persistence: self.persistence(together || later || asked.is_read()),
            turn: self.load.turns.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn persistence(&mut self, is_asked_again: bool) -> Persistence {
        if self.chance(self.load.mix.impatient) {
            Persistence::UntilInDoubt
        } else if !is_asked_again && self.chance(self.load.mix.credulous) {
            Persistence::UntilNothingDone
        } else {
            Persistence::UntilAnswered
        }
    }

    /// Sends a request as often as it falls; answers with what came of it.
    async fn ask(&mut self, user: &User, asked: Asked) -> Option<Told> {
        self.operate(Operation::new(user, asked)).await
    }

    async fn operate(&mut self, operation: Operation) -> Option<Told> {
        let copies = self.copies(&operation.asked);
        let operation = self.load.carry_out(operation, copies).await;
        self.keep(operation, copies)
    }

    /// Two requests at the same moment.
    async fn race(&mut self, user: &User, one: Asked, other: Asked) {
        let (of_one, of_other) = (self.copies(&one), self.copies(&other));
        let (one, other) = tokio::join!(
            self.load.carry_out(Operation::new(user, one), of_one),
            self.load.carry_out(Operation::new(user, other), of_other)
        );
        self.keep(one, of_one);
        self.keep(other, of_other);
    }

    /// Keeps an operation, for its journal or to be sent again.
    fn keep(&mut self, operation: Operation, copies: Copies) -> Option<Told> {
        let told = operation.told().cloned();
        if copies.later {
            let wait = self.random.random_range(100..4_000);
            self.later.push_back(Later {
                due: Instant::now() + Duration::from_millis(wait),
                operation,
                copies: Copies {
                    together: false,
                    later: false,
                    turn: copies.turn + 1,
                    ..copies
                },
            });
        } else {
            self.load.journal.record(operation);
        }
        told
    }

    async fn repeat_what_is_due(&mut self) {
        let now = Instant::now();
        let waiting = std::mem::take(&mut self.later);
        let (due, waiting): (VecDeque<_>, VecDeque<_>) =
            waiting.into_iter().partition(|later| later.due <= now);
        self.later = waiting;
        for later in due {
            self.repeat(later).await;
        }
    }

    async fn repeat(&mut self, later: Later) {
        let operation = self.load.carry_out(later.operation, later.copies).await;
        self.keep(operation, later.copies);
    }

    async fn poison(&mut self) {
        let load = Arc::clone(&self.load);
        let Some((user, asked, poison)) = self.seen.draw(&load, &mut self.random) else {
            return;
        };
        let operation = Operation {
            poison: Some(poison),
            ..Operation::new(&user, asked)
        };
        self.operate(operation).await;
    }

    fn anybody(&mut self) -> User {
        let cast = &self.load.cast;
        match self.random.random_range(0..100) {
            0..40 => &cast.hot,
            40..52 => &cast.poor,
            _ => cast.others.choose(&mut self.random).unwrap_or(&cast.hot),
        }
        .clone()
    }
}
