//! Writes a history, event by event, and ties together what must come in one order.

use std::collections::HashMap;

use super::{History, Index, Origin, seq_of};
use crate::answers::incoherent;
use crate::books::HoldRow;
use crate::journal::{Asked, Moment, Operation, Outcome, Refusal, Told, Try};
use crate::linear::{Event, NEVER, State};

/// What the clocks of this program and of the database may differ by: both are of one machine.
const SLACK_MICROS: i64 = 50_000;

/// What an event comes before or after, by its meaning.
enum Tie<'a> {
    AfterPlaced(&'a str),
    AfterEnd(&'a str),
    BeforeEnd(&'a str),
    /// The event of this number.
    Before(usize),
    AfterEntry(&'a str),
    BeforeEntry(&'a str),
}

pub(super) struct Writer<'a> {
    index: &'a Index<'a>,
    history: History<'a>,
    ties: Vec<(usize, Tie<'a>)>,
    placed: HashMap<&'a str, usize>,
    ended: HashMap<&'a str, usize>,
    made: HashMap<&'a str, usize>,
}

impl<'a> Writer<'a> {
    pub fn new(index: &'a Index<'a>) -> Self {
        Self {
            index,
            history: History {
                events: Vec::new(),
                origins: Vec::new(),
                findings: Vec::new(),
            },
            ties: Vec::new(),
            placed: HashMap::new(),
            ended: HashMap::new(),
            made: HashMap::new(),
        }
    }

    /// The history, with everything tied.
    pub fn finish(mut self) -> History<'a> {
        self.tie_all();
        self.history
    }

    fn push(&mut self, event: Event, origin: Origin<'a>) -> usize {
        let number = self.history.events.len();
        self.history.events.push(event);
        self.history.origins.push(origin);
        number
    }

    fn tie(&mut self, event: usize, tie: Tie<'a>) {
        self.ties.push((event, tie));
    }

    pub fn operation(&mut self, operation: &'a Operation) {
        let row = hold_of(&operation.asked).and_then(|id| self.index.holds.get(id));
        let set_aside = row.map(|row| row.amount_micros);
        self.history
            .findings
            .extend(incoherent(operation, set_aside));
        let effect = operation
            .effect()
            .and_then(|told| self.effect(operation, told, set_aside));
        for (attempt, told) in operation.answers() {
            self.answer(operation, attempt, told, effect);
        }
    }

    /// What the operation did: at one moment that no answer to it contradicts.
    fn effect(
        &mut self,
        operation: &'a Operation,
        told: &'a Told,
        set_aside: Option<i64>,
    ) -> Option<usize> {
        let change = change_of(&operation.asked, told, set_aside)?;
        let (entry, hold) = match told {
            Told::Moved { entry_id, .. } => (Some(entry_id.as_str()), None),
            Told::Held { hold, .. } => (None, Some(hold.hold_id.as_str())),
            _ => (None, hold_of(&operation.asked)),
        };
        let (begun, ended) = span(operation);
        let written = match (entry, hold) {
            (Some(entry), _) => self.index.entries.get(entry).map(|row| row.created_at),
            (None, Some(hold)) => self.index.holds.get(hold).and_then(|row| match told {
                Told::Held { .. } => Some(row.placed_at),
                _ => row.ended_at,
            }),
            (None, None) => None,
        };
        let event = Event {
            begun,
            ended,
            change,
            seq: entry.and_then(seq_of),
            shown: told.balance(),
            hint: written.unwrap_or_else(|| self.index.micros(ended)),
            ..Event::default()
        };
        let number = self.push(event, Origin::Effect(operation, told));
        if let Some(entry) = entry {
            self.made.insert(entry, number);
        }
        match (&operation.asked, hold) {
            (Asked::Place { .. }, Some(hold)) => {
                self.placed.insert(hold, number);
            }
            (Asked::Capture { hold_id, .. } | Asked::Release { hold_id }, _) => {
                self.ended.insert(hold_id, number);
                self.tie(number, Tie::AfterPlaced(hold_id));
            }
            (
                Asked::Refund {
                    charge,
                    amount_micros,
                    ..
                },
                _,
            ) => {
                self.tie(number, Tie::AfterEntry(charge));
                if amount_micros.is_none() && !self.is_the_rest(charge, entry) {
                    self.history.findings.push(format!(
                        "not all that was left of the charge: {operation:?}"
                    ));
                }
            }
            _ => {}
        }
        Some(number)
    }

    /// What one answer shows besides what the operation did.
    fn answer(
        &mut self,
        operation: &'a Operation,
        attempt: &'a Try,
        told: &'a Told,
        effect: Option<usize>,
    ) {
        let mut event = Event {
            begun: attempt.begun,
            ended: attempt.ended,
            hint: self.index.micros(attempt.ended),
            ..Event::default()
        };
        let mut ties = Vec::new();
        match told {
            Told::Stands { balance, totals } => {
                event.shown = Some(*balance);
                event.totals = *totals;
            }
            Told::Denied { balance, .. } => {
                event.shown = Some(*balance);
                ties.extend(effect.map(Tie::Before));
            }
            Told::Extended { hold, balance } => {
                event.shown = Some(*balance);
                ties.push(Tie::AfterPlaced(&hold.hold_id));
                ties.push(Tie::BeforeEnd(&hold.hold_id));
            }
            // Who repeats a placement is shown the hold as it is now.
            Told::Held { hold, replayed, .. } if *replayed || hold.state != "placed" => {
                ties.push(Tie::AfterPlaced(&hold.hold_id));
                ties.push(match hold.state.as_str() {
                    "placed" => Tie::BeforeEnd(&hold.hold_id),
                    _ => Tie::AfterEnd(&hold.hold_id),
                });
            }
            Told::Refused(refusal) => match self.refusal(operation, refusal) {
                Some(of_refusal) => ties = of_refusal,
                None => return,
            },
            Told::Moved { .. } | Told::Held { .. } | Told::Freed { .. } | Told::Astray(_) => {
                return;
            }
        }
        let number = self.push(event, Origin::Answer(operation, told));
        self.ties.extend(ties.into_iter().map(|tie| (number, tie)));
    }

    /// Whether a refund left nothing of the charge; also where the books miss one of them, which is
    /// reported as such.
    fn is_the_rest(&self, charge: &str, refund: Option<&str>) -> bool {
        let Some(charged) = self.index.entries.get(charge) else {
            return true;
        };
        let mut left = -charged.entry.amount_micros;
        for row in self.index.refunds.get(charge).into_iter().flatten() {
            left -= row.entry.amount_micros;
            if refund == Some(&row.entry.entry_id) {
                return left == 0;
            }
        }
        true
    }

    /// When it can have been refused; none where at any time.
    fn refusal(&mut self, operation: &'a Operation, refusal: &Refusal) -> Option<Vec<Tie<'a>>> {
        match refusal {
            Refusal::HoldEnded(_) => Some(vec![Tie::AfterEnd(hold_of(&operation.asked)?)]),
            Refusal::OverageRejected { .. } => {
                let hold = hold_of(&operation.asked)?;
                Some(vec![Tie::AfterPlaced(hold), Tie::BeforeEnd(hold)])
            }
            Refusal::RefundTooMuch { left_micros } => {
                let Asked::Refund { charge, .. } = &operation.asked else {
                    return None;
                };
                let ties = self.when_left(charge, *left_micros);
                if ties.is_none() {
                    self.history.findings.push(format!(
                        "so much was never left of the charge: {operation:?}"
                    ));
                }
                ties
            }
            Refusal::KeyReused
            | Refusal::HoldNotFound
            | Refusal::EntryNotFound
            | Refusal::BadField
            | Refusal::Internal => None,
        }
    }

    /// Between which two refunds so much was left of the charge.
    fn when_left(&self, charge: &'a str, wanted: i64) -> Option<Vec<Tie<'a>>> {
        let charged = self.index.entries.get(charge)?;
        let mut left = -charged.entry.amount_micros;
        let mut ties = vec![Tie::AfterEntry(charge)];
        for refund in self.index.refunds.get(charge).into_iter().flatten() {
            let refund_id = refund.entry.entry_id.as_str();
            if left == wanted {
                ties.push(Tie::BeforeEntry(refund_id));
                return Some(ties);
            }
            left -= refund.entry.amount_micros;
            ties = vec![Tie::AfterEntry(refund_id)];
        }
        (left == wanted).then_some(ties)
    }

    /// Its time was up at `expires_at`; when that was noticed, nobody was told.
    pub fn expiry(&mut self, hold: &'a HoldRow) {
        let event = Event {
            begun: self.index.moment(hold.expires_at - SLACK_MICROS),
            ended: NEVER,
            change: State {
                held: -hold.amount_micros,
                ..State::default()
            },
            hint: hold.ended_at.unwrap_or(hold.expires_at),
            ..Event::default()
        };
        let number = self.push(event, Origin::Expiry(hold));
        self.tie(number, Tie::AfterPlaced(&hold.hold_id));
        self.ended.insert(&hold.hold_id, number);
    }

    fn tie_all(&mut self) {
        for (number, tie) in std::mem::take(&mut self.ties) {
            let found = |of: &HashMap<&str, usize>, name| of.get(name).copied();
            let (first, second) = match tie {
                Tie::AfterPlaced(hold) => (found(&self.placed, hold), Some(number)),
                Tie::AfterEnd(hold) => (found(&self.ended, hold), Some(number)),
                Tie::BeforeEnd(hold) => (Some(number), found(&self.ended, hold)),
                Tie::Before(other) => (Some(number), Some(other)),
                Tie::AfterEntry(entry) => (found(&self.made, entry), Some(number)),
                Tie::BeforeEntry(entry) => (Some(number), found(&self.made, entry)),
            };
            // Where there is no such event, the books miss it too, and that is reported.
            if let (Some(first), Some(second)) = (first, second)
                && first != second
                && let Some(event) = self.history.events.get_mut(second)
            {
                event.after.push(first);
            }
        }
    }
}

/// The hold that a request is about; not one that it places.
fn hold_of(asked: &Asked) -> Option<&str> {
    match asked {
        Asked::Capture { hold_id, .. }
        | Asked::Release { hold_id }
        | Asked::Extend { hold_id, .. } => Some(hold_id),
        _ => None,
    }
}

/// What it changed, if it was carried out as the answer says.
fn change_of(asked: &Asked, told: &Told, set_aside: Option<i64>) -> Option<State> {
    let moved = match told {
        Told::Moved { moved_micros, .. } => *moved_micros,
        _ => 0,
    };
    let none = State::default();
    Some(match asked {
        Asked::Grant { .. } => State {
            settled: moved,
            ..none
        },
        Asked::Refund { .. } => State {
            settled: moved,
            spent: -moved,
            ..none
        },
        Asked::Charge { .. } => State {
            settled: -moved,
            spent: moved,
            requests: 1,
            ..none
        },
        Asked::Place { amount_micros, .. } => State {
            held: *amount_micros,
            ..none
        },
        Asked::Capture { .. } | Asked::Release { .. } => State {
            settled: -moved,
            held: -set_aside?,
            spent: moved,
            requests: i64::from(matches!(told, Told::Moved { .. })),
        },
        Asked::Extend { .. } | Asked::Check { .. } | Asked::Balance => return None,
    })
}

/// Between which moments the operation took effect: not before a try that may have done it began,
/// within each that says it did it, and before any answer that says it was done.
fn span(operation: &Operation) -> (Moment, Moment) {
    let might = operation
        .tries
        .iter()
        .filter(|attempt| !matches!(attempt.outcome, Outcome::NothingDone | Outcome::NotBegun));
    let first = might.map(|attempt| attempt.begun).min().unwrap_or(0);
    let itself = operation
        .effects()
        .filter(|(_, told)| told.is_replayed() == Some(false));
    let begun = itself.map(|(attempt, _)| attempt.begun).max();
    let ended = operation.effects().map(|(attempt, _)| attempt.ended).min();
    (begun.unwrap_or(first).max(first), ended.unwrap_or(NEVER))
}
