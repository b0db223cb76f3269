//! What terms of a price are, whoever gives them.

use super::{UnitPrice, least_common_multiple};
use crate::field::{self, FieldError};

pub const TOOL_BYTES: usize = 128;

pub fn parse_free_calls(number: i64) -> Result<i32, FieldError> {
    let number = field::number("free_calls_per_day", number, 0, 1_000_000)?;
    Ok(i32::try_from(number).unwrap_or_default())
}

/// Of unit, micros, and the units that cost those.
pub fn parse_unit_prices(
    unit_prices: Vec<(String, i64, i64)>,
) -> Result<Vec<UnitPrice>, FieldError> {
    if unit_prices.len() > 16 {
        return Err(FieldError::new("unit_prices", "must be at most 16"));
    }
    let mut parsed = Vec::with_capacity(unit_prices.len());
    for (unit, amount_micros, per_units) in unit_prices {
        parsed.push(UnitPrice {
            unit: field::identifier("unit_prices.unit", unit, 64)?,
            amount: field::amount("unit_prices.amount_micros", amount_micros)?,
            per_units: field::number("unit_prices.per_units", per_units, 1, 1_000_000_000_000)?,
        });
    }
    parsed.sort_by(|a, b| a.unit.cmp(&b.unit));
    if parsed
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.unit == b.unit))
    {
        return Err(FieldError::new(
            "unit_prices.unit",
            "must not be given twice",
        ));
    }
    if least_common_multiple(parsed.iter().map(|price| price.per_units)).is_none() {
        return Err(FieldError::new(
            "unit_prices.per_units",
            "must have a least common multiple of at most 10^12 together",
        ));
    }
    Ok(parsed)
}
