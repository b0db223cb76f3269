//! USD amounts on the REST surface: JSON numbers that are written and read as text.
//!
//! A JSON number that passes through `f64` may come back as another amount. So an amount is
//! taken from the text of the number, and a text that cannot be kept exactly is refused.

use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

const DECIMALS: usize = 6;
const MICROS_PER_USD: i64 = 1_000_000;

/// An amount of US dollars with up to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usd {
    micros: i64,
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsdError {
    #[error("must be a JSON number, for example 12.5")]
    NotANumber,
    #[error("must be written without an exponent")]
    Exponent,
    #[error("must have at most six decimals")]
    TooManyDecimals,
    #[error("is too large")]
    TooLarge,
}

impl Usd {
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Reads the text of a JSON value. Nothing is rounded: what does not fit is refused.
    pub fn parse(json: &str) -> Result<Self, UsdError> {
        let (negative, digits) = match json.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, json),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !is_number(whole) {
            return Err(UsdError::NotANumber);
        }
        if [whole, fraction]
            .iter()
            .any(|part| part.contains(['e', 'E']))
        {
            return Err(UsdError::Exponent);
        }
        if !is_number(fraction) {
            return Err(UsdError::NotANumber);
        }
        if fraction.len() > DECIMALS {
            return Err(UsdError::TooManyDecimals);
        }
        // All digits by now, so that only the length can be wrong.
        let magnitude: i128 = format!("{whole}{fraction:0<DECIMALS$}")
            .parse()
            .map_err(|_too_long| UsdError::TooLarge)?;
        let signed = if negative { -magnitude } else { magnitude };
        let micros = i64::try_from(signed).map_err(|_too_large| UsdError::TooLarge)?;
        Ok(Self { micros })
    }
}

/// Begins like a number: digits, and perhaps an exponent that is refused by its own name.
fn is_number(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_digit())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'e' | b'E' | b'+' | b'-'))
        && (part.contains(['e', 'E']) || !part.contains(['+', '-']))
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let whole = (self.micros / MICROS_PER_USD).unsigned_abs();
        let fraction = (self.micros % MICROS_PER_USD).unsigned_abs();
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{fraction:0>DECIMALS$}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl utoipa::PartialSchema for Usd {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::Custom("decimal".to_owned())))
            .description(Some(
                "US dollars with up to six decimals. Read and write the number as text: a \
                 binary float cannot hold every amount.",
            ))
            .examples(["12.5", "0.01", "10"].map(number))
            .into()
    }
}

fn number(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}

impl utoipa::ToSchema for Usd {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Usd, UsdError};

    fn micros(json: &str) -> Result<i64, UsdError> {
        Usd::parse(json).map(Usd::micros)
    }

    #[test]
    fn amounts_are_read_to_the_micro() {
        assert_eq!(micros("12.5"), Ok(12_500_000));
        assert_eq!(micros("0.000001"), Ok(1));
        assert_eq!(micros("-0.10"), Ok(-100_000));
        assert_eq!(micros("10"), Ok(10_000_000));
        assert_eq!(micros("0"), Ok(0));
        // 2^53 + 1 micros, which an f64 cannot tell from its neighbour.
        assert_eq!(micros("9007199254.740993"), Ok(9_007_199_254_740_993));
        assert_eq!(micros("9223372036854.775807"), Ok(i64::MAX));
        assert_eq!(micros("-9223372036854.775808"), Ok(i64::MIN));
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused() {
        for text in ["0.0000001", "1.0000000", "1.2345678"] {
            assert_eq!(micros(text), Err(UsdError::TooManyDecimals), "{text}");
        }
        for text in ["1e2", "1E2", "1.5e1", "1e-7", "1.5E+3"] {
            assert_eq!(micros(text), Err(UsdError::Exponent), "{text}");
        }
        for text in [
            "\"12.5\"", "true", "[]", "{}", "", "-", ".5", "1.", "+1", "1 ", "--1", "1-",
        ] {
            assert_eq!(micros(text), Err(UsdError::NotANumber), "{text}");
        }
        for text in ["9223372036854.775808", &"9".repeat(60)] {
            assert_eq!(micros(text), Err(UsdError::TooLarge), "{text}");
        }
    }

    #[test]
    fn amounts_are_written_without_trailing_zeros() {
        let written = [12_500_000, 1, 10_000_000, 0, -100_000, i64::MIN]
            .map(|micros| serde_json::to_string(&Usd::from_micros(micros)).unwrap());
        let expected = [
            "12.5",
            "0.000001",
            "10",
            "0",
            "-0.1",
            "-9223372036854.775808",
        ];
        assert_eq!(written, expected);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_the_same_amount(micros: i64) {
            let written = serde_json::to_string(&Usd::from_micros(micros)).unwrap();
            prop_assert_eq!(Usd::parse(&written), Ok(Usd::from_micros(micros)));
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_an_error(text: String) {
            let _ = Usd::parse(&text);
        }
    }
}
