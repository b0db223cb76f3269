//! Sums of entries by quarter hour and tool: when they are made, and how far.

use std::ops::Range;

use jiff::Timestamp;
use sqlx::PgPool;

use super::{Question, queries};
use crate::id::{AccountId, EntrySeq};

const QUARTER_HOUR_SECS: i64 = 900;
/// So many entries are read rather than summed up: most accounts never have sums.
const READ_MOST: i64 = 2_000;
/// Entries that one short transaction sums up.
const STEP: i64 = 5_000;

/// The part of a question's span that consists of whole quarter hours, to be answered by sums. Empty
/// where there is none, or where a day begins within a quarter hour, as in zones of long ago.
pub fn whole_quarters(question: &Question) -> (Timestamp, Timestamp) {
    let nothing = (question.to, question.to);
    let is_whole = |at: &Timestamp| {
        at.subsec_nanosecond() == 0 && at.as_second().rem_euclid(QUARTER_HOUR_SECS) == 0
    };
    if !question.days.iter().skip(1).all(is_whole) {
        return nothing;
    }
    let floor = |at: Timestamp| {
        let second = at.as_second();
        let below = i64::from(at.subsec_nanosecond() < 0);
        Timestamp::from_second(second - (second - below).rem_euclid(QUARTER_HOUR_SECS) - below)
    };
    let ceiling = if is_whole(&question.from) {
        Ok(question.from)
    } else {
        floor(question.from)
            .and_then(|at| Timestamp::from_second(at.as_second() + QUARTER_HOUR_SECS))
    };
    match (ceiling, floor(question.to)) {
        (Ok(from), Ok(to)) if from < to => (from, to),
        _ => nothing,
    }
}

/// Sums up entries until all between `first` and `end` are in the sums, but for a few. One short
/// transaction after the other: whoever is stopped has not begun in vain.
pub async fn extend(
    pool: &PgPool,
    account: AccountId,
    first: EntrySeq,
    end: EntrySeq,
) -> Result<(), sqlx::Error> {
    let asked = first.get()..end.get();
    if next_step(&asked, queries::summed(pool, account).await?).is_none() {
        return Ok(());
    }
    loop {
        let mut transaction = pool.begin().await?;
        // Others may have summed up meanwhile: only what is read under the lock counts.
        let summed = queries::lock_summed(&mut transaction, account, first.get()).await?;
        let Some(step) = next_step(&asked, Some(summed)) else {
            return Ok(());
        };
        queries::sum_up(&mut transaction, account, &step).await?;
        transaction.commit().await?;
    }
}

/// What is to be summed up next, if too much of what is asked about is not. The sums have no gaps: they
/// grow upwards as entries come, and downwards where somebody asks about earlier ones.
fn next_step(asked: &Range<i64>, summed: Option<Range<i64>>) -> Option<Range<i64>> {
    let summed = summed.unwrap_or(asked.start..asked.start);
    let below = (summed.start.min(asked.end) - asked.start).max(0);
    let above = (asked.end - summed.end.max(asked.start)).max(0);
    if below + above <= READ_MOST {
        None
    } else if above > 0 {
        Some(summed.end..asked.end.min(summed.end + STEP))
    } else {
        Some(asked.start.max(summed.start - STEP)..summed.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    fn question(from: &str, to: &str, days: &[&str]) -> Question {
        Question {
            account: AccountId::of("acme", "alice"),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            days: days.iter().map(|day| day.parse().unwrap()).collect(),
            now: Timestamp::MAX,
        }
    }

    fn whole(question: &Question) -> String {
        let (from, to) = whole_quarters(question);
        if from < to {
            format!("{from} {to}")
        } else {
            String::new()
        }
    }

    #[test]
    fn sums_answer_for_the_whole_quarter_hours_of_a_span() {
        for (from, to, expected) in [
            (
                "2026-03-01T10:00:00Z",
                "2026-03-01T11:00:00Z",
                "2026-03-01T10:00:00Z 2026-03-01T11:00:00Z",
            ),
            (
                "2026-03-01T10:00:00.000001Z",
                "2026-03-01T10:59:59.999999Z",
                "2026-03-01T10:15:00Z 2026-03-01T10:45:00Z",
            ),
            (
                "1969-12-31T23:29:59.5Z",
                "1969-12-31T23:59:59.5Z",
                "1969-12-31T23:30:00Z 1969-12-31T23:45:00Z",
            ),
            ("2026-03-01T10:01:00Z", "2026-03-01T10:29:00Z", ""),
            ("2026-03-01T10:01:00Z", "2026-03-01T10:05:00Z", ""),
        ] {
            assert_eq!(whole(&question(from, to, &[])), expected, "{from} {to}");
        }
        let odd = question(
            "1900-01-01T00:00:00Z",
            "1900-01-03T00:00:00Z",
            &["1899-12-31T21:57:56Z", "1900-01-01T21:57:56Z"],
        );
        assert_eq!(whole(&odd), "");
        assert!(Timestamp::MAX.checked_add(1.second()).is_err());
        let last = Question {
            to: Timestamp::MAX,
            from: Timestamp::MAX - 1.minute(),
            ..odd
        };
        assert_eq!(
            whole(&Question {
                days: Vec::new(),
                ..last
            }),
            ""
        );
    }

    #[test]
    fn steps_lead_from_any_sums_to_what_is_asked_about_and_never_twice_over_an_entry() {
        for asked in [1..150_000, 70_000..72_001, 100_000..150_000] {
            for before in [
                None,
                Some(1..1),
                Some(60_000..60_100),
                Some(71_000..120_000),
                Some(140_000..150_001),
            ] {
                let mut summed = before.clone().unwrap_or(asked.start..asked.start);
                while let Some(step) = next_step(&asked, Some(summed.clone())) {
                    assert!(
                        !step.is_empty() && step.end - step.start <= STEP,
                        "{step:?}"
                    );
                    assert!(
                        step.start == summed.end || step.end == summed.start,
                        "{step:?}"
                    );
                    summed = summed.start.min(step.start)..summed.end.max(step.end);
                }
                let missing = asked.clone().filter(|seq| !summed.contains(seq)).count();
                assert!(
                    i64::try_from(missing).unwrap() <= READ_MOST,
                    "{asked:?} {before:?}"
                );
            }
        }
        assert_eq!(next_step(&(5..2_005), None), None);
        assert_eq!(next_step(&(5..5), Some(9..9_000)), None);
    }
}
