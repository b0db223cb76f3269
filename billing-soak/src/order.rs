//! Whether every account has an order that explains all answers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::books::{Books, HoldRow};
use crate::checker::WELCOME_MICROS;
use crate::history::{History, Index};
use crate::journal::Operation;
use crate::linear::{State, Verdict, linearize};

/// A search takes about one state for each event; many times that, and it leads nowhere.
const STATES_PER_EVENT: usize = 50;
const STATES_AT_LEAST: usize = 1_000_000;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Order {
    pub accounts: usize,
    /// Whatever happened to an account, or was seen of it.
    pub events: usize,
    /// How many states the searches visited.
    pub states: u64,
    /// Accounts without such an order.
    pub impossible: usize,
    /// Accounts whose search was given up. That is no proof, and counts as a failure.
    pub undecided: usize,
    #[serde(skip)]
    pub findings: Vec<String>,
}

/// Searches every account by itself.
pub fn explain(operations: &[Operation], books: &Books, began_micros: i64) -> Order {
    let index = Index::new(books, began_micros);
    let mut accounts: BTreeMap<&str, (Vec<&Operation>, Vec<&HoldRow>)> = BTreeMap::new();
    for operation in operations {
        accounts
            .entry(&operation.user)
            .or_default()
            .0
            .push(operation);
    }
    for hold in &books.holds {
        accounts.entry(&hold.user_id).or_default().1.push(hold);
    }
    let mut order = Order::default();
    for (user, (operations, holds)) in accounts {
        let history = History::of(&operations, &holds, &index);
        order.account(user, history);
    }
    order
}

impl Order {
    fn account(&mut self, user: &str, mut history: History<'_>) {
        self.accounts += 1;
        self.events += history.events.len();
        self.findings.append(&mut history.findings);
        // By its first entry, which is there for whoever looks, also before it is written.
        let welcomed = State {
            settled: WELCOME_MICROS,
            ..State::default()
        };
        let most = history.events.len() * STATES_PER_EVENT + STATES_AT_LEAST;
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let searched = linearize(welcomed, 2, &history.events, most);
        self.states += searched.states;
        match searched.verdict {
            Verdict::Linearizable => {}
            Verdict::Impossible(stuck) => {
                self.impossible += 1;
                let told = history.tell(&stuck);
                self.findings
                    .push(format!("no order explains what {user} was told: {told}"));
            }
            Verdict::Undecided(stuck) => {
                self.undecided += 1;
                let told = history.tell(&stuck);
                self.findings.push(format!(
                    "undecided whether an order explains what {user} was told: {told}"
                ));
            }
        }
    }
}
