//! Limits at the ends of days and months, and what is given back to which period.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::command::{Overage, Setting, SettingsChange};
use super::super::decide::{Answer, Context, Decision, Refusal, decide};
use super::super::local_time::LocalTime;
use super::super::state::{AccountState, Book};
use super::commands::{capture, charge, hold_id, id, place, post, refund, release, settings};
use crate::money::Micros;
use crate::price::Catalogue;

/// An account in memory whose limits are 100 a day and 250 a month, with 10,000 on it.
struct Account {
    book: Book,
    catalogue: Catalogue,
}

impl Account {
    fn in_zone(zone: &str, now: &str) -> Self {
        let at: Timestamp = now.parse().unwrap();
        let state = AccountState::new(
            Some(Micros::new(100)),
            Some(Micros::new(250)),
            TimeZone::UTC.to_datetime(at).date(),
        );
        let mut account = Self {
            book: Book::new(id("u"), state),
            catalogue: Catalogue::default(),
        };
        let change = SettingsChange {
            time_zone: Some(zone.to_owned()),
            ..SettingsChange::default()
        };
        account.decide(now, &settings("u", change)).unwrap();
        account.decide(now, &post("u", "money", 10_000)).unwrap();
        account
    }

    fn decide(&mut self, now: &str, command: &super::super::Command) -> Result<Answer, Refusal> {
        let mut context = Context {
            catalogue: &self.catalogue,
            catalogue_is_fresh: true,
            enforced: true,
            tells_events: false,
            time: LocalTime::new(now.parse().unwrap()),
        };
        decide(&mut self.book, command, &mut context)
    }

    fn charge(&mut self, now: &str, key: &str, micros: i64) -> Decision {
        self.decide(now, &charge("u", key, micros, Overage::Reject))
            .unwrap()
            .decision
    }

    /// Used of the day and of the month.
    fn used(&self) -> (i64, i64) {
        (
            self.book.account.day_spent.get(),
            self.book.account.month_spent.get(),
        )
    }
}

#[test]
fn a_day_ends_at_local_midnight_and_not_at_utc_midnight() {
    let mut account = Account::in_zone("Europe/Kyiv", "2026-11-10T10:00:00Z");
    assert_eq!(
        account.charge("2026-11-10T10:00:00Z", "a", 100),
        Decision::Allowed
    );
    // 23:59:59.999 and 00:00 in Kyiv, which is two hours ahead.
    assert_eq!(
        account.charge("2026-11-10T21:59:59.999Z", "b", 1),
        Decision::DailyLimitExceeded
    );
    assert_eq!(
        account.charge("2026-11-10T22:00:00Z", "b", 1),
        Decision::Allowed
    );
    assert_eq!(account.used(), (1, 101));
}

#[test]
fn the_day_of_the_spring_change_ends_an_hour_early_and_that_of_autumn_an_hour_late() {
    for (within, after) in [
        ("2026-03-29T20:59:59Z", "2026-03-29T21:00:00Z"),
        ("2026-10-25T21:59:59Z", "2026-10-25T22:00:00Z"),
    ] {
        let mut account = Account::in_zone("Europe/Kyiv", &format!("{}T00:30:00Z", &within[..10]));
        assert_eq!(
            account.charge(&format!("{}T00:30:00Z", &within[..10]), "a", 100),
            Decision::Allowed
        );
        assert_eq!(account.charge(within, "b", 1), Decision::DailyLimitExceeded);
        assert_eq!(account.charge(after, "b", 1), Decision::Allowed);
    }
}

#[test]
fn a_month_ends_with_its_last_local_day() {
    let mut account = Account::in_zone("America/New_York", "2026-11-28T12:00:00Z");
    for (day, key) in [(28, "a"), (29, "b")] {
        let now = format!("2026-11-{day}T12:00:00Z");
        assert_eq!(account.charge(&now, key, 100), Decision::Allowed);
    }
    assert_eq!(
        account.charge("2026-11-30T12:00:00Z", "c", 51),
        Decision::MonthlyLimitExceeded
    );
    let denied = account
        .decide(
            "2026-11-30T12:00:00Z",
            &charge("u", "c", 51, Overage::Reject),
        )
        .unwrap();
    assert_eq!(
        denied.limits.month_ends_at.to_string(),
        "2026-12-01T05:00:00Z"
    );
    assert_eq!(
        account.charge("2026-12-01T04:59:59Z", "c", 51),
        Decision::MonthlyLimitExceeded
    );
    assert_eq!(
        account.charge("2026-12-01T05:00:00Z", "c", 51),
        Decision::Allowed
    );
    assert_eq!(account.used(), (51, 51));
}

