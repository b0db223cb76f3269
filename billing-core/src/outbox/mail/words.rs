//! How the two languages write amounts, dates and numbers of things.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Between groups of digits, and before a currency's sign: no line may break there.
const NO_BREAK_SPACE: char = '\u{a0}';
const MINUS: &str = "\u{2212}";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// In the genitive, as they stand behind a day.
const MONTHS_UK: [&str; 12] = [
    "січня",
    "лютого",
    "березня",
    "квітня",
    "травня",
    "червня",
    "липня",
    "серпня",
    "вересня",
    "жовтня",
    "листопада",
    "грудня",
];

/// A language that mail is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Ukrainian,
}

/// Millionths of a currency's unit, and the currency by its ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    pub micros: i64,
    pub currency: String,
}

impl Language {
    /// English for whoever wants none of the others.
    pub fn of(locale: &str) -> Self {
        match locale {
            "uk" => Self::Ukrainian,
            _ => Self::English,
        }
    }

    /// BCP 47; also the folder of the language's templates.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Ukrainian => "uk",
        }
    }

    /// In whole cents, rounded down: no mail tells of more than there is. Less than a cent is
    /// written in full.
    pub fn amount(self, amount: &Amount) -> String {
        let (units, fraction) = digits(amount.micros);
        let sign = if amount.micros < 0 { MINUS } else { "" };
        let symbol = symbol(&amount.currency);
        match self {
            Self::English => {
                let number = format!("{}.{fraction}", grouped(units, ','));
                match symbol {
                    Some(symbol) => format!("{sign}{symbol}{number}"),
                    None => format!("{sign}{number}{NO_BREAK_SPACE}{}", amount.currency),
                }
            }
            Self::Ukrainian => {
                let number = format!("{},{fraction}", grouped(units, NO_BREAK_SPACE));
                let behind = symbol.unwrap_or(&amount.currency);
                format!("{sign}{number}{NO_BREAK_SPACE}{behind}")
            }
        }
    }

    /// As a sentence says it: whole units without cents.
    pub fn short_amount(self, amount: &Amount) -> String {
        let written = self.amount(amount);
        let cents = match self {
            Self::English => ".00",
            Self::Ukrainian => ",00",
        };
        match written.rsplit_once(cents) {
            Some((units, behind)) if amount.micros % 1_000_000 == 0 => format!("{units}{behind}"),
            _ => written,
        }
    }

    /// Day and minute in UTC, and says so.
    pub fn date(self, at: Timestamp) -> String {
        let at = at.to_zoned(TimeZone::UTC);
        let month = usize::from(at.month().unsigned_abs()).saturating_sub(1);
        let (day, year, time) = (at.day(), at.year(), at.strftime("%H:%M UTC"));
        let of = |months: [&'static str; 12]| months.get(month).copied().unwrap_or_default();
        match self {
            Self::English => format!("{day} {} {year}, {time}", of(MONTHS)),
            Self::Ukrainian => format!(
                "{day}{NO_BREAK_SPACE}{} {year}{NO_BREAK_SPACE}р., {time}",
                of(MONTHS_UK)
            ),
        }
    }

    /// Which of a word's forms stands behind a number: one, many; in Ukrainian one, few, many.
    pub const fn form(self, number: u64) -> usize {
        match self {
            Self::English => {
                if number == 1 {
                    0
                } else {
                    1
                }
            }
            Self::Ukrainian => match (number % 10, number % 100) {
                (_, 11..=14) => 2,
                (1, _) => 0,
                (2..=4, _) => 1,
                _ => 2,
            },
        }
    }
}

fn symbol(currency: &str) -> Option<&'static str> {
    match currency {
        "USD" => Some("$"),
        "UAH" => Some("₴"),
        _ => None,
    }
}

