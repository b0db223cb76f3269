//! Compares what callers were told with what the database says. Knows the contract, and nothing
//! of the product's inside.

use std::collections::{HashMap, HashSet};

use crate::books::{Books, EntryRow, HoldRow};
use crate::journal::{Asked, Operation, Told};

/// What every account of the tenant begins with, by its first entry.
pub const WELCOME_MICROS: i64 = 1_000_000;
/// The one user whose money runs out.
pub const POOR: &str = "poor";

/// Holds with more seconds than this do not expire during a test.
const SHORT_TTL_SECS: i64 = 60;

/// Every way in which answers and books differ; none where every acknowledged operation is there,
/// none twice, and nothing else.
pub fn contradictions(operations: &[Operation], books: &Books) -> Vec<String> {
    let mut checker = Checker::new(books);
    for operation in operations {
        checker.follow(operation);
    }
    checker.unasked_entries();
    checker.keys();
    checker.holds();
    checker.refunds(operations);
    checker.balances();
    checker.findings
}

struct Checker<'a> {
    books: &'a Books,
    entries: HashMap<&'a str, &'a EntryRow>,
    holds: HashMap<&'a str, &'a HoldRow>,
    /// Entries that an answer has named.
    named: HashSet<String>,
    /// Keys that must be stored.
    stored: HashSet<(String, String)>,
    /// Holds that an answer has named, and whether they may expire.
    held: HashMap<String, bool>,
    /// The ends of holds that were acknowledged.
    ends: HashMap<String, Vec<&'static str>>,
    settled: HashMap<String, i64>,
    findings: Vec<String>,
}

