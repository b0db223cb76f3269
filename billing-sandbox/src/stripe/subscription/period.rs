//! Months as Stripe counts them.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// So many months after the anchor, at its time of day in UTC. A month without the anchor's day gives its
/// last one, and the month after it the anchor's day again: each is counted from the anchor.
pub fn months_after(anchor: i64, months: i32) -> i64 {
    let counted = || {
        let anchor = Timestamp::from_second(anchor)?.to_zoned(TimeZone::UTC);
        anchor.checked_add(Span::new().try_months(months)?)
    };
    // Beyond the calendar's end nothing is ever due.
    counted().map_or(i64::MAX, |day| day.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::months_after;

    #[test]
    fn an_anchor_on_the_31st_comes_back_to_it_after_each_shorter_month() {
        let anchor: Timestamp = "2027-10-31T23:59:58Z".parse().unwrap();
        let days: Vec<String> = (1..=6)
            .map(|months| months_after(anchor.as_second(), months))
            .map(|second| Timestamp::from_second(second).unwrap().to_string())
            .collect();
        let expected = [
            "2027-11-30T23:59:58Z",
            "2027-12-31T23:59:58Z",
            "2028-01-31T23:59:58Z",
            "2028-02-29T23:59:58Z",
            "2028-03-31T23:59:58Z",
            "2028-04-30T23:59:58Z",
        ];
        assert_eq!(days, expected);
    }
}