/// Whole units, and the digits behind the point.
fn digits(micros: i64) -> (u64, String) {
    let size = micros.unsigned_abs();
    if size > 0 && size < 10_000 {
        let fraction = format!("{size:06}");
        return (0, fraction.trim_end_matches('0').to_owned());
    }
    let cents = micros.div_euclid(10_000).unsigned_abs();
    (cents / 100, format!("{:02}", cents % 100))
}

fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(language: Language, micros: i64, currency: &str) -> String {
        let amount = Amount {
            micros,
            currency: currency.to_owned(),
        };
        // For the eye.
        language
            .amount(&amount)
            .replace(NO_BREAK_SPACE, "_")
            .replace(MINUS, "-")
    }

    #[test]
    fn amounts_are_written_as_each_language_does() {
        for (micros, currency, english, ukrainian) in [
            (10_500_000, "USD", "$10.50", "10,50_$"),
            (1_234_500_000, "UAH", "₴1,234.50", "1_234,50_₴"),
            (
                1_000_000_000_000_000,
                "USD",
                "$1,000,000,000.00",
                "1_000_000_000,00_$",
            ),
            (-10_500_000, "USD", "-$10.50", "-10,50_$"),
            (0, "USD", "$0.00", "0,00_$"),
            (999_000_000, "EUR", "999.00_EUR", "999,00_EUR"),
        ] {
            assert_eq!(written(Language::English, micros, currency), english);
            assert_eq!(written(Language::Ukrainian, micros, currency), ukrainian);
        }
    }

    #[test]
    fn a_sentence_says_whole_amounts_without_cents() {
        for (micros, english, ukrainian) in [
            (25_000_000, "$25", "25\u{a0}$"),
            (1_000_000_000, "$1,000", "1\u{a0}000\u{a0}$"),
            (25_500_000, "$25.50", "25,50\u{a0}$"),
            (500, "$0.0005", "0,0005\u{a0}$"),
        ] {
            let amount = Amount {
                micros,
                currency: "USD".to_owned(),
            };
            assert_eq!(Language::English.short_amount(&amount), english);
            assert_eq!(Language::Ukrainian.short_amount(&amount), ukrainian);
        }
    }

    #[test]
    fn an_amount_is_rounded_down_and_less_than_a_cent_is_written_in_full() {
        for (micros, text) in [
            (24_259_999, "$24.25"),
            (-24_251_000, "-$24.26"),
            (9_999, "$0.009999"),
            (-500, "-$0.0005"),
            (i64::MAX, "$9,223,372,036,854.77"),
            (i64::MIN, "-$9,223,372,036,854.78"),
        ] {
            assert_eq!(written(Language::English, micros, "USD"), text);
        }
    }

    #[test]
    fn dates_are_written_as_each_language_does() {
        let at: Timestamp = "2026-11-21T08:05:59Z".parse().unwrap();
        assert_eq!(Language::English.date(at), "21 November 2026, 08:05 UTC");
        assert_eq!(
            Language::Ukrainian.date(at).replace(NO_BREAK_SPACE, " "),
            "21 листопада 2026 р., 08:05 UTC"
        );
    }

    #[test]
    fn numbers_of_things_have_the_right_form() {
        for (number, english, ukrainian) in [
            (0, 1, 2),
            (1, 0, 0),
            (2, 1, 1),
            (4, 1, 1),
            (5, 1, 2),
            (10, 1, 2),
            (11, 1, 2),
            (12, 1, 2),
            (14, 1, 2),
            (20, 1, 2),
            (21, 1, 0),
            (22, 1, 1),
            (25, 1, 2),
            (101, 1, 0),
            (111, 1, 2),
            (1_002, 1, 1),
        ] {
            assert_eq!(Language::English.form(number), english, "{number}");
            assert_eq!(Language::Ukrainian.form(number), ukrainian, "{number}");
        }
    }

    #[test]
    fn who_wants_an_unknown_language_gets_english() {
        assert_eq!(Language::of("uk"), Language::Ukrainian);
        for other in ["en", "", "de", "uk-UA"] {
            assert_eq!(Language::of(other), Language::English);
        }
    }
}
