//! Currencies: what can be paid in, and the least that Stripe takes.

/// A currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217, lower case, as Stripe writes it.
    pub code: &'static str,
    /// How many digits its minor unit has.
    digits: u32,
    /// The least that Stripe charges, in minor units.
    pub minimum: i64,
    symbol: &'static str,
}

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
    /// Every currency.
    pub fn all() -> &'static [Self] {
        &CURRENCIES
    }

    pub fn of(code: &str) -> Option<Self> {
        let known = CURRENCIES
            .iter()
            .find(|currency| currency.code.eq_ignore_ascii_case(code));
        known.copied()
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
        let show = |code, amount| Currency::of(code).unwrap().show(amount);
        assert_eq!(show("USD", 1_205), "$12.05 usd");
        assert_eq!(show("usd", -5), "-$0.05 usd");
        assert_eq!(show("jpy", 50), "¥50 jpy");
    }
}
