//! Currencies that payments are made in. A new one is a line here; what is missing for it elsewhere does
//! not compile, but its member of the bodies (`payment/create.rs`, `payment/refund.rs`) and its rate.

use std::fmt;

use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

use crate::usd::Usd;

/// A currency, and how its amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    /// ISO 4217, upper case.
    pub code: &'static str,
    /// The member of a body that holds an amount of it.
    pub amount_field: &'static str,
    /// What one minor unit is, in millionths of the currency's unit.
    micros_per_minor: i64,
}

/// US dollars, in cents.
pub(crate) const USD: Currency = Currency {
    code: "USD",
    amount_field: "amount_usd",
    micros_per_minor: 10_000,
};

/// Hryvnias, in kopiykas.
pub(crate) const UAH: Currency = Currency {
    code: "UAH",
    amount_field: "amount_uah",
    micros_per_minor: 10_000,
};

/// An amount in the currency that stands beside it, written as a JSON number like a [`Usd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(Usd);

impl Currency {
    /// Every currency.
    pub(crate) const ALL: [Self; 2] = [USD, UAH];

    /// The currency with this code, where payments can be made in it.
    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code == code)
    }

    /// None where the amount is out of range.
    pub(crate) fn amount(self, minor: i64) -> Option<Amount> {
        Some(Amount(Usd::from_micros(self.micros(minor)?)))
    }

    /// Millionths of the currency's unit; none where that is out of range.
    pub(crate) fn micros(self, minor: i64) -> Option<i64> {
        minor.checked_mul(self.micros_per_minor)
    }

    /// Minor units; none where that would round.
    pub(crate) fn minor(self, micros: i64) -> Option<i64> {
        (micros.checked_rem(self.micros_per_minor)? == 0)
            .then(|| micros.checked_div(self.micros_per_minor))?
    }
}

/// An amount of dollars, which may be finer than a cent.
impl From<Usd> for Amount {
    fn from(amount: Usd) -> Self {
        Self(amount)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl utoipa::PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::Custom("decimal".to_owned())))
            .description(Some(
                "An amount in the payment's currency. Read the number as text: a binary float \
                 cannot hold every amount.",
            ))
            .into()
    }
}

impl utoipa::ToSchema for Amount {}

#[cfg(test)]
mod tests {
    use super::{Currency, UAH, USD};

    #[test]
    fn cents_become_dollars_and_back_without_rounding() {
        assert_eq!(USD.amount(1_234).unwrap().to_string(), "12.34");
        assert_eq!(USD.amount(1_200).unwrap().to_string(), "12");
        assert_eq!(USD.amount(i64::MAX), None);
        assert_eq!(USD.minor(12_340_000), Some(1_234));
        assert_eq!(USD.minor(12_345_000), None);
    }

    #[test]
    fn only_currencies_that_are_known_have_amounts() {
        assert_eq!(Currency::of("USD"), Some(USD));
        assert_eq!(Currency::of("UAH"), Some(UAH));
        assert_eq!(Currency::of("usd"), None);
        assert_eq!(Currency::of("XTS"), None);
    }
}
