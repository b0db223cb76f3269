//! Currencies: what can be paid in, and the least that Stripe takes.

use crate::wire::error::ApiError;

/// A currency that Stripe takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217, lower case, as Stripe writes it.
    pub code: &'static str,
    /// How many digits its minor unit has.
    digits: u32,
    /// The least that can be charged, in minor units.
    minimum: i64,
    symbol: &'static str,
}

/// The most that can be charged, in minor units of any currency.
const MAXIMUM: i64 = 99_999_999;

const fn currency(code: &'static str, digits: u32, minimum: i64, symbol: &'static str) -> Currency {
    Currency {
        code,
        digits,
        minimum,
        symbol,
    }
}

/// The minimums are those of <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>.
/// UAH has none there; this is about half a dollar, as for every other currency.
const CURRENCIES: [Currency; 22] = [
    currency("usd", 2, 50, "$"),
    currency("aed", 2, 200, ""),
    currency("aud", 2, 50, "A$"),
    currency("bgn", 2, 100, ""),
    currency("brl", 2, 50, "R$"),
    currency("cad", 2, 50, "CA$"),
    currency("chf", 2, 50, ""),
    currency("czk", 2, 1_500, ""),
    currency("dkk", 2, 250, ""),
    currency("eur", 2, 50, "€"),
    currency("gbp", 2, 30, "£"),
    currency("hkd", 2, 400, "HK$"),
    currency("huf", 2, 17_500, ""),
    currency("inr", 2, 50, "₹"),
    currency("jpy", 0, 50, "¥"),
    currency("nok", 2, 300, ""),
    currency("nzd", 2, 50, "NZ$"),
    currency("pln", 2, 200, ""),
    currency("ron", 2, 200, ""),
    currency("sek", 2, 300, ""),
    currency("sgd", 2, 50, "S$"),
    currency("uah", 2, 2_000, "₴"),
];

impl Currency {
    pub fn parse(code: &str) -> Result<Self, ApiError> {
        let known = CURRENCIES
            .iter()
            .find(|currency| currency.code.eq_ignore_ascii_case(code));
        known.copied().ok_or_else(|| {
            let codes: Vec<&str> = CURRENCIES.iter().map(|currency| currency.code).collect();
            let message = format!(
                "Invalid currency: {}. Stripe currently supports these currencies: {}",
                code.to_lowercase(),
                codes.join(", ")
            );
            ApiError::invalid(message).param("currency")
        })
    }

    /// Refuses what is too little or too much to be charged.
    pub fn check_charge(self, amount: i64) -> Result<(), ApiError> {
        if amount < 1 {
            let error = ApiError::invalid("This value must be greater than or equal to 1.");
            return Err(error.code("parameter_invalid_integer").param("amount"));
        }
        if amount < self.minimum {
            let message = format!("Amount must be at least {}", self.show(self.minimum));
            return Err(ApiError::invalid(message)
                .code("amount_too_small")
                .param("amount"));
        }
        if amount > MAXIMUM {
            let message = format!("Amount must be no more than {}", self.show(MAXIMUM));
            return Err(ApiError::invalid(message)
                .code("amount_too_large")
                .param("amount"));
        }
        Ok(())
    }

    /// As a person reads it: `$12.50 usd`.
    pub fn show(self, amount: i64) -> String {
        format!("{} {}", self.show_short(amount), self.code)
    }

    /// As a person reads it: `$12.50`.
    pub fn show_short(self, amount: i64) -> String {
        let sign = if amount < 0 { "-" } else { "" };
        let unit = 10_u64.pow(self.digits);
        let magnitude = amount.unsigned_abs();
        let symbol = self.symbol;
        let (whole, part) = (magnitude / unit, magnitude % unit);
        if self.digits == 0 {
            return format!("{sign}{symbol}{whole}");
        }
        format!("{sign}{symbol}{whole}.{part:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Currency;

    #[test]
    fn amounts_are_shown_in_the_digits_of_their_currency() {
        let show = |code, amount| Currency::parse(code).unwrap().show(amount);
        assert_eq!(show("USD", 1_205), "$12.05 usd");
        assert_eq!(show("usd", -5), "-$0.05 usd");
        assert_eq!(show("jpy", 50), "¥50 jpy");
    }

    #[test]
    fn less_than_half_a_dollar_is_refused() {
        let usd = Currency::parse("usd").unwrap();
        assert!(usd.check_charge(50).is_ok());
        let error = usd.check_charge(49).unwrap_err().body("req_1");
        assert_eq!(error.pointer("/error/code").unwrap(), "amount_too_small");
    }
}
