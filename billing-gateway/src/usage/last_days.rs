//! So many of the account's days, the present one included.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::time_zone;
use crate::auth::Caller;
use crate::core::Core;
use crate::problem::ApiError;

#[derive(Clone, Debug)]
pub(super) struct LastDays {
    /// Oldest first.
    pub dates: Vec<Date>,
    /// The beginning of the first of them.
    pub from: Timestamp,
    pub to: Timestamp,
}

impl LastDays {
    pub(super) async fn of(core: &Core, caller: &Caller, number: i32) -> Result<Self, ApiError> {
        let zone = time_zone(core, caller).await?;
        Self::until(Timestamp::now(), &zone, number).map_err(ApiError::fault)
    }

    fn until(now: Timestamp, zone: &TimeZone, number: i32) -> Result<Self, jiff::Error> {
        let today = zone.to_datetime(now).date();
        let dates = (0..number)
            .rev()
            .map(|ago| today.checked_sub(ago.days()))
            .collect::<Result<Vec<_>, _>>()?;
        let first = dates.first().copied().unwrap_or(today);
        Ok(Self {
            from: first.to_zoned(zone.clone())?.timestamp(),
            to: now,
            dates,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::LastDays;

    #[test]
    fn the_days_are_the_accounts_and_each_comes_once_also_where_clocks_change() {
        let zone = TimeZone::get("Europe/Kyiv").unwrap();
        let now = "2026-10-26T22:30:00Z".parse().unwrap();
        let days = LastDays::until(now, &zone, 3).unwrap();
        let dates: Vec<_> = days.dates.iter().map(ToString::to_string).collect();
        assert_eq!(dates, ["2026-10-25", "2026-10-26", "2026-10-27"]);
        assert_eq!(days.from.to_string(), "2026-10-24T21:00:00Z");
        let one = LastDays::until(now, &zone, 1).unwrap();
        assert_eq!(one.from.to_string(), "2026-10-26T22:00:00Z");
    }
}
