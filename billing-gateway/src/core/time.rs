//! Times as the core sends them and as the REST surface writes them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::problem::ApiError;

/// RFC 3339, in UTC. The core never sends what this refuses.
pub(crate) fn written(time: Option<&prost_types::Timestamp>) -> Result<Option<String>, ApiError> {
    time.map(|time| {
        Timestamp::new(time.seconds, time.nanos)
            .map(|time| time.to_string())
            .map_err(ApiError::fault)
    })
    .transpose()
}

pub(crate) fn sent(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}

/// A time in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    At(Timestamp),
    /// The beginning of that day, in a time zone that is not known yet.
    StartOf(Date),
}

impl Bound {
    /// Reads RFC 3339 or YYYY-MM-DD.
    pub(crate) fn parse(field: &'static str, text: &str) -> Result<Self, ApiError> {
        let is_day = text.len() == "2026-11-21".len();
        let read = if is_day {
            text.parse().map(Self::StartOf)
        } else {
            text.parse().map(Self::At)
        };
        read.map_err(|_not_a_time| {
            ApiError::invalid(field, "must be an RFC 3339 time or a day, YYYY-MM-DD")
        })
    }

    pub(crate) fn is_day(self) -> bool {
        matches!(self, Self::StartOf(_))
    }

    pub(crate) fn resolve(
        self,
        field: &'static str,
        zone: &TimeZone,
    ) -> Result<Timestamp, ApiError> {
        match self {
            Self::At(time) => Ok(time),
            Self::StartOf(day) => day
                .to_zoned(zone.clone())
                .map(|zoned| zoned.timestamp())
                .map_err(|_out_of_range| ApiError::invalid(field, "is out of range")),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Bound, written};

    fn resolved(text: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let bound = Bound::parse("from", text).unwrap();
        bound.resolve("from", &zone).unwrap().to_string()
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_accounts_zone() {
        assert_eq!(resolved("2026-11-21", "UTC"), "2026-11-21T00:00:00Z");
        assert_eq!(
            resolved("2026-11-21", "Europe/Kyiv"),
            "2026-11-20T22:00:00Z"
        );
        assert_eq!(
            resolved("2026-07-21", "Europe/Kyiv"),
            "2026-07-20T21:00:00Z"
        );
    }

    #[test]
    fn a_time_is_the_same_in_every_zone() {
        let time = "2026-11-21T12:00:00+02:00";
        assert_eq!(resolved(time, "Europe/Kyiv"), "2026-11-21T10:00:00Z");
        assert_eq!(resolved(time, "UTC"), "2026-11-21T10:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "21.11.2026",
            "1763683200",
        ] {
            assert!(Bound::parse("from", text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        let time = prost_types::Timestamp {
            seconds: 1_763_683_200,
            nanos: 500_000_000,
        };
        assert_eq!(
            written(Some(&time)).unwrap().unwrap(),
            "2025-11-21T00:00:00.5Z"
        );
        assert_eq!(written(None).unwrap(), None);
    }
}
