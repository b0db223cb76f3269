//! The day and the month that limits count in, also where the account's zone changes
//! ([why](../../../docs/decisions/0018-zones-give-nothing-early.md)).

use jiff::civil::Date;

use super::state::{AccountState, Period};
use crate::money::{Micros, Overflow};

impl AccountState {
    /// Begins a new day, and month, where the account's local day has moved on. A clock that went
    /// back changes nothing.
    pub fn roll(&mut self, today: Date) {
        if today > self.spent_on {
            self.begin_day(today);
        }
    }

    /// The account's zone becomes another, where it is `there`. The day goes on, and lasts until that
    /// date has ended there: a change of zone begins none. But no date is had twice.
    pub fn change_zone(&mut self, here: Date, there: Date) {
        if here > self.spent_on {
            // Nothing was spent on it yet: to the west, it may be an earlier one.
            let next = self.begun_on.tomorrow().unwrap_or(here);
            self.begin_day(here.min(there).max(next));
        }
        self.spent_on = there.max(self.begun_on);
    }

    fn begin_day(&mut self, date: Date) {
        if date.first_of_month() > self.begun_on.first_of_month() {
            self.month_spent = Micros::ZERO;
            self.period.month_no = self.period.month_no.saturating_add(1);
        }
        self.day_spent = Micros::ZERO;
        self.period.day_no = self.period.day_no.saturating_add(1);
        self.spent_on = date;
        self.begun_on = date;
    }

    /// Whether a change of zone has brought the account into the next month, and nothing was spent there.
    pub fn is_in_next_month(&self) -> bool {
        self.spent_on.first_of_month() > self.begun_on.first_of_month()
    }

    /// What counts in the month. In one that a change of zone has brought, it is what counts in the day.
    pub fn month_used(&self) -> Micros {
        if self.is_in_next_month() {
            self.day_spent
        } else {
            self.month_spent
        }
    }

    /// Counts an amount against the limits of the current period.
    pub fn count(&mut self, amount: Micros) -> Result<(), Overflow> {
        if amount.is_positive() && self.is_in_next_month() {
            // From here on there is no way back into the month before: this one is being spent.
            self.month_spent = self.day_spent;
            self.period.month_no = self.period.month_no.saturating_add(1);
            self.carried = Some(self.period);
            self.begun_on = self.spent_on;
        }
        self.day_spent = self.day_spent.plus(amount)?;
        self.month_spent = self.month_spent.plus(amount)?;
        Ok(())
    }

    /// Gives an amount back to the limits of the period in which it was counted, while it lasts.
    pub fn give_back(&mut self, amount: Micros, counted: Period) -> Result<(), Overflow> {
        if counted.day_no == self.period.day_no {
            self.day_spent = self.day_spent.minus(amount)?;
        }
        if self.counts_in_month(counted) {
            self.month_spent = self.month_spent.minus(amount)?;
        }
        Ok(())
    }

    /// Whether what was counted then counts in the present month: as of it, or of the day that was carried
    /// into it.
    fn counts_in_month(&self, counted: Period) -> bool {
        let carried = self.carried.is_some_and(|carried| {
            carried.day_no == counted.day_no && carried.month_no == self.period.month_no
        });
        counted.month_no == self.period.month_no || carried
    }
}
