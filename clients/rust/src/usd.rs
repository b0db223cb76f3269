//! Amounts as callers see them. Money is an integer of micros and never passes through a float.

use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

const DECIMALS: usize = 6;
const MICROS_PER_USD: i64 = 1_000_000;

/// An amount in micros of a US dollar. In JSON it is a number, written digit by digit (`0.25`);
/// shown to people it has at least the cents (`$0.50`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usd(pub i64);

impl Usd {
    /// Sign, whole dollars, and at least `decimals` decimals.
    fn digits(self, decimals: usize) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = (self.0 / MICROS_PER_USD).unsigned_abs();
        let micros = (self.0 % MICROS_PER_USD).unsigned_abs();
        let fraction = format!("{micros:0>DECIMALS$}");
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() && decimals == 0 {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{fraction:0<decimals$}")
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.digits(0))
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits(2);
        match digits.strip_prefix('-') {
            Some(positive) => write!(f, "-${positive}"),
            None => write!(f, "${digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Usd;

    #[test]
    fn an_amount_is_a_number_of_exactly_its_digits() {
        for (micros, json) in [
            (0, "0"),
            (1, "0.000001"),
            (250_000, "0.25"),
            (-250_000, "-0.25"),
            (10_000_000, "10"),
            (1_000_000_000_000_001, "1000000000.000001"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(serde_json::to_string(&Usd(micros)).unwrap(), json);
        }
    }

    #[test]
    fn people_see_the_cents() {
        assert_eq!(Usd(500_000).to_string(), "$0.50");
        assert_eq!(Usd(10_000_000).to_string(), "$10.00");
        assert_eq!(Usd(-1_234_567).to_string(), "-$1.234567");
    }
}
