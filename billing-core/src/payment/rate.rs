//! What a currency costs, and what a payment in it is therefore credited with.

use std::time::Duration;

use jiff::Timestamp;

use crate::money::Micros;

/// Micros of a USD for one of its minor units.
const CENT: i128 = 10_000;
const DECIMALS_MAX: usize = 8;
const DIGITS_MAX: usize = 6;

/// What payments are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    Usd,
    Uah,
}

impl Currency {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Uah => "UAH",
        }
    }

    pub fn named(code: &str) -> Option<Self> {
        [Self::Usd, Self::Uah]
            .into_iter()
            .find(|currency| currency.code() == code)
    }
}

/// Units of a currency for one USD: an exact decimal, more than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Without its point.
    digits: i64,
    decimals: u32,
}

impl Rate {
    /// Of a currency for itself.
    pub const ONE: Self = Self {
        digits: 1,
        decimals: 0,
    };

    /// Reads `41.2345`. None for what is no decimal of the size that a rate has, or is 0.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > DIGITS_MAX || fraction.len() > DECIMALS_MAX {
            return None;
        }
        if !plain(whole) || !plain(fraction) || text.ends_with('.') {
            return None;
        }
        let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self {
            digits,
            decimals: u32::try_from(fraction.len()).ok()?,
        })
        .filter(|rate| rate.digits > 0)
    }

    /// What a hryvnia may cost at all: a slipped point is noticed here.
    pub fn is_plausible(self) -> bool {
        let digits = i128::from(self.digits);
        (self.scale()..=self.scale().saturating_mul(1000)).contains(&digits)
    }

    /// Whether it is more than twice the other, or less than half of it.
    pub fn is_far_from(self, other: Self) -> bool {
        let ours = i128::from(self.digits).saturating_mul(other.scale());
        let theirs = i128::from(other.digits).saturating_mul(self.scale());
        ours > theirs.saturating_mul(2) || theirs > ours.saturating_mul(2)
    }

    fn scale(self) -> i128 {
        10_i128.pow(self.decimals)
    }

    /// What so many minor units are worth, rounded down to the micro. None where it does not fit.
    pub fn worth(self, minor: i64) -> Option<Micros> {
        let worth = i128::from(minor)
            .checked_mul(CENT)?
            .checked_mul(self.scale())?
            .checked_div(i128::from(self.digits))?;
        i64::try_from(worth).ok().map(Micros::new)
    }

    /// USD for one unit, to twelve decimals: for people.
    pub fn inverse(self) -> String {
        const DECIMALS: u32 = 12;
        let scaled = self
            .scale()
            .saturating_mul(10_i128.pow(DECIMALS))
            .checked_div(i128::from(self.digits))
            .unwrap_or_default();
        let unit = 10_i128.pow(DECIMALS);
        let (whole, fraction) = (scaled / unit, scaled % unit);
        format!("{whole}.{fraction:012}")
    }
}

/// A rate as the core keeps it: payments are credited by the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRate {
    /// A decimal, as it came.
    pub rate: String,
    pub source: String,
    pub fetched_at: Timestamp,
    /// By the database's clock.
    pub age: Duration,
}

impl StoredRate {
    /// Whether a new rate differs from this one as no rate does from one day to the next.
    pub fn is_far_from(&self, rate: &str) -> bool {
        let rates = Rate::parse(&self.rate).zip(Rate::parse(rate));
        rates.is_some_and(|(known, new)| new.is_far_from(known))
    }

    pub fn is_too_old(&self, age_max: Duration) -> bool {
        self.age > age_max
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Rate;

    fn worth(rate: &str, minor: i64) -> Option<i64> {
        Rate::parse(rate)
            .unwrap()
            .worth(minor)
            .map(crate::money::Micros::get)
    }

    #[test]
    fn what_is_credited_is_rounded_down_to_the_micro() {
        assert_eq!(worth("40", 4_000), Some(1_000_000));
        assert_eq!(worth("41.5", 10_000), Some(2_409_638));
        assert_eq!(worth("3", 300), Some(1_000_000));
        assert_eq!(worth("3", 1), Some(3_333));
        assert_eq!(worth("41.23450000", 1), Some(242));
        assert_eq!(worth("0.00000001", i64::MAX), None);
    }

    #[test]
    fn only_a_plain_decimal_is_a_rate() {
        for text in [
            "",
            "0",
            "0.0",
            "-1",
            "+1",
            "1e3",
            "1.",
            ".5",
            "1,5",
            "1234567",
            "1.123456789",
            "NaN",
            " 1",
        ] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        assert_eq!(Rate::parse("41.2345").unwrap().inverse(), "0.024251536941");
    }

    #[test]
    fn a_slipped_point_is_noticed() {
        let rate = |text| Rate::parse(text).unwrap();
        for (text, plausible) in [
            ("0.99", false),
            ("1", true),
            ("1000", true),
            ("1000.1", false),
        ] {
            assert_eq!(rate(text).is_plausible(), plausible, "{text}");
        }
        for (text, far) in [
            ("83", false),
            ("83.01", true),
            ("20.75", false),
            ("20.7", true),
        ] {
            assert_eq!(rate(text).is_far_from(rate("41.50")), far, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_payment_is_worth_more_than_its_share(digits in 1..99_999_999_i64, minor in 1..1_000_000_000_i64) {
            let rate = format!("{}.{:04}", digits / 10_000, digits % 10_000);
            if let Some(parsed) = Rate::parse(&rate) {
                let micros = i128::from(parsed.worth(minor).unwrap().get());
                let exact = i128::from(minor) * 10_000 * 10_000;
                prop_assert!(micros * i128::from(digits) <= exact);
                prop_assert!((micros + 1) * i128::from(digits) > exact);
            }
        }
    }
}
