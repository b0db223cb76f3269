//! Changes of zone against a plain model that keeps every charge with its time and its zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::command::{Action, Command, Cost, Overage, SettingsChange};
use super::super::decide::{Answer, Context, Decision, Refusal, Retry, assess_check, decide};
use super::super::local_time::LocalTime;
use super::super::state::{AccountState, Book, HoldState};
use super::commands::{
    capture, charge, command, hold_id, id, place, post, refund, release, settings,
};
use crate::id::HoldId;
use crate::money::Micros;
use crate::price::Catalogue;

const DAILY: i64 = 100;
const MONTHLY: i64 = 250;
/// From where days end last to where they begin first, with a zone of summer time among them.
const ZONES: [&str; 6] = [
    "Etc/GMT+12",
    "America/New_York",
    "UTC",
    "Europe/Kyiv",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn date_in(name: &str, at: Timestamp) -> Date {
    zone(name).to_datetime(at).date()
}

/// Where days begin first: no date has begun before it has here.
fn earliest_date(at: Timestamp) -> Date {
    date_in("Pacific/Kiritimati", at)
}

/// An account in memory, and the moment.
struct Account {
    book: Book,
    catalogue: Catalogue,
    now: Timestamp,
}

impl Account {
    fn new(now: &str) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let limits = (Some(Micros::new(DAILY)), Some(Micros::new(MONTHLY)));
        let state = AccountState::new(limits.0, limits.1, date_in("UTC", now));
        let mut account = Self {
            book: Book::new(id("u"), state),
            catalogue: Catalogue::default(),
            now,
        };
        account.decide(&post("u", "money", 1_000_000)).unwrap();
        account
    }

    fn context(&self) -> Context<'_> {
        Context {
            catalogue: &self.catalogue,
            catalogue_is_fresh: true,
            enforced: true,
            tells_events: false,
            time: LocalTime::new(self.now),
        }
    }

    fn decide(&mut self, command: &Command) -> Result<Answer, Refusal> {
        let catalogue = std::mem::take(&mut self.catalogue);
        let mut context = Context {
            catalogue: &catalogue,
            catalogue_is_fresh: true,
            enforced: true,
            tells_events: false,
            time: LocalTime::new(self.now),
        };
        let answer = decide(&mut self.book, command, &mut context);
        self.catalogue = catalogue;
        answer
    }

    fn at(&mut self, now: &str) -> &mut Self {
        self.now = now.parse().unwrap();
        self
    }

    fn move_to(&mut self, zone: &str) -> &mut Self {
        let change = SettingsChange {
            time_zone: Some(zone.to_owned()),
            ..SettingsChange::default()
        };
        self.decide(&settings("u", change)).unwrap();
        self
    }

    fn charge(&mut self, key: &str, micros: i64) -> Decision {
        let command = charge("u", key, micros, Overage::Reject);
        self.decide(&command).unwrap().decision
    }

    fn hold(&mut self, key: &str, hold: HoldId, micros: i64, ttl_secs: i64) -> Decision {
        let command = place("u", key, hold, micros, ttl_secs);
        self.decide(&command).unwrap().decision
    }

    /// What a check is told now.
    fn told(&self) -> Answer {
        let mut account = self.book.account.clone();
        let cost = Cost::Amount(Micros::new(1));
        assess_check(&mut account, &cost, None, &mut self.context()).unwrap()
    }

    /// A cost that a limit denies is within that limit when it is said to be, and no second earlier.
    fn assert_retry_is_exact(&mut self, amount: i64) -> Result<(), TestCaseError> {
        let now = self.now;
        let cost = Cost::Amount(Micros::new(amount));
        let ask = |account: &Self| {
            let mut state = account.book.account.clone();
            assess_check(&mut state, &cost, None, &mut account.context()).unwrap()
        };
        let denied = ask(self);
        prop_assert_eq!(denied.decided_at, Some(now));
        if let Some(Retry::At(at)) = denied.retry {
            self.now = at - SignedDuration::from_secs(1);
            let early = self.now < now || ask(self).decision == denied.decision;
            self.now = at;
            let then = ask(self).decision;
            self.now = now;
            prop_assert!(early, "within it before {at}");
            prop_assert_ne!(then, denied.decision, "at {}", at);
        } else {
            prop_assert_eq!(denied.decision, Decision::Allowed);
        }
        Ok(())
    }

    /// Used of the day and of the month.
    fn used(&self) -> (i64, i64) {
        let limits = self.told().limits;
        (limits.day_used.get(), limits.month_used.get())
    }
}

