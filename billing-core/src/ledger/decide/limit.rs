//! When other systems are told that a limit was reached: once in its period, by the command that reaches it.

use super::super::state::{AccountState, Book, Event, LimitOf, LimitReached};
use super::{Answer, Context, Decision, Retry, limits};
use crate::money::Micros;

/// A limit that a command met: used up by it, or one that denied it.
struct Met {
    of: LimitOf,
    limit: Option<Micros>,
    was: Option<Micros>,
    used: Micros,
    used_before: Micros,
    denies: Decision,
}

impl Met {
    /// Whether it was this command that reached the limit. A cost that is more than the whole of it reaches nothing.
    fn reached(&self, answer: &Answer) -> Option<LimitOf> {
        let limit = self.limit?;
        let denied = answer.decision == self.denies && answer.retry != Some(Retry::Never);
        let is_used_up = self.used.is_positive() && self.used >= limit;
        let has_moved = self.used > self.used_before || self.limit != self.was;
        (denied || is_used_up && has_moved).then_some(self.of)
    }
}

/// Notes what limits the command has reached. Holds count, and what they give back makes no limit unreached.
pub(super) fn tell(
    book: &mut Book,
    before: &AccountState,
    answer: &Answer,
    context: &mut Context<'_>,
) {
    let account = &book.account;
    let both = [
        Met {
            of: LimitOf::Day,
            limit: account.daily_limit,
            was: before.daily_limit,
            used: account.day_spent,
            used_before: before.day_spent,
            denies: Decision::DailyLimitExceeded,
        },
        Met {
            of: LimitOf::Month,
            limit: account.monthly_limit,
            was: before.monthly_limit,
            used: account.month_used(),
            used_before: before.month_used(),
            denies: Decision::MonthlyLimitExceeded,
        },
    ];
    for met in both {
        let Some(of) = met.reached(answer) else {
            continue;
        };
        let account = &mut book.account;
        let (told, period) = match of {
            LimitOf::Day => (&mut account.day_limit_told, account.period.day_no),
            LimitOf::Month => {
                // A change of zone may have brought the next month, of which nothing is counted yet.
                let ahead = i32::from(account.is_in_next_month());
                let period = account.period.month_no.saturating_add(ahead);
                (&mut account.month_limit_told, period)
            }
        };
        if told.replace(period) == Some(period) {
            continue;
        }
        book.settings_changed = true;
        let limits = limits(&book.account, &mut context.time);
        book.events.push(Event::LimitReached(LimitReached {
            of,
            limit: met.limit.unwrap_or_default(),
            used: met.used,
            ends_at: match of {
                LimitOf::Day => limits.day_ends_at,
                LimitOf::Month => limits.month_ends_at,
            },
            denied: answer.decision != Decision::Allowed,
        }));
    }
}
