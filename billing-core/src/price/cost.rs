//! What a use of a tool costs under one version of its price.

use std::collections::BTreeMap;

use super::Terms;
use crate::money::Micros;

/// Why a use cannot be priced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("unit {0:?} is not in the tool's price")]
    UnknownUnit(String),
    #[error("unit {0:?} of the tool's price is missing")]
    MissingUnit(String),
    #[error("the use costs more than an amount may be")]
    TooMuch,
}

/// The cost of `quantities` (none negative) under `terms`: the sum of all parts, rounded up once.
pub fn cost_of(terms: &Terms, quantities: &BTreeMap<String, i64>) -> Result<Micros, PriceError> {
    for unit in quantities.keys() {
        if !terms.unit_prices.iter().any(|price| price.unit == *unit) {
            return Err(PriceError::UnknownUnit(unit.clone()));
        }
    }
    let too_much = PriceError::TooMuch;
    // Common denominator of all parts; SetPrice has bounded it.
    let denominator = least_common_multiple(terms.unit_prices.iter().map(|price| price.per_units))
        .ok_or_else(|| too_much.clone())?;
    let mut whole = i128::from(terms.per_call.get());
    let mut rest = 0_i128;
    for price in &terms.unit_prices {
        let quantity = quantities
            .get(&price.unit)
            .ok_or_else(|| PriceError::MissingUnit(price.unit.clone()))?;
        // Both factors fit in 63 bits, so the product fits.
        let product = i128::from(price.amount.get()) * i128::from(*quantity);
        let per_units = i128::from(price.per_units);
        whole = whole
            .checked_add(product / per_units)
            .ok_or_else(|| too_much.clone())?;
        rest += product % per_units * (denominator / per_units);
    }
    let total = if terms.exempt {
        0
    } else {
        whole + rest / denominator + i128::from(rest % denominator > 0)
    };
    let total = i64::try_from(total).map_err(|_| too_much.clone())?;
    if total > Micros::MAX_AMOUNT.get() {
        return Err(too_much);
    }
    Ok(Micros::new(total))
}

/// The least common multiple of `per_units` (each at least 1), where it is at most 10^12.
pub fn least_common_multiple(per_units: impl Iterator<Item = i64>) -> Option<i128> {
    const MOST: i128 = 1_000_000_000_000;
    let mut multiple = 1_i128;
    for per in per_units {
        let per = i128::from(per);
        multiple = multiple / greatest_common_divisor(multiple, per) * per;
        if multiple > MOST {
            return None;
        }
    }
    Some(multiple)
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::UnitPrice;
    use super::*;

    fn terms(per_call: i64, units: &[(&str, i64, i64)]) -> Terms {
        Terms {
            per_call: Micros::new(per_call),
            unit_prices: units
                .iter()
                .map(|(unit, amount, per_units)| UnitPrice {
                    unit: (*unit).to_owned(),
                    amount: Micros::new(*amount),
                    per_units: *per_units,
                })
                .collect(),
            exempt: false,
            free_calls_per_day: 0,
        }
    }

    fn quantities(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
        of.iter()
            .map(|(unit, n)| ((*unit).to_owned(), *n))
            .collect()
    }

    #[test]
    fn parts_are_added_before_they_are_rounded_up() {
        let price = terms(10, &[("in", 1, 3), ("out", 1, 3)]);
        // 10 + 1/3 + 1/3 is 11, not 12.
        assert_eq!(
            cost_of(&price, &quantities(&[("in", 1), ("out", 1)])),
            Ok(Micros::new(11))
        );
        // 10 + 2/3 + 1/3 is 11 without a rest.
        assert_eq!(
            cost_of(&price, &quantities(&[("in", 2), ("out", 1)])),
            Ok(Micros::new(11))
        );
        assert_eq!(
            cost_of(&price, &quantities(&[("in", 0), ("out", 0)])),
            Ok(Micros::new(10))
        );
    }

    #[test]
    fn fifteen_cents_a_million_tokens_is_exact() {
        let price = terms(0, &[("tokens", 150_000, 1_000_000)]);
        assert_eq!(
            cost_of(&price, &quantities(&[("tokens", 1_000_000)])),
            Ok(Micros::new(150_000))
        );
        assert_eq!(
            cost_of(&price, &quantities(&[("tokens", 1)])),
            Ok(Micros::new(1))
        );
    }

    #[test]
    fn an_unknown_or_missing_unit_is_named() {
        let price = terms(0, &[("tokens", 1, 1)]);
        assert_eq!(
            cost_of(&price, &quantities(&[("tokens", 1), ("bytes", 1)])),
            Err(PriceError::UnknownUnit("bytes".to_owned()))
        );
        assert_eq!(
            cost_of(&price, &quantities(&[])),
            Err(PriceError::MissingUnit("tokens".to_owned()))
        );
    }

    #[test]
    fn an_exempt_tool_costs_nothing_but_its_units_are_still_checked() {
        let price = Terms {
            exempt: true,
            ..terms(5, &[("tokens", 1, 1)])
        };
        assert_eq!(
            cost_of(&price, &quantities(&[("tokens", 9)])),
            Ok(Micros::ZERO)
        );
        assert!(cost_of(&price, &quantities(&[])).is_err());
    }

    #[test]
    fn the_largest_numbers_are_refused_and_do_not_wrap() {
        let price = terms(
            0,
            &[
                ("a", Micros::MAX_AMOUNT.get(), 1),
                ("b", Micros::MAX_AMOUNT.get(), 1),
            ],
        );
        assert_eq!(
            cost_of(&price, &quantities(&[("a", i64::MAX), ("b", i64::MAX)])),
            Err(PriceError::TooMuch)
        );
    }

    proptest! {
        #[test]
        fn the_cost_is_the_exact_sum_rounded_up(
            per_call in 0..1_000_000_i64,
            parts in proptest::collection::vec((0..1_000_000_i64, 1..1000_i64, 0..1_000_000_i64), 0..3),
        ) {
            let names = ["a", "b", "c"];
            let units: Vec<_> = parts.iter().zip(names).map(|((amount, per, _), name)| (name, *amount, *per)).collect();
            let uses: Vec<_> = parts.iter().zip(names).map(|((_, _, n), name)| (name, *n)).collect();
            // One fraction over the product of all denominators, apart from the code under test.
            let product: i128 = parts.iter().map(|(_, per, _)| i128::from(*per)).product();
            let numerator = i128::from(per_call) * product
                + parts.iter().map(|(amount, per, n)| i128::from(*amount) * i128::from(*n) * (product / i128::from(*per))).sum::<i128>();
            let expected = numerator.div_euclid(product) + i128::from(numerator.rem_euclid(product) > 0);
            let cost = cost_of(&terms(per_call, &units), &quantities(&uses)).unwrap();
            prop_assert_eq!(i128::from(cost.get()), expected);
        }
    }
}
