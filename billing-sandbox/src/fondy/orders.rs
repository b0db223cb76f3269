//! All orders, and when their lifetimes end.

use std::collections::{BTreeSet, HashMap};

use super::order::{NewOrder, Order, State, TOKEN_LENGTH};
use super::refusal::Refusal;
use crate::random::random_text;

/// The number of the first payment.
const FIRST_PAYMENT: u64 = 804_884_100;

/// Fondy's orders, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Orders {
    all: Vec<Order>,
    places: HashMap<String, usize>,
    /// Ends of lifetimes that are not over: Unix seconds, and a place.
    ends: BTreeSet<(i64, usize)>,
    transactions: u64,
}

impl Orders {
    /// The order of this id, or the one whose checkout has this token.
    pub fn get(&self, id: &str) -> Option<&Order> {
        self.all.get(*self.places.get(id)?)
    }

    pub fn find(&self, id: &str) -> Result<&Order, Refusal> {
        self.get(id).ok_or_else(|| Refusal::unknown_order(id))
    }

    pub fn find_mut(&mut self, id: &str) -> Result<&mut Order, Refusal> {
        let place = self.places.get(id).copied();
        place
            .and_then(|place| self.all.get_mut(place))
            .ok_or_else(|| Refusal::unknown_order(id))
    }

    pub fn newest_first(&self) -> impl Iterator<Item = &Order> {
        self.all.iter().rev()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// A new order, and the token of its checkout.
    pub fn put(&mut self, new: NewOrder, now: i64) -> String {
        let (token, place) = (random_text(TOKEN_LENGTH), self.all.len());
        let expires_at = now.saturating_add(new.lifetime_secs);
        self.places.insert(new.id.clone(), place);
        self.places.insert(token.clone(), place);
        self.ends.insert((expires_at, place));
        let payment_id = self.next_transaction();
        self.all.push(Order {
            id: new.id,
            token: token.clone(),
            payment_id,
            amount: new.amount,
            paid: new.amount,
            currency: new.currency,
            protocol: new.protocol,
            details: new.details,
            made_at: now,
            expires_at,
            state: State::Created,
            reversals: Vec::new(),
        });
        token
    }

    pub fn next_transaction(&mut self) -> u64 {
        let number = FIRST_PAYMENT.saturating_add(self.transactions);
        self.transactions = self.transactions.saturating_add(1);
        number
    }

    /// Whether a lifetime is over that nobody has ended yet.
    pub fn has_ends(&self, now: i64) -> bool {
        self.ends.first().is_some_and(|(end, _)| *end < now)
    }

    /// Has the order's lifetime ended when it is over; it may have been over while its bank took time.
    pub fn await_end(&mut self, id: &str) {
        let place = self.places.get(id).copied();
        if let Some((place, order)) = place.and_then(|at| Some((at, self.all.get(at)?))) {
            self.ends.insert((order.expires_at, place));
        }
    }

    /// The orders whose lifetimes are over and that nobody has paid; each is told once.
    pub fn take_ends(&mut self, now: i64) -> Vec<String> {
        let later = self.ends.split_off(&(now, 0));
        let over = std::mem::replace(&mut self.ends, later);
        over.into_iter()
            .filter_map(|(_, place)| self.all.get(place))
            .filter(|order| order.is_payable())
            .map(|order| order.id.clone())
            .collect()
    }
}