#[test]
fn a_change_of_zone_at_the_end_of_a_month_does_not_cost_the_next_one() {
    let mut account = Account::new("2026-11-28T12:00:00Z");
    for (day, key, micros) in [(28, "a", 80), (29, "b", 80), (30, "c", 77)] {
        account.at(&format!("2026-11-{day}T12:00:00Z"));
        assert_eq!(account.charge(key, micros), Decision::Allowed);
    }
    account.at("2026-11-30T23:30:00Z").move_to("Europe/Kyiv");
    // It is the first of December there: of November, the day goes on.
    assert_eq!(account.used(), (77, 77));
    account.move_to("UTC");
    assert_eq!(account.used(), (77, 237));
    account.move_to("Europe/Kyiv");
    assert_eq!(account.charge("d", 24), Decision::DailyLimitExceeded);
    // Nothing was spent in December: nothing counts in it.
    let mut idle = account.book.account.clone();
    idle.roll(date_in(
        "Europe/Kyiv",
        "2026-12-15T12:00:00Z".parse().unwrap(),
    ));
    assert_eq!((idle.day_spent.get(), idle.month_used().get()), (0, 0));
    // Once December is being spent, the day counts in it, and there is no way back into November.
    assert_eq!(account.charge("d", 13), Decision::Allowed);
    account.move_to("UTC");
    assert_eq!(account.used(), (90, 90));
    account.move_to("Europe/Kyiv");
    assert_eq!(account.at("2026-12-01T22:00:00Z").used(), (0, 90));
    assert_eq!(account.at("2026-12-31T21:59:59Z").used(), (0, 90));
    assert_eq!(account.at("2026-12-31T22:00:00Z").used(), (0, 0));
}

#[test]
fn a_zone_that_is_changed_and_changed_back_at_once_costs_no_day_and_gives_none() {
    let mut account = Account::new("2026-11-10T12:00:00Z");
    account.charge("a", 60);
    account.move_to("Pacific/Kiritimati").move_to("UTC");
    assert_eq!(account.used(), (60, 60));
    assert_eq!(account.charge("b", 40), Decision::Allowed);
    assert_eq!(account.charge("c", 1), Decision::DailyLimitExceeded);
    assert_eq!(account.at("2026-11-10T23:59:59Z").used(), (100, 100));
    assert_eq!(account.at("2026-11-11T00:00:00Z").used(), (0, 100));
}

#[test]
fn what_comes_back_of_a_carried_day_comes_back_in_the_month_that_it_was_carried_into() {
    let mut account = Account::new("2026-11-30T12:00:00Z");
    assert_eq!(
        account.hold("h", hold_id(1), 90, 24 * 3600),
        Decision::Allowed
    );
    assert_eq!(account.charge("november", 5), Decision::Allowed);
    account.at("2026-11-30T23:30:00Z").move_to("Europe/Kyiv");
    assert_eq!(account.charge("december", 1), Decision::Allowed);
    assert_eq!(account.used(), (96, 96));
    let captured = capture("u", hold_id(1), 2, Overage::Reject);
    account.decide(&captured).unwrap();
    assert_eq!(account.used(), (8, 8));
    // Days later too, and in no later month.
    account.at("2026-12-10T12:00:00Z");
    account.decide(&refund("u", "r1", 2, None)).unwrap();
    assert_eq!(account.used(), (0, 3));
    account.at("2027-01-10T12:00:00Z");
    assert_eq!(account.charge("january", 10), Decision::Allowed);
    account.decide(&refund("u", "r2", 4, None)).unwrap();
    assert_eq!(account.used(), (10, 10));
}

