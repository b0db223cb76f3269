//! The shown rate: the newest stored rate of the hryvnia, and what an amount is at it. For display, never for
//! booking.

use billing_proto::v1::{ExchangeRate, GetRateRequest};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

use crate::causes::causes;
use crate::core::{Core, written};
use crate::currency::{Amount, UAH};
use crate::problem::ApiError;

/// The digits that the contract takes before the point and behind it.
const WHOLE_DIGITS: usize = 6;
const DECIMALS: usize = 8;
/// Micros of a dollar times 10^-8 hryvnias, in kopiykas.
const PER_KOPIYKA: i128 = 1_000_000_000_000;

/// How many hryvnias a dollar costs; more than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// As a JSON number.
    text: String,
    /// In 10^-8 hryvnias.
    scaled: i64,
}

/// The rate at which a person is shown amounts, where it comes from, and how old it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownRate {
    /// Hryvnias for one US dollar.
    rate: Rate,
    /// Where it comes from: `nbu`, `static`.
    #[schema(example = "nbu")]
    source: String,
    /// When the source was last asked with success, RFC 3339.
    #[schema(format = DateTime)]
    fetched_at: String,
}

impl Rate {
    /// Reads a decimal such as `41.2345`, without sign or exponent. None where it is none, is 0, or
    /// has more digits than the contract takes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        if whole.len() > WHOLE_DIGITS || fraction.len() > DECIMALS {
            return None;
        }
        let scaled: i64 = format!("{whole}{fraction:0<DECIMALS$}").parse().ok()?;
        let text = match text.split_once('.') {
            Some((_, fraction)) => format!("{whole}.{fraction}"),
            None => whole.to_owned(),
        };
        (scaled > 0).then_some(Self { text, scaled })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What an amount of dollars is in hryvnias, to the kopiyka; a half goes to the even one. None
    /// where that is out of range.
    pub(crate) fn uah(&self, usd_micros: i64) -> Option<Amount> {
        let exact = i128::from(usd_micros).checked_mul(i128::from(self.scaled))?;
        let (floor, rest) = (exact.div_euclid(PER_KOPIYKA), exact.rem_euclid(PER_KOPIYKA));
        let is_up = match rest.checked_mul(2)?.cmp(&PER_KOPIYKA) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => floor.rem_euclid(2) == 1,
            std::cmp::Ordering::Greater => true,
        };
        let kopiykas = floor.checked_add(i128::from(is_up))?;
        UAH.amount(i64::try_from(kopiykas).ok()?)
    }
}

/// The shown rate; none where none was ever stored. An amount in dollars is worth showing without one, so that
/// a rate that cannot be read is no more than logged.
pub(crate) async fn shown(core: &Core) -> Result<Option<(Rate, ShownRate)>, ApiError> {
    let request = GetRateRequest {
        currency: UAH.code.to_owned(),
    };
    match core.get_rate(request).await {
        Ok(answer) => answer.rate.map(read).transpose(),
        Err(error) => {
            tracing::warn!(error = %causes(&error), "rate not read");
            Ok(None)
        }
    }
}

fn read(rate: ExchangeRate) -> Result<(Rate, ShownRate), ApiError> {
    let read = Rate::parse(&rate.rate).ok_or_else(|| ApiError::fault("a rate is no rate"))?;
    let shown = ShownRate {
        rate: read.clone(),
        source: rate.source,
        fetched_at: written(rate.fetched_at.as_ref())?
            .ok_or_else(|| ApiError::fault("a rate has no time"))?,
    };
    Ok((read, shown))
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text.clone())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl utoipa::PartialSchema for Rate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::Custom("decimal".to_owned())))
            .description(Some(
                "Read the number as text: it has up to eight decimals.",
            ))
            .into()
    }
}

impl ToSchema for Rate {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Rate;

    fn uah(rate: &str, micros: i64) -> String {
        let rate = Rate::parse(rate).unwrap();
        rate.uah(micros)
            .map_or("none".to_owned(), |uah| uah.to_string())
    }

    #[test]
    fn a_rate_is_a_plain_decimal_above_zero() {
        for (text, read) in [
            ("41.2345", "41.2345"),
            ("41", "41"),
            ("0041.50", "41.50"),
            ("0.00000001", "0.00000001"),
            ("999999.99999999", "999999.99999999"),
        ] {
            assert_eq!(Rate::parse(text).unwrap().as_str(), read);
        }
        for text in [
            "",
            "0",
            "0.0",
            "-1",
            "+1",
            "1e2",
            "1.",
            ".5",
            "1.2.3",
            "41,5",
            "\"41\"",
            "1000000",
            "1.123456789",
            " 1",
            "1_0",
        ] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn figures_are_rounded_to_the_kopiyka_and_halves_to_the_even_one() {
        for (rate, micros, expected) in [
            ("41.5", 24_650_000, "1022.98"), // 1022.975, to the even 98
            ("41.5", 10_000_000, "415"),
            ("1", 5_000, "0"),     // 0.005
            ("1", 15_000, "0.02"), // 0.015
            ("1", 5_001, "0.01"),
            ("1", -5_000, "0"),
            ("1", -15_000, "-0.02"),
            ("1", -5_001, "-0.01"),
            ("41.2345", 1, "0"),
            ("999999.99999999", i64::MAX, "none"),
        ] {
            assert_eq!(uah(rate, micros), expected, "{micros} at {rate}");
        }
    }

    proptest! {
        #[test]
        fn a_figure_is_never_further_off_than_half_a_kopiyka(
            micros in -1_000_000_000_000i64..1_000_000_000_000, scaled in 1i64..10_000_000_000,
        ) {
            let text = format!("{}.{:08}", scaled / 100_000_000, scaled % 100_000_000);
            let shown = uah(&text, micros);
            let kopiykas = crate::usd::Usd::parse(&shown).unwrap().micros() / 10_000;
            let off = i128::from(kopiykas) * 1_000_000_000_000
                - i128::from(micros) * i128::from(scaled);
            prop_assert!(off.abs() * 2 <= 1_000_000_000_000, "{shown}");
        }
    }
}
