//! What a decision reads and changes: an account's row, and what of it a batch has loaded.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::command::{CommandHash, EntryKind, Note};
use crate::admin_change::NewChange;
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::{Micros, Overflow};

/// An account's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    pub settled: Micros,
    pub held: Micros,
    /// How far below zero `settled - held` has been allowed to go.
    pub overdraft: Micros,
    pub daily_limit: Option<Micros>,
    pub monthly_limit: Option<Micros>,
    pub low_balance_threshold: Option<Micros>,
    /// The local day on which the user was last told that the balance is low.
    pub low_balance_warned_on: Option<Date>,
    /// The same for that it is gone; how often on that day, and when last.
    pub balance_gone_on: Option<Date>,
    pub balance_gone_count: i16,
    pub balance_gone_at: Option<Timestamp>,
    /// Of what the user has been warned since the balance was last enough; none where only versions have
    /// written the account that did not note it.
    pub balance_warned: Option<Level>,
    /// When what the user was not told for its time is told; none: nothing waits.
    pub warning_due_at: Option<Timestamp>,
    /// The day and the month, by their numbers, in which others were last told that a limit was reached.
    pub day_limit_told: Option<i32>,
    pub month_limit_told: Option<i32>,
    pub time_zone: Arc<str>,
    /// The date through which the day lasts where the account now is.
    pub spent_on: Date,
    /// The date with which the day began; an earlier one only where a change of zone has moved it.
    pub begun_on: Date,
    pub period: Period,
    pub day_spent: Micros,
    /// Of the month of `begun_on`: see [`Self::month_used`].
    pub month_spent: Micros,
    /// The day that a change of zone has last carried into a month that it was not of, and that month.
    pub carried: Option<Period>,
    pub billing_enabled: bool,
    pub suspended: bool,
    pub total_spent: Micros,
    pub request_count: i64,
    pub last_request_at: Option<Timestamp>,
    pub entry_seq: EntrySeq,
    pub version: i64,
}

/// A day and a month of an account, by their numbers in its life. Numbers, since a change of the
/// zone gives the same period another date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub day_no: i32,
    pub month_no: i32,
}

/// What an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub settled: Micros,
    pub held: Micros,
}

impl Balance {
    /// What may be spent. Both parts are far from the ends of their range, by the schema.
    pub fn available(self) -> Micros {
        self.settled.minus(self.held).unwrap_or(self.settled)
    }

    pub fn debt(self) -> Micros {
        self.settled.negated().unwrap_or_default().or_zero()
    }
}

impl AccountState {
    /// Whether the settled balance is below what the user wants to be warned at, or gone.
    pub fn is_low(&self) -> bool {
        Level::of(self.settled, self.low_balance_threshold) != Level::Enough
    }

    /// An account as it is before its first entry, on the given local day.
    pub fn new(daily_limit: Option<Micros>, monthly_limit: Option<Micros>, today: Date) -> Self {
        Self {
            settled: Micros::ZERO,
            held: Micros::ZERO,
            overdraft: Micros::ZERO,
            daily_limit,
            monthly_limit,
            low_balance_threshold: None,
            low_balance_warned_on: None,
            balance_gone_on: None,
            balance_gone_count: 0,
            balance_gone_at: None,
            balance_warned: None,
            warning_due_at: None,
            day_limit_told: None,
            month_limit_told: None,
            time_zone: Arc::from("UTC"),
            spent_on: today,
            begun_on: today,
            period: Period {
                day_no: 1,
                month_no: 1,
            },
            day_spent: Micros::ZERO,
            month_spent: Micros::ZERO,
            carried: None,
            billing_enabled: true,
            suspended: false,
            total_spent: Micros::ZERO,
            request_count: 0,
            last_request_at: None,
            entry_seq: EntrySeq::new(0),
            version: 0,
        }
    }

    pub fn balance(&self) -> Balance {
        Balance {
            settled: self.settled,
            held: self.held,
        }
    }

    /// Allows the balance to be as far below zero as it now is. Only what may do so calls this:
    /// the schema refuses any other overdraft.
    pub fn authorise_overdraft(&mut self) {
        let below = self.balance().available().negated().unwrap_or_default();
        self.overdraft = self.overdraft.max(below);
    }

