//! When a user is told that the balance is low, and that it is gone.

use jiff::{SignedDuration, Timestamp};

use super::super::local_time::{LocalDay, LocalTime};
use super::super::state::{AccountState, Book, Event, Level, LowBalance};
use super::{Answer, Context, standing};
use crate::money::Micros;

/// A balance that goes and comes writes no mail each time: so long after one that tells that it is gone,
/// and so often on a local day.
const GONE_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(15);
const GONE_A_DAY: i16 = 4;

/// Notes in the book what the user is to be warned of: that the balance has fallen below the threshold, and
/// that it is gone. Each once until it has risen again. The first on a local day is told at once; where it is
/// too early for another one, it is noted when it is due, and [`warn_again`] looks then.
pub(super) fn tell(book: &mut Book, before: &AccountState, settled: Micros, time: &mut LocalTime) {
    let account = &mut book.account;
    let level = Level::of(settled, account.low_balance_threshold);
    let known = account
        .balance_warned
        .unwrap_or_else(|| told_before(before));
    let mut warned = known.min(level);
    let mut due = None;
    if let Some(threshold) = account.low_balance_threshold
        && level > warned
    {
        let today = time.day_in(&account.time_zone);
        due = not_before(account, level, &today).filter(|due| *due > time.now());
        if due.is_none() {
            note_told(account, level, &today, time.now());
            warned = level;
            let low = LowBalance {
                account: book.id,
                settled,
                threshold,
            };
            book.warnings.push(low);
            book.events.push(Event::Low(low));
        }
    }
    if warned != known || due != account.warning_due_at {
        account.balance_warned = Some(warned);
        account.warning_due_at = due;
        book.settings_changed = true;
    }
}

/// Looks once more at a balance that nothing moves.
pub(super) fn warn_again(book: &mut Book, context: &mut Context<'_>) -> Answer {
    let (before, settled) = (book.account.clone(), book.account.settled);
    tell(book, &before, settled, &mut context.time);
    standing(&book.account, &mut context.time)
}

/// The moment before which the user is not told so again; none where it may be at once.
fn not_before(account: &AccountState, level: Level, today: &LocalDay) -> Option<Timestamp> {
    let told_today = |day| day == Some(today.date);
    match level {
        Level::Low if told_today(account.low_balance_warned_on) => Some(today.day_ends_at),
        Level::Gone if told_today(account.balance_gone_on) => {
            if account.balance_gone_count >= GONE_A_DAY {
                return Some(today.day_ends_at);
            }
            let last = account.balance_gone_at?;
            let again = last.checked_add(GONE_AGAIN_AFTER).unwrap_or(last);
            Some(again.min(today.day_ends_at))
        }
        _ => None,
    }
}

fn note_told(account: &mut AccountState, level: Level, today: &LocalDay, now: Timestamp) {
    if level == Level::Low {
        account.low_balance_warned_on = Some(today.date);
        return;
    }
    if account.balance_gone_on != Some(today.date) {
        account.balance_gone_count = 0;
    }
    account.balance_gone_on = Some(today.date);
    account.balance_gone_count = account.balance_gone_count.saturating_add(1);
    account.balance_gone_at = Some(now);
}

/// What versions may have told that noted only the day: that the balance is low.
fn told_before(before: &AccountState) -> Level {
    if before.low_balance_warned_on.is_none() {
        return Level::Enough;
    }
    Level::of(before.settled, before.low_balance_threshold).min(Level::Low)
}