#[test]
fn a_hold_counts_where_it_was_placed_and_its_overage_where_it_was_captured() {
    let mut account = Account::in_zone("UTC", "2026-11-30T23:50:00Z");
    let placed = account
        .decide(
            "2026-11-30T23:50:00Z",
            &place("u", "h", hold_id(1), 60, 86_400),
        )
        .unwrap();
    assert_eq!(placed.decision, Decision::Allowed);
    assert_eq!(account.used(), (60, 60));
    let captured = capture("u", hold_id(1), 90, Overage::AllowDebt);
    account.decide("2026-12-01T00:10:00Z", &captured).unwrap();
    assert_eq!(account.used(), (30, 30));
}

#[test]
fn what_comes_back_after_midnight_does_not_enlarge_the_new_day() {
    let mut account = Account::in_zone("UTC", "2026-11-10T12:00:00Z");
    account
        .decide(
            "2026-11-10T12:00:00Z",
            &place("u", "h", hold_id(1), 60, 86_400),
        )
        .unwrap();
    assert_eq!(
        account.charge("2026-11-10T12:00:00Z", "a", 40),
        Decision::Allowed
    );
    // The next day: the month gets it back, the day does not.
    assert_eq!(
        account.charge("2026-11-11T00:00:00Z", "b", 70),
        Decision::Allowed
    );
    account
        .decide("2026-11-11T00:00:01Z", &release("u", hold_id(1)))
        .unwrap();
    assert_eq!(account.used(), (70, 110));
    // Entry 2 is the first charge, of the day before.
    account
        .decide("2026-11-11T00:00:02Z", &refund("u", "r", 2, Some(40)))
        .unwrap();
    assert_eq!(account.used(), (70, 70));
    // Entry 3 is of this day.
    account
        .decide("2026-11-11T00:00:03Z", &refund("u", "s", 3, Some(30)))
        .unwrap();
    assert_eq!(account.used(), (40, 40));
}

#[test]
fn a_refund_of_a_capture_gives_back_its_overage_first() {
    let mut account = Account::in_zone("UTC", "2026-11-10T23:50:00Z");
    account
        .decide(
            "2026-11-10T23:50:00Z",
            &place("u", "h", hold_id(1), 60, 86_400),
        )
        .unwrap();
    account
        .decide(
            "2026-11-11T00:10:00Z",
            &capture("u", hold_id(1), 90, Overage::AllowDebt),
        )
        .unwrap();
    assert_eq!(account.used(), (30, 90));
    for (key, micros, used) in [
        ("r1", 20, (10, 70)),
        ("r2", 20, (0, 50)),
        ("r3", 50, (0, 0)),
    ] {
        account
            .decide("2026-11-11T00:20:00Z", &refund("u", key, 2, Some(micros)))
            .unwrap();
        assert_eq!(account.used(), used, "{key}");
    }
}

#[test]
fn a_change_of_zone_redates_the_sums_and_resets_none() {
    let mut account = Account::in_zone("UTC", "2026-11-30T12:00:00Z");
    assert_eq!(
        account.charge("2026-11-30T12:00:00Z", "a", 100),
        Decision::Allowed
    );
    account
        .decide("2026-11-30T12:00:00Z", &place("u", "h", hold_id(1), 0, 900))
        .unwrap();
    let kiritimati = SettingsChange {
        // There it is the next day, and the next month.
        time_zone: Some("Pacific/Kiritimati".to_owned()),
        ..SettingsChange::default()
    };
    account
        .decide("2026-11-30T12:00:01Z", &settings("u", kiritimati))
        .unwrap();
    assert_eq!(account.used(), (100, 100));
    assert_eq!(
        account.charge("2026-11-30T12:00:02Z", "b", 1),
        Decision::DailyLimitExceeded
    );
    // What was counted before the change still finds its day.
    account
        .decide("2026-11-30T12:00:03Z", &refund("u", "r", 2, Some(100)))
        .unwrap();
    assert_eq!(account.used(), (0, 0));
}