    /// Takes the allowance back as far as the balance has risen.
    pub fn settle_overdraft(&mut self) {
        let below = self
            .balance()
            .available()
            .negated()
            .unwrap_or_default()
            .or_zero();
        self.overdraft = self.overdraft.min(below);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    Placed,
    Captured,
    Released,
    Expired,
}

impl HoldState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Placed, Self::Captured, Self::Released, Self::Expired]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Why a hold costs nothing, and its capture neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiver {
    FreeCall,
    BillingDisabled,
}

impl Waiver {
    pub const fn name(self) -> &'static str {
        match self {
            Self::FreeCall => "free_call",
            Self::BillingDisabled => "billing_disabled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::FreeCall, Self::BillingDisabled]
            .into_iter()
            .find(|waiver| waiver.name() == name)
    }
}

/// A hold's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub amount: Micros,
    pub state: HoldState,
    pub placed_at: Timestamp,
    pub expires_at: Timestamp,
    pub counted: Period,
    pub tool: Option<String>,
    pub price_version: Option<i64>,
    pub waiver: Option<Waiver>,
    pub request_id: Option<String>,
    /// The command that captured or released, and its stored answer.
    pub end: Option<(CommandHash, Vec<u8>)>,
}

/// What must be written of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldWrite {
    None,
    Insert,
    Update,
}

/// A key that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    pub hash: CommandHash,
    pub answer: Vec<u8>,
    pub hold: Option<HoldId>,
}

/// A charge that is refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeState {
    pub charged: Micros,
    pub refunded: Micros,
    pub tool: Option<String>,
    /// The period in which the charge was made; of a capture, that of its overage.
    pub counted: Period,
    /// Of a capture: how much of the charge its hold had counted, and when.
    pub held: Option<(Micros, Period)>,
}

/// Free calls of one tool that an account took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeCalls {
    pub day_no: i32,
    pub used: i32,
    /// The allowance when the last one was taken.
    pub allowed: i32,
}

/// An entry to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub seq: EntrySeq,
    pub kind: EntryKind,
    pub amount: Micros,
    pub balance_after: Micros,
    pub period: Period,
    pub request_id: Option<String>,
    pub tool: Option<String>,
    pub price_version: Option<i64>,
    pub hold: Option<HoldId>,
    pub refunds: Option<EntrySeq>,
    /// Where the kind does not say it.
    pub counterparty: Option<Arc<str>>,
    pub note: Option<Note>,
}

/// An account in a batch: what was read of it, and what is to be written.
#[derive(Clone, Debug)]
pub struct Book {
    pub id: AccountId,
    pub account: AccountState,
    /// The account's row differs from what was read.
    pub changed: bool,
    /// Limits, zone, flags or threshold differ.
    pub settings_changed: bool,
    pub holds: HashMap<HoldId, (Hold, HoldWrite)>,
    pub keys: HashMap<String, UsedKey>,
    pub charges: HashMap<EntrySeq, ChargeState>,
    pub free_calls: HashMap<String, FreeCalls>,
    pub new_entries: Vec<NewEntry>,
    pub new_keys: Vec<String>,
    pub refunded_charges: Vec<EntrySeq>,
    pub changed_free_calls: Vec<String>,
    /// New charges that nobody asked about: enforcement was off.
    pub unenforced: Vec<EntrySeq>,
    /// What the user is to be warned of, in order.
    pub warnings: Vec<LowBalance>,
    /// What other systems are to be told, in order.
    pub events: Vec<Event>,
    /// What a repair of the account's clock has found to count today, and what it has done.
    pub counted: Option<Counted>,
    pub repair: Option<Repair>,
    /// What administrators changed.
    pub admin_changes: Vec<NewChange>,
}

/// What counts in a day and its month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub day: Micros,
    pub month: Micros,
}

/// How an account was brought back that a wrong clock had brought into the future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub was_on: Date,
    pub spent_on: Date,
    /// The period that has begun, and what was carried into it.
    pub period: Period,
    pub carried: Counted,
    pub reason: String,
    pub actor: String,
}

/// How a settled balance stands to what the user wants to be warned at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Enough,
    /// Below the threshold.
    Low,
    /// Nothing is left.
    Gone,
}