impl<'a> Checker<'a> {
    fn new(books: &'a Books) -> Self {
        let entries = books.entries.iter();
        let holds = books.holds.iter();
        Self {
            books,
            entries: entries.map(|row| (row.entry_id.as_str(), row)).collect(),
            holds: holds.map(|row| (row.hold_id.as_str(), row)).collect(),
            named: HashSet::new(),
            stored: HashSet::new(),
            held: HashMap::new(),
            ends: HashMap::new(),
            settled: HashMap::new(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self, what: &str, about: impl std::fmt::Debug) {
        self.findings.push(format!("{what}: {about:?}"));
    }

    fn follow(&mut self, operation: &Operation) {
        match &operation.told {
            Told::Entry {
                entry_id,
                moved_micros,
                replayed,
            } => {
                self.replay(operation, *replayed);
                self.entry(operation, entry_id, *moved_micros);
            }
            Told::Held { hold_id, replayed } => {
                self.replay(operation, *replayed);
                self.placement(operation, hold_id);
            }
            Told::Freed => self.freed(operation),
            // Nothing is stored for it: an entry or a key of it would be one that nobody has.
            Told::Denied if operation.user == POOR => {}
            Told::Denied => self.find("denied although there was money", operation),
            Told::HoldEnded(state) => self.ended(operation, state),
            // Seen to with the other refunds.
            Told::RefundTooMuch => {}
            Told::Astray(_) => self.find("no proper answer", operation),
        }
    }

    /// Who was told each time that nothing was done must not find it done.
    fn replay(&mut self, operation: &Operation, replayed: bool) {
        if replayed && !operation.doubtful {
            self.find("done by a try that said that nothing was done", operation);
        }
    }

    fn entry(&mut self, operation: &Operation, entry_id: &str, moved: i64) {
        let Some((wanted, asked)) = wanted_entry(operation, entry_id, moved) else {
            return self.find("an entry for what makes none", operation);
        };
        if asked.is_some_and(|asked| asked != moved) {
            self.find("another amount than was asked for", operation);
        }
        match self.entries.get(entry_id) {
            None => self.find("acknowledged and lost", operation),
            Some(found) if **found != wanted => {
                let found = (*found).clone();
                self.find("differs from its entry", (operation, found));
            }
            Some(_) => {}
        }
        if !self.named.insert(entry_id.to_owned()) {
            self.find("one entry for two operations", operation);
        }
        *self.settled.entry(operation.user.to_owned()).or_default() += wanted.amount_micros;
        match &operation.asked {
            Asked::Grant { key, .. } | Asked::Charge { key, .. } | Asked::Refund { key, .. } => {
                self.key_of(operation, key);
            }
            Asked::Capture { hold_id, .. } => self.end(hold_id, "captured"),
            Asked::Place { .. } | Asked::Release { .. } => {}
        }
    }

    fn key_of(&mut self, operation: &Operation, key: &str) {
        let key = (operation.user.to_owned(), key.to_owned());
        if !self.stored.insert(key) {
            self.find("one key for two operations", operation);
        }
    }

    fn end(&mut self, hold_id: &str, end: &'static str) {
        self.ends.entry(hold_id.to_owned()).or_default().push(end);
    }

    fn placement(&mut self, operation: &Operation, hold_id: &str) {
        let Asked::Place {
            key,
            amount_micros,
            ttl_secs,
        } = &operation.asked
        else {
            return self.find("a hold for what places none", operation);
        };
        self.key_of(operation, key);
        match self.holds.get(hold_id) {
            None => self.find("acknowledged and lost", operation),
            Some(row)
                if row.amount_micros != *amount_micros
                    || row.user_id != operation.user
                    || row.request_id.as_ref() != Some(key) =>
            {
                self.find("differs from its hold", operation);
            }
            Some(_) => {}
        }
        let may_expire = *ttl_secs <= SHORT_TTL_SECS;
        if self.held.insert(hold_id.to_owned(), may_expire).is_some() {
            self.find("one hold for two placements", operation);
        }
    }

    fn freed(&mut self, operation: &Operation) {
        match &operation.asked {
            Asked::Release { hold_id }
            | Asked::Capture {
                hold_id,
                amount_micros: 0,
                ..
            } => self.end(hold_id, "released"),
            _ => self.find("given back instead", operation),
        }
    }

    fn ended(&mut self, operation: &Operation, state: &str) {
        let (Asked::Capture { hold_id, .. } | Asked::Release { hold_id }) = &operation.asked else {
            return self.find("no hold to have ended", operation);
        };
        let found = self.holds.get(hold_id.as_str());
        if found.is_none_or(|row| row.state.to_ascii_uppercase() != state) {
            self.find("the hold has not ended so", operation);
        }
    }

    /// What remains when every answer has named its entry: one welcome for each account.
    fn unasked_entries(&mut self) {
        let mut welcomed = HashSet::new();
        for row in &self.books.entries {
            if self.named.contains(&row.entry_id) {
                continue;
            }
            let welcome = row.kind == "grant" && row.amount_micros == WELCOME_MICROS;
            if !welcome || !welcomed.insert(&row.user_id) {
                self.findings
                    .push(format!("an entry that nobody was told of: {row:?}"));
                continue;
            }
            *self.settled.entry(row.user_id.clone()).or_default() += WELCOME_MICROS;
        }
    }

    fn keys(&mut self) {
        let mut missing = std::mem::take(&mut self.stored);
        for row in &self.books.keys {
            if !missing.remove(&(row.user_id.clone(), row.key.clone())) {
                self.find("a key that is stored twice or was not acknowledged", row);
            }
        }
        for key in missing {
            self.find("acknowledged and its key lost", key);
        }
    }

    fn holds(&mut self) {
        for row in &self.books.holds {
            let Some(may_expire) = self.held.get(&row.hold_id) else {
                self.findings
                    .push(format!("a hold that nobody was told of: {row:?}"));
                continue;
            };
            let told = self.ends.remove(&row.hold_id).unwrap_or_default();
            let agrees = match (row.state.as_str(), told.as_slice()) {
                ("placed", []) => true,
                ("expired", []) => *may_expire,
                (state, [end]) => state == *end,
                _ => false,
            };
            if !agrees {
                self.find("a hold's end is not what was acknowledged", (row, told));
            }
        }
        for end in std::mem::take(&mut self.ends) {
            self.find("the end of a hold that is not there", end);
        }
    }

    /// No charge is given back more than once over, and who was refused had asked for too much.
    fn refunds(&mut self, operations: &[Operation]) {
        let mut left: HashMap<&str, i64> = HashMap::new();
        for row in self.books.entries.iter().filter(|row| row.kind == "charge") {
            left.insert(&row.entry_id, -row.amount_micros);
        }
        for row in &self.books.entries {
            let Some(charge) = &row.refunds else { continue };
            let left = left.entry(charge).or_default();
            *left -= row.amount_micros;
            if *left < 0 {
                self.findings
                    .push(format!("refunds above their charge: {row:?}"));
            }
        }
        for operation in operations {
            if let (
                Told::RefundTooMuch,
                Asked::Refund {
                    charge,
                    amount_micros,
                    ..
                },
            ) = (&operation.told, &operation.asked)
                && left
                    .get(charge.as_str())
                    .is_none_or(|left| amount_micros.unwrap_or(1) <= *left)
            {
                self.find("refused although there was something to refund", operation);
            }
        }
    }

    fn balances(&mut self) {
        for account in &self.books.accounts {
            let told = self.settled.get(&account.user_id).copied();
            if told.unwrap_or_default() != account.settled_micros {
                self.find("settled is not what was told", (account, told));
            }
            let of_account = |row: &&HoldRow| row.user_id == account.user_id;
            let placed = |row: &&HoldRow| row.state == "placed";
            let holds = self.books.holds.iter().filter(of_account).filter(placed);
            let held: i64 = holds.map(|row| row.amount_micros).sum();
            if held != account.held_micros {
                self.find("held is not the sum of the placed holds", account);
            }
        }
    }
}

/// The entry that an answer speaks of, and the amount that was asked for.
fn wanted_entry(
    operation: &Operation,
    entry_id: &str,
    moved: i64,
) -> Option<(EntryRow, Option<i64>)> {
    let row = |kind: &str, amount_micros| EntryRow {
        entry_id: entry_id.to_owned(),
        user_id: operation.user.to_owned(),
        kind: kind.to_owned(),
        amount_micros,
        request_id: None,
        hold_id: None,
        refunds: None,
    };
    Some(match &operation.asked {
        Asked::Grant { amount_micros, .. } => (row("grant", moved), Some(*amount_micros)),
        Asked::Charge { key, amount_micros } => {
            let mut row = row("charge", -moved);
            row.request_id = Some(key.clone());
            (row, Some(*amount_micros))
        }
        Asked::Capture {
            hold_id,
            placed_by,
            amount_micros,
        } => {
            let mut row = row("charge", -moved);
            row.request_id = Some(placed_by.clone());
            row.hold_id = Some(hold_id.clone());
            (row, Some(*amount_micros))
        }
        Asked::Refund {
            charge,
            amount_micros,
            ..
        } => {
            let mut row = row("refund", moved);
            row.refunds = Some(charge.clone());
            (row, *amount_micros)
        }
        Asked::Place { .. } | Asked::Release { .. } => return None,
    })
}

#[cfg(test)]
mod tests;
