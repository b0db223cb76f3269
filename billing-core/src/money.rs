//! Money: integer micros of the account's currency, and nothing else.

use std::fmt;

/// A signed amount in micros (1 USD = 1,000,000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(i64);

/// The result did not fit in an `i64` of micros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("amount does not fit in 64 bits of micros")]
pub struct Overflow;

impl Micros {
    pub const ZERO: Self = Self(0);
    /// The largest amount that a request may name: a billion units of the currency.
    pub const MAX_AMOUNT: Self = Self(1_000_000_000_000_000);

    pub const fn new(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    pub fn negated(self) -> Result<Self, Overflow> {
        Self::ZERO.minus(self)
    }

    /// The amount, or 0 where it is negative.
    #[must_use]
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} micros", self.0)
    }
}
