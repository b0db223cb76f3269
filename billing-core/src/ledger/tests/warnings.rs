//! When a user is told of a balance that goes and comes.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use super::super::command::{Action, Command};
use super::super::decide::{Context, decide};
use super::super::local_time::LocalTime;
use super::super::state::{AccountState, Book};
use super::commands::{command, id, post};
use crate::money::Micros;
use crate::price::Catalogue;

/// An account with a threshold of 100, and each minute of it.
struct Days {
    book: Book,
    now: Timestamp,
    keys: u32,
    /// When mail was written, and of which balance.
    told: Vec<(Timestamp, i64)>,
}

impl Days {
    fn new() -> Self {
        let mut account = AccountState::new(None, None, date(2026, 11, 10));
        account.low_balance_threshold = Some(Micros::new(100));
        account.time_zone = "Europe/Kyiv".into();
        Self {
            book: Book::new(id("u"), account),
            now: "2026-11-10T22:00:00Z".parse().unwrap(),
            keys: 0,
            told: Vec::new(),
        }
    }

    fn run(&mut self, command: &Command) {
        let mut context = Context {
            catalogue: &Catalogue::default(),
            catalogue_is_fresh: true,
            enforced: true,
            tells_events: false,
            time: LocalTime::new(self.now),
        };
        decide(&mut self.book, command, &mut context).unwrap();
        let told = self.book.warnings.drain(..);
        self.told
            .extend(told.map(|warning| (self.now, warning.settled.get())));
    }

    fn moves(&mut self, micros: i64) {
        self.keys += 1;
        self.run(&post("u", &self.keys.to_string(), micros));
    }

    /// The sweep looks each minute where something is due.
    fn wait(&mut self, minutes: u32) {
        for _ in 0..minutes {
            self.now = self.now.checked_add(SignedDuration::from_mins(1)).unwrap();
            if self
                .book
                .account
                .warning_due_at
                .is_some_and(|due| due <= self.now)
            {
                self.run(&command("u", Action::WarnAgain));
            }
        }
    }

    fn told_since(&self, first: usize) -> Vec<i64> {
        self.told
            .iter()
            .skip(first)
            .map(|(_, micros)| *micros)
            .collect()
    }
}

#[test]
fn a_balance_that_goes_and_comes_each_minute_writes_four_mails_a_day_and_its_last_end_is_told() {
    let mut days = Days::new();
    let began = days.now;
    for _ in 0..3 * 24 * 30 {
        days.moves(200);
        days.wait(1);
        days.moves(-200);
        days.wait(1);
    }
    let mut of_days = [0; 4];
    for (at, micros) in &days.told {
        assert_eq!(*micros, 0);
        of_days[usize::try_from(at.duration_since(began).as_hours() / 24).unwrap()] += 1;
    }
    // With the last move the fourth day begins.
    assert_eq!(of_days, [4, 4, 4, 1], "{:?}", days.told);
    let told = days.told.len();
    days.moves(200);
    days.wait(20);
    days.moves(-200);
    assert_eq!(days.told_since(told), [0]);
}

#[test]
fn what_was_due_and_is_no_longer_so_is_not_told() {
    let mut days = Days::new();
    days.moves(200);
    days.moves(-200);
    days.moves(200);
    days.moves(-201);
    assert_eq!(days.told_since(0), [0]);
    assert!(days.book.account.warning_due_at.is_some());
    days.moves(300);
    assert_eq!(days.book.account.warning_due_at, None);
    // Low for the first time on this day, for the second, and on the next one.
    days.moves(-250);
    days.moves(250);
    days.moves(-251);
    assert_eq!(days.told_since(1), [49]);
    days.wait(24 * 60);
    assert_eq!(days.told_since(2), [48]);
    assert_eq!(days.book.account.warning_due_at, None);
}

#[test]
fn a_debt_that_only_grows_is_told_once() {
    let mut days = Days::new();
    days.moves(200);
    for _ in 0..2 * 24 * 60 {
        days.moves(-200);
        days.wait(1);
    }
    assert_eq!(days.told_since(0), [0]);
}
