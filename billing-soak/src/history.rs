//! An account's history, made from what callers were told and from the books, to be searched for an
//! order that explains it.

mod writer;

use std::collections::HashMap;
use std::fmt::Write;

use self::writer::Writer;
use crate::books::{Books, EntryRow, HoldRow};
use crate::journal::{Moment, Operation, Told};
use crate::linear::{Event, NEVER, Stuck};

/// The books of all accounts, to be looked things up in.
pub struct Index<'a> {
    entries: HashMap<&'a str, &'a EntryRow>,
    holds: HashMap<&'a str, &'a HoldRow>,
    /// The refunds of each charge, in the order of their numbers.
    refunds: HashMap<&'a str, Vec<&'a EntryRow>>,
    /// When the journal began, in microseconds since the epoch.
    began_micros: i64,
}

/// One account's events, and what each of them comes from.
pub struct History<'a> {
    pub events: Vec<Event>,
    origins: Vec<Origin<'a>>,
    /// What cannot be right in any order.
    pub findings: Vec<String>,
}

enum Origin<'a> {
    /// What the operation did, once.
    Effect(&'a Operation, &'a Told),
    /// An answer that shows something and changes nothing.
    Answer(&'a Operation, &'a Told),
    Expiry(&'a HoldRow),
}

impl<'a> Index<'a> {
    pub fn new(books: &'a Books, began_micros: i64) -> Self {
        let mut refunds: HashMap<&str, Vec<&EntryRow>> = HashMap::new();
        for row in &books.entries {
            if let Some(charge) = &row.entry.refunds {
                refunds.entry(charge).or_default().push(row);
            }
        }
        for of_charge in refunds.values_mut() {
            of_charge.sort_by_key(|row| seq_of(&row.entry.entry_id));
        }
        let entries = books.entries.iter();
        let holds = books.holds.iter();
        Self {
            entries: entries
                .map(|row| (row.entry.entry_id.as_str(), row))
                .collect(),
            holds: holds.map(|row| (row.hold_id.as_str(), row)).collect(),
            refunds,
            began_micros,
        }
    }

    fn moment(&self, micros: i64) -> Moment {
        let since = micros.saturating_sub(self.began_micros);
        u64::try_from(since).unwrap_or(0).saturating_mul(1_000)
    }

    fn micros(&self, moment: Moment) -> i64 {
        let since = i64::try_from(moment / 1_000).unwrap_or(i64::MAX);
        self.began_micros.saturating_add(since)
    }
}

/// The number of an entry within its account.
fn seq_of(entry_id: &str) -> Option<i64> {
    entry_id.rsplit_once('-')?.1.parse().ok()
}

impl<'a> History<'a> {
    /// The history of one account, from all its operations and holds.
    pub fn of(operations: &[&'a Operation], holds: &[&'a HoldRow], index: &'a Index<'a>) -> Self {
        let mut writer = Writer::new(index);
        for operation in operations {
            writer.operation(operation);
        }
        for hold in holds.iter().filter(|hold| hold.state == "expired") {
            writer.expiry(hold);
        }
        writer.finish()
    }

    /// The end of the longest order that was found, in words.
    pub fn tell(&self, stuck: &Stuck) -> String {
        let mut text = format!(
            "{} of {} events have an order; then settled {}, held {}, the next entry {}; \
             and none of these can follow:",
            stuck.explained,
            self.events.len(),
            stuck.state.settled,
            stuck.state.held,
            stuck.next_seq,
        );
        for number in stuck.pending.iter().take(6) {
            if let (Some(event), Some(origin)) =
                (self.events.get(*number), self.origins.get(*number))
            {
                let _ = write!(text, "\n      {}", told_by(event, origin));
            }
        }
        text
    }
}

fn told_by(event: &Event, origin: &Origin<'_>) -> String {
    let times = match event.ended {
        NEVER => format!("from {} µs on", event.begun / 1_000),
        ended => format!("{} to {} µs", event.begun / 1_000, ended / 1_000),
    };
    match origin {
        Origin::Effect(operation, told) => {
            format!("{times}: {:?} did: {told:?}", operation.asked)
        }
        Origin::Answer(operation, told) => {
            format!("{times}: {:?} was told: {told:?}", operation.asked)
        }
        Origin::Expiry(hold) => format!("{times}: expiry of {hold:?}"),
    }
}

#[cfg(test)]
mod tests;
