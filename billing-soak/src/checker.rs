//! Compares what callers were told with what the database says. Knows the contract, and nothing
//! of the product's inside.

mod wanted;

use std::collections::{HashMap, HashSet};

use self::wanted::{fits, is_the_same, wanted_entry};
use crate::books::{Books, EntryRow, HoldRow};
use crate::journal::{Asked, HoldShown, Operation, Refusal, Told, User};

/// What every account of the tenant begins with, by its first entry.
pub const WELCOME_MICROS: i64 = 1_000_000;

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

/// The holds that have not ended.
pub fn unended(books: &Books) -> Vec<String> {
    let placed = books.holds.iter().filter(|row| row.state == "placed");
    placed
        .map(|row| format!("a hold that has not ended: {row:?}"))
        .collect()
}

struct Checker<'a> {
    books: &'a Books,
    entries: HashMap<&'a str, &'a EntryRow>,
    holds: HashMap<&'a str, &'a HoldRow>,
    /// Entries that an answer has named.
    named: HashSet<&'a str>,
    /// Keys that must be stored.
    stored: HashSet<(User, &'a str)>,
    /// Holds that an answer has named.
    held: HashSet<&'a str>,
    /// The ends of holds that were acknowledged.
    ends: HashMap<&'a str, Vec<&'static str>>,
    settled: HashMap<User, i64>,
    findings: Vec<String>,
}