#[test]
fn changing_zones_all_day_gives_no_more_than_a_day_and_a_month() {
    let mut account = Account::in_zone("UTC", "2026-11-30T00:00:00Z");
    let mut allowed = 0;
    // Every hour westward, each time over another midnight; then back to the east, and again.
    for hour in 0..24 {
        let now = format!("2026-11-30T{hour:02}:00:01Z");
        for (n, zone) in [
            format!("Etc/GMT+{}", hour % 12 + 1),
            format!("Etc/GMT-{}", hour % 14 + 1),
            "Pacific/Kiritimati".to_owned(),
            "Etc/GMT+12".to_owned(),
        ]
        .into_iter()
        .enumerate()
        {
            let change = SettingsChange {
                time_zone: Some(zone),
                ..SettingsChange::default()
            };
            account.decide(&now, &settings("u", change)).unwrap();
            let key = format!("{hour}-{n}");
            if account.charge(&now, &key, 100) == Decision::Allowed {
                allowed += 1;
            }
        }
    }
    assert_eq!((allowed, account.book.account.period.day_no), (1, 1));
}

#[test]
fn after_a_change_to_the_west_the_day_ends_when_it_would_have_begun_anew() {
    let mut account = Account::in_zone("Europe/Kyiv", "2026-11-10T12:00:00Z");
    // There it is the 11th; in New York still the 10th.
    assert_eq!(
        account.charge("2026-11-10T23:00:00Z", "a", 100),
        Decision::Allowed
    );
    let change = SettingsChange {
        time_zone: Some("America/New_York".to_owned()),
        ..SettingsChange::default()
    };
    account
        .decide("2026-11-10T23:00:00Z", &settings("u", change))
        .unwrap();
    let denied = account
        .decide(
            "2026-11-11T06:00:00Z",
            &charge("u", "b", 1, Overage::Reject),
        )
        .unwrap();
    assert_eq!(denied.decision, Decision::DailyLimitExceeded);
    assert_eq!(
        denied.limits.day_ends_at.to_string(),
        "2026-11-12T05:00:00Z"
    );
    assert_eq!(
        account.charge("2026-11-12T04:59:59Z", "b", 1),
        Decision::DailyLimitExceeded
    );
    assert_eq!(
        account.charge("2026-11-12T05:00:00Z", "b", 1),
        Decision::Allowed
    );
}

#[test]
fn a_clock_that_goes_back_over_midnight_gives_no_second_allowance() {
    let mut account = Account::in_zone("UTC", "2026-11-10T23:59:00Z");
    assert_eq!(
        account.charge("2026-11-11T00:00:00.001Z", "a", 100),
        Decision::Allowed
    );
    assert_eq!(
        account.charge("2026-11-10T23:59:59.999Z", "b", 1),
        Decision::DailyLimitExceeded
    );
    assert_eq!(
        account.charge("2026-11-11T00:00:00.002Z", "b", 1),
        Decision::DailyLimitExceeded
    );
}

#[test]
fn a_limit_of_nothing_denies_everything_but_what_is_free() {
    let mut account = Account::in_zone("UTC", "2026-11-10T12:00:00Z");
    let nothing = SettingsChange {
        daily_limit: Setting::Set(Micros::ZERO),
        ..SettingsChange::default()
    };
    account
        .decide("2026-11-10T12:00:00Z", &settings("u", nothing))
        .unwrap();
    assert_eq!(
        account.charge("2026-11-10T12:00:00Z", "a", 1),
        Decision::DailyLimitExceeded
    );
    assert_eq!(
        account.charge("2026-11-10T12:00:00Z", "b", 0),
        Decision::Allowed
    );
}
