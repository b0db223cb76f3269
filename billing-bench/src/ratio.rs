//! Ratios of measurements, and what they should be.

#![expect(clippy::float_arithmetic, reason = "ratios, for people to read")]

use std::fmt;

use serde::Serialize;

/// The middle of several ratios, and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Ratio {
    /// The first of each pair by the second; pairs that have no ratio are left out. Not a number
    /// where none is left: what was not measured reaches no target.
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        Self::of_all(pairs.iter().map(|(part, whole)| part / whole))
    }

    /// The middle of numbers, and how far they spread.
    pub fn of_all(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers
            .into_iter()
            .filter(|number| number.is_finite())
            .collect();
        numbers.sort_by(f64::total_cmp);
        Self {
            median: median(&numbers),
            low: numbers.first().copied().unwrap_or(f64::NAN),
            high: numbers.last().copied().unwrap_or(f64::NAN),
        }
    }

    /// Whether anything was measured.
    pub fn is_known(self) -> bool {
        self.median.is_finite()
    }
}

/// Of sorted numbers.
fn median(sorted: &[f64]) -> f64 {
    let upper = sorted.get(sorted.len() / 2);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2);
    match (lower, upper) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => f64::NAN,
    }
}

impl Target {
    pub fn is_reached_by(self, ratio: Ratio) -> bool {
        match self {
            Self::AtLeast(least) => ratio.median >= least,
            Self::AtMost(most) => ratio.median <= most,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_its_pairs_with_their_spread() {
        let ratio = Ratio::of(&[(3.0, 1.0), (1.0, 1.0), (10.0, 5.0)]);
        let expected = Ratio {
            median: 2.0,
            low: 1.0,
            high: 3.0,
        };
        assert_eq!(ratio, expected);
        let even = Ratio::of(&[(1.0, 1.0), (2.0, 1.0)]);
        assert!((even.median - 1.5).abs() < 1e-9, "{even:?}");
    }

    #[test]
    fn what_was_not_measured_reaches_no_target() {
        for pairs in [&[][..], &[(1.0, 0.0)]] {
            let ratio = Ratio::of(pairs);
            assert!(!ratio.is_known());
            for target in [Target::AtLeast(0.0), Target::AtMost(9.0)] {
                assert!(!target.is_reached_by(ratio), "{pairs:?} {target}");
            }
        }
    }
}
