//! Local days and months: when a limit's period began and when it ends.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The local day of a moment in one zone, and when that day and its month end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDay {
    pub date: Date,
    pub day_ends_at: Timestamp,
    pub month_ends_at: Timestamp,
}

/// One moment, seen from the zones that are asked about. A batch asks about the same few zones
/// many times.
#[derive(Clone, Debug)]
pub struct LocalTime {
    now: Timestamp,
    seen: Vec<(String, LocalDay)>,
}

impl LocalTime {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            seen: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the local day in `zone` began, and its month.
    pub fn began(&self, zone: &str) -> (Timestamp, Timestamp) {
        let zone = time_zone(zone);
        let today = zone.to_datetime(self.now).date();
        let first = |date| first_moment(Ok(date), &zone);
        (first(today), first(today.first_of_month()))
    }

    /// When a given day, and its month, end in `zone`.
    pub fn ends_of(&mut self, date: Date, zone: &str) -> LocalDay {
        let today = self.day_in(zone);
        if date == today.date {
            today
        } else {
            day_of(date, &time_zone(zone))
        }
    }

    /// The local day in `zone`. A name that is no zone any more counts as UTC: names are checked
    /// when they are set, and a decision must not fail on an older zone database.
    pub fn day_in(&mut self, zone: &str) -> LocalDay {
        if let Some((_, day)) = self.seen.iter().find(|(name, _)| name == zone) {
            return *day;
        }
        let time_zone = time_zone(zone);
        let day = day_of(time_zone.to_datetime(self.now).date(), &time_zone);
        self.seen.push((zone.to_owned(), day));
        day
    }
}

fn time_zone(name: &str) -> TimeZone {
    if name == "UTC" {
        return TimeZone::UTC;
    }
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// What zone databases hold besides zones: the machine's own, and no zone at all.
const NO_ZONES: [&str; 3] = ["localtime", "posixrules", "Factory"];

/// Whether `zone` is a name that limits can follow, spelt as IANA does: an area and a place, or one of
/// the old short ones, such as `GMT` and `CET`.
pub fn is_zone(zone: &str) -> bool {
    let named = |found: TimeZone| found.iana_name() == Some(zone);
    zone == "UTC"
        || (!NO_ZONES.contains(&zone)
            && !zone.starts_with("posix/")
            && !zone.starts_with("right/")
            && TimeZone::get(zone).is_ok_and(named))
}

/// Where midnight does not exist, a day begins with the first moment after the gap.
fn first_moment(date: Result<Date, jiff::Error>, zone: &TimeZone) -> Timestamp {
    date.and_then(|date| zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())))
        .unwrap_or(Timestamp::MAX)
}

fn day_of(date: Date, zone: &TimeZone) -> LocalDay {
    let starts = |date| first_moment(date, zone);
    LocalDay {
        date,
        day_ends_at: starts(date.checked_add(1.day())),
        month_ends_at: starts(date.last_of_month().checked_add(1.day())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(now: &str, zone: &str) -> (String, String, String) {
        let day = LocalTime::new(now.parse().unwrap()).day_in(zone);
        (
            day.date.to_string(),
            day.day_ends_at.to_string(),
            day.month_ends_at.to_string(),
        )
    }

    fn texts(date: &str, day_end: &str, month_end: &str) -> (String, String, String) {
        (date.to_owned(), day_end.to_owned(), month_end.to_owned())
    }

    #[test]
    fn a_day_in_kyiv_has_23_hours_in_march_and_25_in_october() {
        assert_eq!(
            day("2026-03-28T22:00:00Z", "Europe/Kyiv"),
            texts("2026-03-29", "2026-03-29T21:00:00Z", "2026-03-31T21:00:00Z")
        );
        assert_eq!(
            day("2026-10-24T21:00:00Z", "Europe/Kyiv"),
            texts("2026-10-25", "2026-10-25T22:00:00Z", "2026-10-31T22:00:00Z")
        );
    }

    #[test]
    fn a_day_without_a_midnight_begins_after_the_gap() {
        // Cairo springs forward at midnight on the last Friday of April: 2026-04-24 begins at 01:00.
        assert_eq!(
            day("2026-04-23T20:00:00Z", "Africa/Cairo"),
            texts("2026-04-23", "2026-04-23T22:00:00Z", "2026-04-30T21:00:00Z")
        );
    }

    #[test]
    fn a_month_ends_with_the_year() {
        assert_eq!(
            day("2026-12-31T23:59:59.999999Z", "UTC"),
            texts("2026-12-31", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
        );
    }

    #[test]
    fn only_zone_names_are_zones() {
        assert!(is_zone("Europe/Kyiv"));
        for short in ["UTC", "GMT", "CET", "EET", "EST5EDT", "Etc/GMT+3", "Zulu"] {
            assert!(is_zone(short), "{short}");
        }
        for wrong in [
            "",
            "Europe/Atlantis",
            "../etc/passwd",
            "+02:00",
            "posixrules",
            "Factory",
            "localtime",
            "gmt",
            "GMT+3",
            "right/Europe/Kyiv",
            "utc",
            "europe/kyiv",
        ] {
            assert!(!is_zone(wrong), "{wrong}");
        }
    }
}
