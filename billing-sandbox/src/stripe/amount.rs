//! What Stripe takes: in which currencies, and how much.

use super::wire::error::ApiError;
use crate::currency::Currency;

/// The most that can be charged, in minor units of any currency.
const MAXIMUM: i64 = 99_999_999;

pub fn parse_currency(code: &str) -> Result<Currency, ApiError> {
    Currency::of(code).ok_or_else(|| {
        let codes: Vec<&str> = Currency::all().iter().map(|known| known.code).collect();
        let message = format!(
            "Invalid currency: {}. Stripe currently supports these currencies: {}",
            code.to_lowercase(),
            codes.join(", ")
        );
        ApiError::invalid(message).param("currency")
    })
}

/// Refuses what is too little or too much to be charged.
pub fn check_charge(currency: Currency, amount: i64) -> Result<(), ApiError> {
    if amount < 1 {
        let error = ApiError::invalid("This value must be greater than or equal to 1.");
        return Err(error.code("parameter_invalid_integer").param("amount"));
    }
    if amount < currency.minimum {
        let message = format!(
            "Amount must be at least {}",
            currency.show(currency.minimum)
        );
        return Err(ApiError::invalid(message)
            .code("amount_too_small")
            .param("amount"));
    }
    if amount > MAXIMUM {
        let message = format!("Amount must be no more than {}", currency.show(MAXIMUM));
        return Err(ApiError::invalid(message)
            .code("amount_too_large")
            .param("amount"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check_charge, parse_currency};

    #[test]
    fn less_than_half_a_dollar_is_refused() {
        let usd = parse_currency("usd").unwrap();
        assert!(check_charge(usd, 50).is_ok());
        let error = check_charge(usd, 49).unwrap_err().body("req_1");
        assert_eq!(error.pointer("/error/code").unwrap(), "amount_too_small");
    }
}