impl Level {
    /// Without a threshold there is always enough; with one of nothing, until nothing is left.
    pub fn of(settled: Micros, threshold: Option<Micros>) -> Self {
        match threshold {
            Some(_) if !settled.is_positive() => Self::Gone,
            Some(threshold) if settled < threshold => Self::Low,
            _ => Self::Enough,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::Gone => "gone",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Enough, Self::Low, Self::Gone]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

/// The settled balance has fallen below what the user wants to be warned at, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowBalance {
    pub account: AccountId,
    pub settled: Micros,
    pub threshold: Micros,
}

/// Something that other systems are told of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Credited {
        entry: EntrySeq,
        kind: EntryKind,
        amount: Micros,
        balance_after: Micros,
    },
    /// The settled balance is low, or gone: whenever the user is warned of it.
    Low(LowBalance),
    LimitReached(LimitReached),
    HoldExpired {
        hold: HoldId,
        tool: Option<String>,
        request_id: Option<String>,
        amount: Micros,
        expired_at: Timestamp,
    },
}

/// A limit that allows nothing more of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitReached {
    pub of: LimitOf,
    pub limit: Micros,
    pub used: Micros,
    /// When it starts again.
    pub ends_at: Timestamp,
    /// The command was denied by it; else it was carried out, and used the limit up.
    pub denied: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitOf {
    Day,
    Month,
}

impl LimitOf {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl Book {
    pub fn new(id: AccountId, account: AccountState) -> Self {
        Self {
            id,
            account,
            changed: false,
            settings_changed: false,
            holds: HashMap::new(),
            keys: HashMap::new(),
            charges: HashMap::new(),
            free_calls: HashMap::new(),
            new_entries: Vec::new(),
            new_keys: Vec::new(),
            refunded_charges: Vec::new(),
            changed_free_calls: Vec::new(),
            unenforced: Vec::new(),
            warnings: Vec::new(),
            events: Vec::new(),
            counted: None,
            repair: None,
            admin_changes: Vec::new(),
        }
    }

    /// Whether anything of the account is to be written.
    pub fn has_writes(&self) -> bool {
        let a_hold = |(_, write): &(Hold, HoldWrite)| *write != HoldWrite::None;
        self.changed
            || self.settings_changed
            || !self.new_entries.is_empty()
            || !self.new_keys.is_empty()
            || !self.refunded_charges.is_empty()
            || !self.changed_free_calls.is_empty()
            || self.holds.values().any(a_hold)
    }

    /// Adds an entry of `amount` to the account.
    pub fn post(&mut self, entry: EntryDraft) -> Result<EntrySeq, Overflow> {
        let seq = EntrySeq::new(self.account.entry_seq.get() + 1);
        self.account.settled = self.account.settled.plus(entry.amount)?;
        // What is available, and how far that is below zero, can be written too.
        self.account.settled.minus(self.account.held)?.negated()?;
        self.account.entry_seq = seq;
        self.changed = true;
        self.new_entries.push(NewEntry {
            seq,
            kind: entry.kind,
            amount: entry.amount,
            balance_after: self.account.settled,
            period: self.account.period,
            request_id: entry.request_id,
            tool: entry.tool,
            price_version: entry.price_version,
            hold: entry.hold,
            refunds: entry.refunds,
            counterparty: entry.counterparty,
            note: entry.note,
        });
        Ok(seq)
    }
}

/// What an entry says besides its place in the account.
#[derive(Clone, Debug)]
pub struct EntryDraft {
    pub kind: EntryKind,
    pub amount: Micros,
    pub request_id: Option<String>,
    pub tool: Option<String>,
    pub price_version: Option<i64>,
    pub hold: Option<HoldId>,
    pub refunds: Option<EntrySeq>,
    pub counterparty: Option<Arc<str>>,
    pub note: Option<Note>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_at_the_end_of_its_range_refuses_what_would_pass_it() {
        let today = jiff::civil::date(2026, 3, 28);
        let mut account = AccountState::new(None, None, today);
        account.settled = Micros::new(i64::MIN + 5);
        let mut book = Book::new(AccountId::of("acme", "deep in debt"), account);
        let draft = |amount| EntryDraft {
            kind: EntryKind::Adjustment,
            amount: Micros::new(amount),
            request_id: None,
            tool: None,
            price_version: None,
            hold: None,
            refunds: None,
            counterparty: None,
            note: None,
        };
        assert!(book.post(draft(-4)).is_ok());
        assert!(book.post(draft(-1)).is_err());
    }
}
