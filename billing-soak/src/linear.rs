//! Whether there is one order of an account's events that explains every answer: each event at one
//! moment between its begin and its end, and each answer what the account was at that moment.
//!
//! A search in the manner of Wing and Gong, with Lowe's memory of configurations that lead nowhere.
//! An account is searched by itself: a history is linearizable where those of its accounts are.

#![expect(
    clippy::indexing_slicing,
    reason = "every index here is of an event of the history that is searched"
)]

use std::collections::HashSet;
use std::ops::{Add, Sub};

use crate::journal::{Balance, Moment, Totals};

/// The end of what may still be under way.
pub const NEVER: Moment = Moment::MAX;

/// What an account is, as far as answers show it; and what an event adds to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub settled: i64,
    pub held: i64,
    pub spent: i64,
    pub requests: i64,
}

impl Add for State {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            settled: self.settled.wrapping_add(other.settled),
            held: self.held.wrapping_add(other.held),
            spent: self.spent.wrapping_add(other.spent),
            requests: self.requests.wrapping_add(other.requests),
        }
    }
}

impl Sub for State {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            settled: self.settled.wrapping_sub(other.settled),
            held: self.held.wrapping_sub(other.held),
            spent: self.spent.wrapping_sub(other.spent),
            requests: self.requests.wrapping_sub(other.requests),
        }
    }
}

/// Something that happened to an account, or was seen of it, at one moment between two.
#[derive(Clone, Debug, Default)]
pub struct Event {
    pub begun: Moment,
    /// `NEVER` where nobody was told.
    pub ended: Moment,
    pub change: State,
    /// The number of the entry that it made: those of an account are made in this order.
    pub seq: Option<i64>,
    /// How the account stood after it, where an answer says so.
    pub shown: Option<Balance>,
    pub totals: Option<Totals>,
    /// Events that came before it, whatever the clock says.
    pub after: Vec<usize>,
    /// Where the search tries it among others; decides nothing else.
    pub hint: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Linearizable,
    /// There is no such order.
    Impossible(Stuck),
    /// The search was given up: no proof either way.
    Undecided(Stuck),
}

/// The longest order that was found, and what could not follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    pub explained: usize,
    pub state: State,
    pub next_seq: i64,
    /// Events that may have been under way then, the one that ended first in front.
    pub pending: Vec<usize>,
}

#[derive(Clone, Debug)]
pub struct Searched {
    pub verdict: Verdict,
    pub states: u64,
}

/// Looks for the order, from the state and the entry that come first. Gives up after so many states.
pub fn linearize(start: State, first_seq: i64, events: &[Event], most_states: u64) -> Searched {
    let mut search = Search::new(start, first_seq, events);
    let verdict = search.run(most_states);
    Searched {
        verdict,
        states: search.states,
    }
}

struct Search<'a> {
    events: &'a [Event],
    /// A ring of what is not yet explained, by begin; its last element is the ring's head.
    next: Vec<usize>,
    prev: Vec<usize>,
    /// How many of the events that come before it are not yet explained, for each.
    waiting: Vec<u32>,
    unlocks: Vec<Vec<usize>>,
    state: State,
    next_seq: i64,
    /// What is explained, in the order of the attempt.
    trail: Vec<usize>,
    /// Names the set of what is explained; another set has it by a chance of 1 in 2^128 only, and
    /// then the search finds less, never more.
    name: u128,
    dead: HashSet<u128>,
    states: u64,
    best: Stuck,
}

/// A configuration on the way, and what can follow it.
struct Frame {
    /// The length of the trail before this configuration's reads, and after.
    before: usize,
    base: usize,
    choices: Vec<usize>,
    tried: usize,
}

impl<'a> Search<'a> {
    fn new(start: State, first_seq: i64, events: &'a [Event]) -> Self {
        let head = events.len();
        let mut order: Vec<usize> = (0..head).collect();
        order.sort_by_key(|event| events[*event].begun);
        let mut next = vec![head; head + 1];
        let mut prev = vec![head; head + 1];
        let mut last = head;
        for event in order {
            next[last] = event;
            prev[event] = last;
            last = event;
        }
        next[last] = head;
        prev[head] = last;
        let mut waiting = vec![0; head];
        let mut unlocks = vec![Vec::new(); head];
        for (number, event) in events.iter().enumerate() {
            for before in &event.after {
                waiting[number] += 1;
                unlocks[*before].push(number);
            }
        }
        Self {
            events,
            next,
            prev,
            waiting,
            unlocks,
            state: start,
            next_seq: first_seq,
            trail: Vec::with_capacity(head),
            name: 0,
            dead: HashSet::new(),
            states: 0,
            best: Stuck::default(),
        }
    }