/// A charge or a hold as the model remembers it.
#[derive(Clone, Debug)]
struct Charged {
    at: Timestamp,
    zone: usize,
    /// What stands of it; what was given back or refunded counts nowhere.
    amount: i64,
    hold: Option<HoldId>,
    /// Its entry; a hold has none before it is captured.
    entry: Option<i64>,
    /// The day that it was made on, and the month, have ended in the zone in force.
    day_over: bool,
    month_over: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Move(usize),
    Charge(i64),
    /// Places a hold that lives so many seconds.
    Hold(i64, i64),
    /// Ends one of the holds, if it has not ended.
    End(usize, Ending),
    /// Refunds one of the charges.
    Refund(usize),
}

#[derive(Clone, Debug)]
enum Ending {
    /// By so many hundredths of its amount.
    Capture(i64),
    Release,
    /// As the sweep does it, where its time is up.
    Expire,
}

struct Model {
    charges: Vec<Charged>,
    zone: usize,
    moved_at: Timestamp,
}

impl Model {
    fn look(&mut self, now: Timestamp) {
        let today = date_in(ZONES[self.zone], now);
        for charged in &mut self.charges {
            charged.day_over |= date_in(ZONES[self.zone], charged.at) < today;
            let spent_on = date_in(ZONES[charged.zone], charged.at);
            charged.month_over |= spent_on.first_of_month() < today.first_of_month();
        }
    }

    fn sum(&self, counts: impl Fn(&Charged) -> bool) -> i64 {
        let counted = self.charges.iter().filter(|charged| counts(charged));
        counted.map(|charged| charged.amount).sum()
    }

    /// Whether it is all that stands of what was spent since some moment, and nothing that came back.
    fn is_all_since_some_moment(&self, used: i64) -> bool {
        let sums = self.charges.iter().rev().scan(0, |sum, charged| {
            *sum += charged.amount;
            Some(*sum)
        });
        used == 0 || sums.into_iter().any(|sum| sum == used)
    }

    /// Ends the hold, and keeps what of it stands.
    fn end(&mut self, which: usize, ending: &Ending, account: &mut Account) {
        let holds = self.charges.iter_mut().filter(|one| one.hold.is_some());
        let mut holds: Vec<_> = holds.collect();
        let which = which % holds.len().max(1);
        let Some((one, hold)) = holds.get_mut(which).and_then(|one| Some((one.hold?, one))) else {
            return;
        };
        let state = |account: &Account| account.book.holds[&one].0.state;
        if state(account) != HoldState::Placed {
            return;
        }
        let micros = match ending {
            Ending::Capture(hundredths) => hold.amount * hundredths / 100,
            Ending::Release | Ending::Expire => 0,
        };
        // A hold whose time is up is refused, and has expired.
        let _ = account.decide(&match ending {
            Ending::Capture(_) => capture("u", one, micros, Overage::Reject),
            Ending::Release => release("u", one),
            Ending::Expire => command("u", Action::Expire(one)),
        });
        match state(account) {
            HoldState::Placed => {}
            HoldState::Captured => {
                hold.amount = micros;
                hold.entry = Some(account.book.account.entry_seq.get());
            }
            HoldState::Released | HoldState::Expired => hold.amount = 0,
        }
    }

    /// The least, and the most, that the day may count now: what was spent on it, and a day's before.
    fn of_day(&self, now: Timestamp) -> (i64, i64) {
        let least = self.sum(|charged| !charged.day_over);
        let here = ZONES[self.zone];
        let today = self.sum(|charged| date_in(here, charged.at) == date_in(here, now));
        // Two days after a change of zone, nothing of it is left.
        let settled = now.duration_since(self.moved_at) > SignedDuration::from_hours(50);
        (least, if settled { today } else { DAILY })
    }

    /// The same of the month.
    fn of_month(&self, now: Timestamp) -> (i64, i64) {
        let here = zone(ZONES[self.zone]);
        let first = here.to_datetime(now).date().first_of_month();
        let began = first.to_zoned(here).unwrap().timestamp() - SignedDuration::from_hours(26);
        let least = self.sum(|charged| !charged.month_over);
        (least, DAILY + self.sum(|charged| charged.at >= began))
    }
}

