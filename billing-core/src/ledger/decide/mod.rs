//! The decisions: pure functions of an account's state, a command and a moment.

mod hold;
mod limit;
mod post;
mod repair;
mod spend;
mod warn;

use jiff::Timestamp;

pub use spend::assess_check;

use super::command::{Action, Command, EntryKind};
use super::local_time::LocalTime;
use super::state::{AccountState, Balance, Book, Event, Hold, HoldState, UsedKey};
use super::stored;
use crate::id::{EntrySeq, HoldId};
use crate::money::{Micros, Overflow};
use crate::price::{Catalogue, PriceError};

/// May this user spend this much? Where several denials hold, the first in this order is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Decision {
    #[default]
    Allowed,
    ToolNotPriced,
    AccountSuspended,
    InsufficientBalance,
    DailyLimitExceeded,
    MonthlyLimitExceeded,
}

/// When a cost that a limit has denied is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Once that limit starts again.
    At(Timestamp),
    /// The cost is more than a whole limit.
    Never,
}

/// What an account's limits allow, use, and when they start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub daily_limit: Option<Micros>,
    pub day_used: Micros,
    pub day_ends_at: Timestamp,
    pub monthly_limit: Option<Micros>,
    pub month_used: Micros,
    pub month_ends_at: Timestamp,
}

/// A hold as answers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldView {
    pub id: HoldId,
    pub amount: Micros,
    pub expires_at: Timestamp,
    pub state: HoldState,
}

impl From<&Hold> for HoldView {
    fn from(hold: &Hold) -> Self {
        Self {
            id: hold.id,
            amount: hold.amount,
            expires_at: hold.expires_at,
            state: hold.state,
        }
    }
}

/// What a command did. Each command fills what its answer has; the rest stays empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub decision: Decision,
    pub required: Micros,
    pub price_version: Option<i64>,
    /// After the command.
    pub balance: Balance,
    pub limits: Limits,
    pub billing_enabled: bool,
    /// False: the decision was not asked for, since enforcement was off.
    pub enforced: bool,
    /// What a charge or capture took, or a refund gave.
    pub moved: Micros,
    /// What of a hold was given back.
    pub released: Micros,
    pub entry: Option<EntrySeq>,
    pub hold: Option<HoldView>,
    /// The answer was stored before: the command had been carried out already.
    pub replayed: bool,
    /// The moment of the decision, by the database's clock; of an answer that was stored, none.
    pub decided_at: Option<Timestamp>,
    /// On a denial by a limit: whether it helps to wait.
    pub retry: Option<Retry>,
    /// The whole account, for the commands that change settings.
    pub account: Option<Box<AccountState>>,
    pub besides: Besides,
}

/// What a command did besides what it was asked for: for who counts, and no part of a stored answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// Its hold's time was up, and it was the first to notice: what that gave back.
    pub expired: Option<Micros>,
    /// It charged work that outlived its hold: what was set aside anew for that.
    pub set_aside_anew: Option<Micros>,
    /// Given to its account when this batch opened that.
    pub welcome: Micros,
}

impl Besides {
    fn settled(set_aside_anew: Option<Micros>) -> Self {
        Self {
            set_aside_anew,
            ..Self::default()
        }
    }
}

impl Answer {
    pub fn hold_id(&self) -> Option<HoldId> {
        self.hold.map(|hold| hold.id)
    }
}

/// Why a command was not carried out. It changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the account has no such hold")]
    HoldNotFound,
    #[error("the hold has ended: {}", .0.name())]
    HoldEnded(HoldState),
    #[error("the cost is more than the hold, by {0}")]
    OverageRejected(Micros),
    #[error("the hold was not placed for this tool")]
    NotTheHoldsTool,
    #[error("the account has no charge of this id")]
    ChargeNotFound,
    #[error("of the charge, {left} can still be refunded")]
    RefundExceedsCharge { left: Micros },
    #[error(transparent)]
    Price(#[from] PriceError),
    #[error("the price list and the switches of this core are too old")]
    PriceListStale,
    #[error(transparent)]
    Overflow(#[from] Overflow),
    #[error("nothing of the account lies ahead of the database's clock")]
    ClockIsRight,
    #[error("a stored answer cannot be read")]
    StoredAnswer,
}

/// What a decision knows besides the account.
pub struct Context<'a> {
    pub catalogue: &'a Catalogue,
    /// False: the catalogue may miss a version that holds already, and nothing is priced by it.
    pub catalogue_is_fresh: bool,
    /// False: an operator has switched enforcement off. Everything is allowed, and booked in full. As it was
    /// last known: who decides by it asks [`Context::enforcement`].
    pub enforced: bool,
    /// Whether other systems are told what happens here.
    pub tells_events: bool,
    pub time: LocalTime,
}

impl Context<'_> {
    /// Whether enforcement is on. The switch is read with the catalogue, and believed no longer than that.
    fn enforcement(&self) -> Result<bool, Refusal> {
        if self.catalogue_is_fresh {
            Ok(self.enforced)
        } else {
            Err(Refusal::PriceListStale)
        }
    }
}

