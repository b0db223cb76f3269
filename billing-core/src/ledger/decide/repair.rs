//! A clock that was ahead has brought an account into the future: its limits begin no new day, and its
//! holds do not expire, until that day. The way back.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::command::RepairClock;
use super::super::local_time::LocalTime;
use super::super::state::{Book, Counted, HoldState, HoldWrite, Repair};
use super::{Answer, Context, Refusal, standing, store};

/// The longest time for which a hold is placed or extended.
const HOLD_TTL_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Where the clocks are ahead of UTC's by most.
const EASTERNMOST: SignedDuration = SignedDuration::from_hours(14);

/// Gives the limits the day that it now is, with what has counted in it, and holds an expiry that they can
/// have been given. Refused where nothing lies ahead, so that a repair that is repeated does nothing.
pub(super) fn repair_clock(
    book: &mut Book,
    context: &mut Context<'_>,
    repair: &RepairClock,
) -> Result<Answer, Refusal> {
    let now = context.time.now();
    let latest = now.saturating_add(HOLD_TTL_MAX).unwrap_or(now);
    let ahead: Vec<_> = book
        .holds
        .values()
        .filter(|(hold, _)| hold.state == HoldState::Placed && hold.expires_at > latest)
        .map(|(hold, _)| hold.id)
        .collect();
    let dated_ahead = book.account.spent_on > latest_date(now);
    if !dated_ahead && ahead.is_empty() {
        return Err(Refusal::ClockIsRight);
    }
    let was_on = book.account.spent_on;
    let carried = if dated_ahead {
        begin_day(book, &mut context.time)
    } else {
        Counted::default()
    };
    let account = &mut book.account;
    account.last_request_at = account.last_request_at.filter(|at| *at <= now);
    book.repair = Some(Repair {
        was_on,
        spent_on: account.spent_on,
        period: account.period,
        carried,
        reason: repair.reason.clone(),
        actor: repair.actor.clone(),
    });
    book.changed = true;
    let answer = standing(&book.account, &mut context.time);
    store(book, &repair.keyed, &answer);
    for id in ahead {
        if let Some((hold, write)) = book.holds.get_mut(&id) {
            hold.expires_at = latest;
            *write = HoldWrite::Update;
        }
    }
    Ok(answer)
}

/// The date that has begun in every zone where days begin first: no account can have a later one.
fn latest_date(now: Timestamp) -> Date {
    let there = now.saturating_add(EASTERNMOST).unwrap_or(now);
    TimeZone::UTC.to_datetime(there).date()
}

/// Begins today, and a month, with what has counted since they began. Both, since what is given back later
/// of what counted before goes to neither, and a day stays within its month. Answers with
/// both sums.
fn begin_day(book: &mut Book, time: &mut LocalTime) -> Counted {
    let counted = book.counted.unwrap_or_default();
    let account = &mut book.account;
    account.spent_on = time.day_in(&account.time_zone).date;
    account.begun_on = account.spent_on;
    account.period.day_no = account.period.day_no.saturating_add(1);
    account.period.month_no = account.period.month_no.saturating_add(1);
    account.day_spent = counted.day;
    account.month_spent = counted.month;
    counted
}