fn any_event() -> impl Strategy<Value = (i64, Event)> {
    let event = prop_oneof![
        2 => (0..ZONES.len()).prop_map(Event::Move),
        3 => (1..70_i64).prop_map(Event::Charge),
        3 => (1..70_i64, 60..86_400_i64).prop_map(|(amount, ttl)| Event::Hold(amount, ttl)),
        3 => (any::<proptest::sample::Index>(), any_ending())
            .prop_map(|(n, ending)| Event::End(n.index(1000), ending)),
        1 => any::<proptest::sample::Index>().prop_map(|n| Event::Refund(n.index(1000))),
    ];
    let seconds = prop_oneof![Just(0), 0..3600_i64, 0..36 * 3600_i64];
    (seconds, event)
}

fn any_ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        2 => (0..=100_i64).prop_map(Ending::Capture),
        1 => Just(Ending::Release),
        1 => Just(Ending::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// Nothing is given back before its day, or its month, has ended where the account is; no more than a
    /// day's spending is carried into another; what comes back counts nowhere; and no date is had twice.
    #[test]
    fn no_change_of_zone_gives_anything_early_or_carries_more_than_a_day(
        events in proptest::collection::vec(any_event(), 1..60),
    ) {
        let mut account = Account::new("2026-11-28T00:00:00Z");
        let began = account.now;
        let mut model = Model { charges: Vec::new(), zone: 2, moved_at: began };
        for (n, (seconds, event)) in events.into_iter().enumerate() {
            account.now += SignedDuration::from_secs(seconds);
            let now = account.now;
            model.look(now);
            match event {
                Event::Move(to) => {
                    account.move_to(ZONES[to]);
                    model.zone = to;
                    model.moved_at = now;
                }
                Event::Charge(amount) | Event::Hold(amount, _) => {
                    let (day, month) = account.used();
                    let key = n.to_string();
                    let hold = match event {
                        Event::Hold(..) => Some(hold_id(u8::try_from(n).unwrap())),
                        _ => None,
                    };
                    let decision = match (hold, event) {
                        (Some(hold), Event::Hold(_, ttl)) => account.hold(&key, hold, amount, ttl),
                        _ => account.charge(&key, amount),
                    };
                    // What is told is what is decided.
                    let expected = if day + amount > DAILY {
                        Decision::DailyLimitExceeded
                    } else if month + amount > MONTHLY {
                        Decision::MonthlyLimitExceeded
                    } else {
                        Decision::Allowed
                    };
                    prop_assert_eq!(decision, expected);
                    account.assert_retry_is_exact(amount)?;
                    if decision == Decision::Allowed {
                        model.charges.push(Charged {
                            at: now,
                            zone: model.zone,
                            amount,
                            hold,
                            entry: hold.is_none().then(|| account.book.account.entry_seq.get()),
                            day_over: false,
                            month_over: false,
                        });
                    }
                }
                Event::Refund(which) if !model.charges.is_empty() => {
                    let which = which % model.charges.len();
                    let charged = &mut model.charges[which];
                    if let Some(entry) = charged.entry
                        && account.decide(&refund("u", &n.to_string(), entry, None)).is_ok()
                    {
                        charged.amount = 0;
                    }
                }
                Event::Refund(_) => {}
                Event::End(which, ending) => model.end(which, &ending, &mut account),
            }
            model.look(now);
            let (day, month) = account.used();
            for (what, used, (least, most)) in [
                ("day", day, model.of_day(now)),
                ("month", month, model.of_month(now)),
            ] {
                prop_assert!(used >= least, "{what} at {now}: {used} is less than {least}");
                prop_assert!(used <= most, "{what} at {now}: {used} is more than {most}");
                prop_assert!(model.is_all_since_some_moment(used), "{what} at {now}: {used}");
            }
        }
        let total = model.sum(|_| true);
        let (first, last) = (date_in("Etc/GMT+12", began), earliest_date(account.now));
        let days = i64::from((last - first).get_days()) + 1;
        let months = i64::from(last.first_of_month().since((jiff::Unit::Month, first.first_of_month()))
            .unwrap().get_months()) + 1;
        prop_assert!(total <= days * DAILY, "{total} in {days} days");
        prop_assert!(total <= months * MONTHLY, "{total} in {months} months");
    }
}