impl<'a> Checker<'a> {
    fn new(books: &'a Books) -> Self {
        let entries = books.entries.iter();
        let holds = books.holds.iter();
        Self {
            books,
            entries: entries
                .map(|row| (row.entry.entry_id.as_str(), row))
                .collect(),
            holds: holds.map(|row| (row.hold_id.as_str(), row)).collect(),
            named: HashSet::new(),
            stored: HashSet::new(),
            held: HashSet::new(),
            ends: HashMap::new(),
            settled: HashMap::new(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self, what: &str, about: impl std::fmt::Debug) {
        self.findings.push(format!("{what}: {about:?}"));
    }

    fn follow(&mut self, operation: &'a Operation) {
        if operation.told().is_none() && !operation.believed {
            self.find("no definite answer", operation);
        }
        for (_, told) in operation.answers() {
            self.answer(operation, told);
        }
        let Some(effect) = operation.effect() else {
            return;
        };
        self.repetitions(operation, effect);
        match effect {
            Told::Moved {
                entry_id,
                moved_micros,
                ..
            } => self.entry(operation, entry_id, *moved_micros),
            Told::Held { hold, .. } => self.placement(operation, hold),
            _ => self.freed(operation),
        }
    }

    /// One answer by itself, whether or not the operation was carried out.
    fn answer(&mut self, operation: &'a Operation, told: &'a Told) {
        if let Some(poison) = operation.poison {
            if !fits(poison, told) {
                self.find("not refused as it must be", operation);
            }
            return;
        }
        match told {
            Told::Refused(Refusal::HoldEnded(state)) => self.ended(operation, state),
            // Seen to with the other refunds; and by the amounts alone.
            Told::Refused(Refusal::RefundTooMuch { .. } | Refusal::OverageRejected { .. })
            // Nothing is stored for it: an entry or a key of it would be one that nobody has.
            | Told::Denied { .. }
            | Told::Moved { .. }
            | Told::Freed { .. }
            | Told::Stands { .. } => {}
            Told::Refused(_) | Told::Astray(_) => self.find("no proper answer", operation),
            Told::Held { hold, .. } | Told::Extended { hold, .. } => self.shown(operation, hold),
        }
    }

    /// A hold's time is never shortened.
    fn shown(&mut self, operation: &'a Operation, hold: &HoldShown) {
        match self.holds.get(hold.hold_id.as_str()) {
            None => self.find("acknowledged and lost", operation),
            Some(row) if row.expires_at < hold.expires_at => {
                self.find(
                    "a hold that expires earlier than was told",
                    (operation, *row),
                );
            }
            Some(_) => {}
        }
    }

    /// However often it was asked, there is one effect and one answer that tells of it.
    fn repetitions(&mut self, operation: &'a Operation, first: &Told) {
        if operation
            .effects()
            .any(|(_, told)| !is_the_same(first, told))
        {
            self.find("two answers to one request", operation);
        }
        let refused = |(_, told): (_, &Told)| matches!(told, Told::Refused(_));
        if operation.answers().any(refused) {
            self.find("carried out and refused", operation);
        }
        // Who was told each time that nothing was done must not find it done.
        let replayed = |(_, told): (_, &Told)| told.is_replayed() == Some(true);
        if operation.effects().all(replayed) && !operation.is_doubtful() {
            self.find("done by a try that said that nothing was done", operation);
        }
        // A batch that was lost at COMMIT and carried out again takes another's effect for its own
        // where the two coincide; where they do not, both have done it.
        let itself = || {
            let effects = operation.effects();
            effects.filter(|(_, told)| told.is_replayed() == Some(false))
        };
        let begun = itself().map(|(attempt, _)| attempt.begun).max();
        if itself().map(|(attempt, _)| attempt.ended).min() < begun {
            self.find("carried out by two tries", operation);
        }
    }

    fn entry(&mut self, operation: &'a Operation, entry_id: &'a str, moved: i64) {
        let Some((wanted, asked)) = wanted_entry(operation, entry_id, moved) else {
            return self.find("an entry for what makes none", operation);
        };
        if asked.is_some_and(|asked| asked != moved) {
            self.find("another amount than was asked for", operation);
        }
        match self.entries.get(entry_id) {
            None => self.find("acknowledged and lost", operation),
            Some(found) if found.entry != wanted => {
                let found = (*found).clone();
                self.find("differs from its entry", (operation, found));
            }
            Some(_) => {}
        }
        if !self.named.insert(entry_id) {
            self.find("one entry for two operations", operation);
        }
        *self.settled.entry(operation.user.clone()).or_default() += wanted.amount_micros;
        if let Some(key) = operation.asked.key() {
            self.key_of(operation, key);
        }
        if let Asked::Capture { hold_id, .. } = &operation.asked {
            self.end(hold_id, "captured");
        }
    }

    fn key_of(&mut self, operation: &'a Operation, key: &'a str) {
        if !self.stored.insert((operation.user.clone(), key)) {
            self.find("one key for two operations", operation);
        }
    }

    fn end(&mut self, hold_id: &'a str, end: &'static str) {
        self.ends.entry(hold_id).or_default().push(end);
    }

    fn placement(&mut self, operation: &'a Operation, hold: &'a HoldShown) {
        let Asked::Place {
            key, amount_micros, ..
        } = &operation.asked
        else {
            return self.find("a hold for what places none", operation);
        };
        self.key_of(operation, key);
        if let Some(row) = self.holds.get(hold.hold_id.as_str())
            && (row.amount_micros != *amount_micros
                || row.user_id != *operation.user
                || row.request_id.as_ref() != Some(key))
        {
            self.find("differs from its hold", operation);
        }
        if !self.held.insert(&hold.hold_id) {
            self.find("one hold for two placements", operation);
        }
    }

    fn freed(&mut self, operation: &'a Operation) {
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

    fn ended(&mut self, operation: &'a Operation, state: &str) {
        let (Asked::Capture { hold_id, .. }
        | Asked::Release { hold_id }
        | Asked::Extend { hold_id, .. }) = &operation.asked
        else {
            return self.find("no hold to have ended", operation);
        };
        let found = self.holds.get(hold_id.as_str());
        if found.is_none_or(|row| row.state != state) {
            self.find("the hold has not ended so", operation);
        }
    }

    /// What remains when every answer has named its entry: one welcome for each account.
    fn unasked_entries(&mut self) {
        let mut welcomed = HashSet::new();
        for EntryRow { entry, .. } in &self.books.entries {
            if self.named.contains(entry.entry_id.as_str()) {
                continue;
            }
            let welcome = entry.kind == "grant" && entry.amount_micros == WELCOME_MICROS;
            if !welcome || !welcomed.insert(&entry.user_id) {
                self.findings
                    .push(format!("an entry that nobody was told of: {entry:?}"));
                continue;
            }
            let user = User::from(entry.user_id.as_str());
            *self.settled.entry(user).or_default() += WELCOME_MICROS;
        }
    }

    fn keys(&mut self) {
        let mut missing = std::mem::take(&mut self.stored);
        for row in &self.books.keys {
            if !missing.remove(&(User::from(row.user_id.as_str()), row.key.as_str())) {
                self.find("a key that is stored twice or was not acknowledged", row);
            }
        }
        for key in missing {
            self.find("acknowledged and its key lost", key);
        }
    }

    fn holds(&mut self) {
        for row in &self.books.holds {
            if !self.held.contains(row.hold_id.as_str()) {
                self.findings
                    .push(format!("a hold that nobody was told of: {row:?}"));
                continue;
            }
            let told = self.ends.remove(row.hold_id.as_str()).unwrap_or_default();
            let in_time = row.ended_at.is_none_or(|ended| ended < row.expires_at);
            let agrees = match (row.state.as_str(), told.as_slice()) {
                ("placed", []) => true,
                ("expired", []) => !in_time,
                (state, [end]) => state == *end && in_time,
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
        let entries = || self.books.entries.iter().map(|row| &row.entry);
        for entry in entries().filter(|entry| entry.kind == "charge") {
            left.insert(&entry.entry_id, -entry.amount_micros);
        }
        for entry in entries() {
            let Some(charge) = &entry.refunds else {
                continue;
            };
            let left = left.entry(charge).or_default();
            *left -= entry.amount_micros;
            if *left < 0 {
                self.findings
                    .push(format!("refunds above their charge: {entry:?}"));
            }
        }
        let too_much = Told::is_too_much_back;
        for operation in operations {
            if let Asked::Refund {
                charge,
                amount_micros,
                ..
            } = &operation.asked
                && operation.answers().any(|(_, told)| too_much(told))
                && left
                    .get(charge.as_str())
                    .is_none_or(|left| amount_micros.unwrap_or(1) <= *left)
            {
                self.find("refused although there was something to refund", operation);
            }
        }
    }

    fn balances(&mut self) {
        let mut placed: HashMap<&str, i64> = HashMap::new();
        for row in self.books.holds.iter().filter(|row| row.state == "placed") {
            *placed.entry(&row.user_id).or_default() += row.amount_micros;
        }
        for account in &self.books.accounts {
            let told = self.settled.get(account.user_id.as_str()).copied();
            if told.unwrap_or_default() != account.settled_micros {
                self.find("settled is not what was told", (account, told));
            }
            let held = placed.get(account.user_id.as_str()).copied();
            if held.unwrap_or_default() != account.held_micros {
                self.find("held is not the sum of the placed holds", account);
            }
        }
    }
}

#[cfg(test)]
mod tests;