/// Decides one command on an account and notes in the book what is to be written. A refusal leaves
/// the book as it was, but for a hold whose time was up.
pub fn decide(
    book: &mut Book,
    command: &Command,
    context: &mut Context<'_>,
) -> Result<Answer, Refusal> {
    let today = context.time.day_in(&book.account.time_zone).date;
    if !changes_zone(book, command) {
        book.account.roll(today);
    }
    let now = context.time.now();
    if let Some(keyed) = command.action.key()
        && let Some(used) = book.keys.get(&keyed.key)
    {
        if used.hash != keyed.hash {
            return Err(Refusal::KeyReused);
        }
        let mut answer = stored::read(&used.answer).ok_or(Refusal::StoredAnswer)?;
        let hold = used.hold;
        if let Some(id) = hold {
            answer.besides.expired = hold::expire_if_due(book, id, now)?;
            answer.hold = book.holds.get(&id).map(|(hold, _)| HoldView::from(hold));
        }
        answer.replayed = true;
        return Ok(answer);
    }
    let expired = match command.action.hold() {
        Some(id) => hold::expire_if_due(book, id, now)?,
        None => None,
    };

    let account_before = book.account.clone();
    let entries_before = book.new_entries.len();
    let mut decided = carry_out(book, command, context);
    if let Ok(answer) = &mut decided {
        answer.besides.expired = expired;
    }
    if let Ok(answer) = &decided {
        book.account.settle_overdraft();
        if !context.enforced {
            mark_unenforced(book, entries_before);
        }
        tell_credits(book, entries_before);
        warn_of_low_balance(book, &account_before, context);
        if context.tells_events {
            limit::tell(book, &account_before, answer, context);
        }
    } else {
        book.account = account_before;
        book.new_entries.truncate(entries_before);
    }
    decided
}

/// Whether the command gives the account another zone. Its day is then begun, or not, with the change.
fn changes_zone(book: &Book, command: &Command) -> bool {
    let zone = match &command.action {
        Action::ChangeSettings(settings) => settings.change.time_zone.as_deref(),
        _ => None,
    };
    zone.is_some_and(|zone| *zone != *book.account.time_zone)
}

/// Nobody asked whether there was money for the new charges.
fn mark_unenforced(book: &mut Book, entries_before: usize) {
    let charges = book.new_entries.iter().skip(entries_before);
    let charges = charges.filter(|entry| entry.kind == EntryKind::Charge);
    book.unenforced.extend(charges.map(|entry| entry.seq));
}

/// Notes the new entries that give something, for other systems.
fn tell_credits(book: &mut Book, entries_before: usize) {
    let new = book.new_entries.iter().skip(entries_before);
    let credits = new.filter(|entry| entry.amount.is_positive());
    book.events.extend(credits.map(|entry| Event::Credited {
        entry: entry.seq,
        kind: entry.kind,
        amount: entry.amount,
        balance_after: entry.balance_after,
    }));
}

/// Notes what the user is to be warned of. What is only held is not spent, and warns of nothing.
fn warn_of_low_balance(book: &mut Book, before: &AccountState, context: &mut Context<'_>) {
    let account = &book.account;
    let threshold = account.low_balance_threshold;
    let settled = account.settled;
    if settled == before.settled && threshold == before.low_balance_threshold {
        return;
    }
    warn::tell(book, before, settled, &mut context.time);
}

/// Functions below change holds, keys and counters last, when nothing can fail any more.
fn carry_out(
    book: &mut Book,
    command: &Command,
    context: &mut Context<'_>,
) -> Result<Answer, Refusal> {
    match &command.action {
        Action::PlaceHold(place) => spend::place_hold(book, context, place),
        Action::Charge(charge) => spend::charge(book, context, charge),
        Action::Capture(capture) => hold::capture(book, context, capture),
        Action::Release(release) => hold::release(book, context, release),
        Action::Extend(extend) => hold::extend(book, context, extend),
        Action::Expire(hold) => hold::expire(book, context, *hold),
        Action::RefundCharge(refund) => post::refund_charge(book, context, refund),
        Action::Post(post) => post::post(book, context, post),
        Action::ChangeSettings(settings) => Ok(post::change_settings(book, context, settings)),
        Action::RepairClock(repair) => repair::repair_clock(book, context, repair),
        Action::WarnAgain => Ok(warn::warn_again(book, context)),
    }
}

/// An answer that says how the account stands, and that nothing else was done.
pub fn standing(account: &AccountState, time: &mut LocalTime) -> Answer {
    Answer {
        decision: Decision::Allowed,
        required: Micros::ZERO,
        price_version: None,
        balance: account.balance(),
        limits: limits(account, time),
        billing_enabled: account.billing_enabled,
        enforced: true,
        moved: Micros::ZERO,
        released: Micros::ZERO,
        entry: None,
        hold: None,
        replayed: false,
        decided_at: Some(time.now()),
        retry: None,
        account: None,
        besides: Besides::default(),
    }
}

fn limits(account: &AccountState, time: &mut LocalTime) -> Limits {
    // After a change of zone, the period may bear the date of tomorrow.
    let today = time.ends_of(account.spent_on, &account.time_zone);
    Limits {
        daily_limit: account.daily_limit,
        day_used: account.day_spent,
        day_ends_at: today.day_ends_at,
        monthly_limit: account.monthly_limit,
        month_used: account.month_used(),
        month_ends_at: today.month_ends_at,
    }
}

/// Stores the answer under the command's key, for whoever asks again.
fn store(book: &mut Book, keyed: &super::command::Keyed, answer: &Answer) {
    book.keys.insert(
        keyed.key.clone(),
        UsedKey {
            hash: keyed.hash,
            answer: stored::write(answer),
            hold: answer.hold.map(|hold| hold.id),
        },
    );
    book.new_keys.push(keyed.key.clone());
}