    fn run(&mut self, most_states: u64) -> Verdict {
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            let before = self.trail.len();
            self.take_reads();
            if self.trail.len() == self.events.len() {
                return Verdict::Linearizable;
            }
            self.states += 1;
            if self.states > most_states {
                self.note();
                return Verdict::Undecided(std::mem::take(&mut self.best));
            }
            let dead = self.dead.contains(&self.name);
            frames.push(Frame {
                before,
                base: self.trail.len(),
                choices: if dead { Vec::new() } else { self.choices() },
                tried: 0,
            });
            if !self.choose(&mut frames) {
                return Verdict::Impossible(std::mem::take(&mut self.best));
            }
        }
    }

    /// Takes the next choice of the last configuration that has one; false where none has.
    fn choose(&mut self, frames: &mut Vec<Frame>) -> bool {
        while let Some(frame) = frames.last_mut() {
            self.back_to(frame.base);
            if let Some(choice) = frame.choices.get(frame.tried) {
                frame.tried += 1;
                self.take(*choice);
                return true;
            }
            self.note();
            self.dead.insert(self.name);
            self.back_to(frame.before);
            frames.pop();
        }
        false
    }

    /// Takes every read that can come now. That loses nothing: a read changes nothing for the
    /// others, so wherever an order has it, it may as well stand here.
    fn take_reads(&mut self) {
        loop {
            let reads: Vec<usize> = self
                .frontier()
                .filter(|event| self.is_read(*event) && self.fits(*event))
                .collect();
            if reads.is_empty() {
                return;
            }
            for read in reads {
                self.take(read);
            }
        }
    }

    /// The changes that can come next.
    fn choices(&self) -> Vec<usize> {
        let mut choices: Vec<usize> = self
            .frontier()
            .filter(|event| !self.is_read(*event) && self.fits(*event))
            .collect();
        choices.sort_by_key(|event| self.events[*event].hint);
        choices
    }

    /// What no other event has to precede by the clock: whatever begins later than another has
    /// ended comes after it.
    fn frontier(&self) -> impl Iterator<Item = usize> {
        let head = self.events.len();
        let mut at = self.next[head];
        let mut first_end = NEVER;
        std::iter::from_fn(move || {
            let event = self.events.get(at)?;
            if event.begun > first_end {
                return None;
            }
            first_end = first_end.min(event.ended);
            let found = at;
            at = self.next[at];
            Some(found)
        })
    }

    fn is_read(&self, event: usize) -> bool {
        let event = &self.events[event];
        event.change == State::default() && event.seq.is_none()
    }

    /// Whether the event can come now, by everything but the clock.
    fn fits(&self, number: usize) -> bool {
        let event = &self.events[number];
        let after = self.state + event.change;
        self.waiting[number] == 0
            && event.seq.is_none_or(|seq| seq == self.next_seq)
            && event
                .shown
                .is_none_or(|shown| shown.settled == after.settled && shown.held == after.held)
            && event.totals.is_none_or(|totals| {
                totals.spent == after.spent && totals.requests == after.requests
            })
            && after.held >= 0
    }

    fn take(&mut self, number: usize) {
        let event = &self.events[number];
        self.state = self.state + event.change;
        self.next_seq += i64::from(event.seq.is_some());
        self.name ^= name_of(number);
        for unlocked in &self.unlocks[number] {
            self.waiting[*unlocked] -= 1;
        }
        let (next, prev) = (self.next[number], self.prev[number]);
        self.next[prev] = next;
        self.prev[next] = prev;
        self.trail.push(number);
    }

    /// Takes back what was taken beyond the trail's first so many.
    fn back_to(&mut self, length: usize) {
        while self.trail.len() > length
            && let Some(number) = self.trail.pop()
        {
            let (next, prev) = (self.next[number], self.prev[number]);
            self.next[prev] = number;
            self.prev[next] = number;
            for locked in &self.unlocks[number] {
                self.waiting[*locked] += 1;
            }
            let event = &self.events[number];
            self.name ^= name_of(number);
            self.next_seq -= i64::from(event.seq.is_some());
            self.state = self.state - event.change;
        }
    }

    /// Remembers where the longest attempt ended.
    fn note(&mut self) {
        if self.trail.len() < self.best.explained {
            return;
        }
        let mut pending: Vec<usize> = self.frontier().collect();
        pending.sort_by_key(|event| self.events[*event].ended);
        self.best = Stuck {
            explained: self.trail.len(),
            state: self.state,
            next_seq: self.next_seq,
            pending,
        };
    }
}

/// 128 bits that look like chance, the same each time (two rounds of `SplitMix64`).
fn name_of(number: usize) -> u128 {
    fn mixed(mut bits: u64) -> u64 {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
    let seed = u64::try_from(number).unwrap_or(u64::MAX);
    let step = |times: u64| {
        mixed(
            seed.wrapping_mul(2)
                .wrapping_add(times)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15),
        )
    };
    u128::from(step(1)) << 64 | u128::from(step(2))
}

#[cfg(test)]
mod tests;
