//! What a person's contributions come to: pure, and always made anew from all of them, so that any order of
//! events ends at the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

/// A contribution that is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The first day of the month that it counts in.
    pub month: Date,
    pub paid_at: Timestamp,
    /// What is left of it.
    pub net_minor: i64,
    pub is_public: bool,
}

/// What is given in some time, of it what is public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub net_minor: i64,
    pub public_minor: i64,
}

impl Given {
    fn add(&mut self, gift: &Gift) {
        self.net_minor = self.net_minor.saturating_add(gift.net_minor);
        if gift.is_public {
            self.public_minor = self.public_minor.saturating_add(gift.net_minor);
        }
    }
}

/// What a person's contributions come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub all: Given,
    /// Contributions of which something is left.
    pub contributions: i32,
    pub first_at: Option<Timestamp>,
    pub public_contributions: i32,
    pub public_since: Option<Timestamp>,
    pub months: BTreeMap<Date, Given>,
}

impl Totals {
    /// A gift that was taken back as a whole counts for nothing, and leaves its month's row at 0.
    pub fn of(gifts: &[Gift]) -> Self {
        let mut totals = Self::default();
        for gift in gifts {
            totals.months.entry(gift.month).or_default().add(gift);
            if gift.net_minor == 0 {
                continue;
            }
            totals.all.add(gift);
            totals.contributions = totals.contributions.saturating_add(1);
            totals.first_at = earlier(totals.first_at, gift.paid_at);
            if gift.is_public {
                totals.public_contributions = totals.public_contributions.saturating_add(1);
                totals.public_since = earlier(totals.public_since, gift.paid_at);
            }
        }
        totals
    }

    /// The newest month in which something was given openly.
    pub fn public_month(&self) -> Option<(Date, i64)> {
        let newest = self
            .months
            .iter()
            .rfind(|(_, given)| given.public_minor > 0);
        newest.map(|(month, given)| (*month, given.public_minor))
    }
}

fn earlier(known: Option<Timestamp>, other: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(other, |known| known.min(other)))
}

/// A time of which a tenant's sum is kept: a month by its first day, or all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    Month(Date),
    All,
}

impl Period {
    pub fn name(self) -> String {
        match self {
            Self::Month(first) => month_name(first),
            Self::All => "all".to_owned(),
        }
    }
}

/// A month as `2026-11`.
pub fn month_name(first: Date) -> String {
    format!("{:04}-{:02}", first.year(), first.month())
}

/// What one supporter adds to a tenant's sum, or what changes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub net_minor: i64,
    pub supporters: i64,
    pub named: i64,
}

impl Share {
    fn of(given: Given, is_shown: bool) -> Self {
        Self {
            net_minor: given.net_minor,
            supporters: i64::from(given.net_minor > 0),
            named: i64::from(given.public_minor > 0 && is_shown),
        }
    }

    pub fn add(&mut self, other: Self) {
        self.net_minor = self.net_minor.saturating_add(other.net_minor);
        self.supporters = self.supporters.saturating_add(other.supporters);
        self.named = self.named.saturating_add(other.named);
    }

    const fn negated(self) -> Self {
        Self {
            net_minor: self.net_minor.saturating_neg(),
            supporters: self.supporters.saturating_neg(),
            named: self.named.saturating_neg(),
        }
    }
}

/// What a supporter adds to the sums: `is_shown` where the wall may name them.
fn shares(totals: &Totals, is_shown: bool) -> impl Iterator<Item = (Period, Share)> {
    let months = totals.months.iter();
    let months = months.map(|(month, given)| (Period::Month(*month), *given));
    let all = std::iter::once((Period::All, totals.all));
    months
        .chain(all)
        .map(move |(period, given)| (period, Share::of(given, is_shown)))
}

/// What changes of the sums where a supporter goes from `before` to `after`.
pub fn changes(before: (&Totals, bool), after: (&Totals, bool)) -> BTreeMap<Period, Share> {
    let mut changes: BTreeMap<Period, Share> = BTreeMap::new();
    for (period, share) in shares(before.0, before.1) {
        changes.entry(period).or_default().add(share.negated());
    }
    for (period, share) in shares(after.0, after.1) {
        changes.entry(period).or_default().add(share);
    }
    changes.retain(|_, share| *share != Share::default());
    changes
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn gift(month: i8, net_minor: i64, is_public: bool) -> Gift {
        Gift {
            month: date(2026, month, 1),
            paid_at: Timestamp::from_second(i64::from(month)).unwrap(),
            net_minor,
            is_public,
        }
    }

    #[test]
    fn a_gift_that_was_taken_back_counts_for_nothing() {
        let totals = Totals::of(&[gift(10, 0, true), gift(11, 500, false)]);
        assert_eq!((totals.contributions, totals.all.net_minor), (1, 500));
        assert_eq!(totals.first_at, Timestamp::from_second(11).ok());
        assert_eq!((totals.public_since, totals.public_month()), (None, None));
    }

    #[test]
    fn whoever_gave_anonymously_alone_is_counted_and_not_named() {
        let anonymous = Totals::of(&[gift(11, 500, false)]);
        let open = Totals::of(&[gift(11, 500, false), gift(11, 700, true)]);
        let november = Period::Month(date(2026, 11, 1));
        let first = changes((&Totals::default(), false), (&anonymous, true));
        let expected = Share {
            net_minor: 500,
            supporters: 1,
            named: 0,
        };
        assert_eq!(
            (first[&november], first[&Period::All]),
            (expected, expected)
        );
        let second = changes((&anonymous, true), (&open, true));
        let expected = Share {
            net_minor: 700,
            supporters: 0,
            named: 1,
        };
        assert_eq!(second[&november], expected);
    }

    #[test]
    fn whoever_hides_is_taken_from_the_named_and_stays_counted() {
        let totals = Totals::of(&[gift(10, 500, true), gift(11, 700, true)]);
        let hidden = changes((&totals, true), (&totals, false));
        assert_eq!(hidden.len(), 3);
        for share in hidden.values() {
            assert_eq!((share.net_minor, share.supporters, share.named), (0, 0, -1));
        }
    }
}
