//! What the calls of a freeze add up to, and whether what they were told is in the books.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::offer::Call;
use crate::scenario::told::{NothingDone, Told, Unsure};

/// What every call was told, held against the keys that the database has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub done: u64,
    pub overloaded: u64,
    pub unavailable: u64,
    pub deadline_in_books: u64,
    pub deadline_not_in_books: u64,
    pub unknown_in_books: u64,
    pub unknown_not_in_books: u64,
    /// No answer, long after the deadline.
    pub silent: u64,
    /// Acknowledged, and not in the books.
    pub lost: u64,
    /// Told that nothing was done, and in the books.
    pub done_unawares: u64,
    /// In the books, and never asked for.
    pub unasked: u64,
    /// Codes that are not true, with their number.
    pub untrue: BTreeMap<String, u64>,
}

impl Tally {
    /// `keys` are the numbers of the calls whose keys are in the books.
    pub fn of(calls: &[Call], keys: &HashSet<u64>) -> Self {
        let mut tally = Self::default();
        let mut found = 0;
        for call in calls {
            let in_books = keys.contains(&call.number);
            found += u64::from(in_books);
            tally.count(&call.told, in_books);
        }
        tally.unasked = u64::try_from(keys.len()).unwrap_or(u64::MAX) - found;
        tally
    }

    fn count(&mut self, told: &Told, in_books: bool) {
        let counter = match (told, in_books) {
            (Told::Done, true) => &mut self.done,
            (Told::Done, false) => &mut self.lost,
            (Told::NothingDone(_), true) => &mut self.done_unawares,
            (Told::NothingDone(NothingDone::Overloaded), false) => &mut self.overloaded,
            (Told::NothingDone(NothingDone::Unavailable), false) => &mut self.unavailable,
            (Told::Unsure(Unsure::Deadline), true) => &mut self.deadline_in_books,
            (Told::Unsure(Unsure::Deadline), false) => &mut self.deadline_not_in_books,
            (Told::Unsure(Unsure::OutcomeUnknown), true) => &mut self.unknown_in_books,
            (Told::Unsure(Unsure::OutcomeUnknown), false) => &mut self.unknown_not_in_books,
            (Told::Silence, _) => &mut self.silent,
            // Every account has enough, no key is used twice, and nothing is refused.
            (Told::Refused(refused), _) => self.untrue.entry(format!("{refused:?}")).or_default(),
            (Told::Untrue(words), _) => self.untrue.entry(words.clone()).or_default(),
        };
        *counter += 1;
    }

    /// What makes the run wrong, however fast it was.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (count, what) in [
            (self.lost, "were acknowledged and are not in the books"),
            (
                self.done_unawares,
                "were told that nothing was done and are in the books",
            ),
            (self.unasked, "are in the books and were never asked for"),
        ] {
            if count > 0 {
                wrong.push(format!("{count} charges {what}"));
            }
        }
        for (code, count) in &self.untrue {
            wrong.push(format!("{count} calls were told: {code}"));
        }
        wrong
    }
}

/// Charges acknowledged between two moments.
pub fn done_between(calls: &[Call], from: Duration, to: Duration) -> u64 {
    let done = calls
        .iter()
        .filter(|call| call.told == Told::Done && (from..to).contains(&call.answered));
    u64::try_from(done.count()).unwrap_or(u64::MAX)
}

/// How long after `thawed` a second began in which at least `wanted` charges were acknowledged.
pub fn recovered_after(calls: &[Call], thawed: Duration, wanted: u64) -> Option<Duration> {
    const STEP: Duration = Duration::from_millis(100);
    let last = calls.iter().map(|call| call.answered).max()?;
    let mut from = thawed;
    while from < last {
        if done_between(calls, from, from + Duration::from_secs(1)) >= wanted {
            return Some(from.saturating_sub(thawed));
        }
        from += STEP;
    }
    None
}

/// Calls whose answer came after their deadline.
pub fn late(calls: &[Call], deadline: Duration) -> u64 {
    let late = calls.iter().filter(|call| {
        call.told != Told::Silence && call.answered.saturating_sub(call.sent) > deadline
    });
    u64::try_from(late.count()).unwrap_or(u64::MAX)
}

/// The longest that a call was under way.
pub fn longest(calls: &[Call]) -> Duration {
    calls
        .iter()
        .map(|call| call.answered.saturating_sub(call.sent))
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::told::Refused;

    fn call(number: u64, answered_millis: u64, told: Told) -> Call {
        Call {
            number,
            sent: Duration::ZERO,
            answered: Duration::from_millis(answered_millis),
            told,
        }
    }

    #[test]
    fn what_was_acknowledged_and_is_not_in_the_books_is_lost() {
        let calls = [call(1, 0, Told::Done), call(2, 0, Told::Done)];
        let tally = Tally::of(&calls, &HashSet::from([1]));
        assert_eq!((tally.done, tally.lost), (1, 1));
        assert_eq!(tally.wrong().len(), 1, "{tally:?}");
    }

    #[test]
    fn nothing_was_done_must_be_true_and_unsure_may_be_either() {
        let nothing = || Told::NothingDone(NothingDone::Unavailable);
        let unsure = || Told::Unsure(Unsure::OutcomeUnknown);
        let calls = [
            call(1, 0, unsure()),
            call(2, 0, unsure()),
            call(3, 0, nothing()),
        ];
        let right = Tally::of(&calls, &HashSet::from([1]));
        assert_eq!(right.wrong(), Vec::<String>::new(), "{right:?}");
        let wrong = Tally::of(&calls, &HashSet::from([1, 3]));
        assert_eq!((wrong.done_unawares, wrong.wrong().len()), (1, 1));
    }

    #[test]
    fn a_key_that_nobody_sent_and_a_code_that_is_not_true_are_wrong() {
        let refused = Told::Refused(Refused::ByDatabase);
        let calls = [
            call(1, 0, Told::Untrue("Unknown".to_owned())),
            call(2, 0, refused),
        ];
        let tally = Tally::of(&calls, &HashSet::from([7]));
        assert_eq!(tally.unasked, 1);
        assert_eq!(tally.wrong().len(), 3, "{tally:?}");
    }

    #[test]
    fn an_answer_after_its_deadline_is_late_and_none_at_all_is_silence() {
        let calls = [
            call(1, 1990, Told::Done),
            call(2, 2010, Told::Done),
            call(3, 3000, Told::Silence),
        ];
        assert_eq!(late(&calls, Duration::from_secs(2)), 1);
        let tally = Tally::of(&calls, &HashSet::from([1, 2]));
        assert_eq!((tally.done, tally.silent), (2, 1));
    }

    #[test]
    fn a_server_has_recovered_with_the_first_full_second() {
        // Nothing for two seconds after the thaw, then ten a second.
        let calls: Vec<Call> = (0..40)
            .map(|number| call(number, 3000 + number * 100, Told::Done))
            .collect();
        let thawed = Duration::from_secs(1);
        let after = recovered_after(&calls, thawed, 9);
        assert_eq!(after, Some(Duration::from_millis(1900)));
        assert_eq!(recovered_after(&calls, thawed, 11), None);
    }
}
