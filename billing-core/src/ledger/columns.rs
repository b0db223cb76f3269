//! What a batch writes, by columns: each statement takes a whole batch as arrays.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use uuid::Uuid;

use super::command::Note;
use super::state::{
    AccountState, Book, Event, Hold, HoldWrite, Level, LowBalance, NewEntry, Repair, Waiver,
};
use crate::admin_change::NewChange;
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;

/// Everything that a batch writes.
#[derive(Default)]
pub struct Columns {
    pub accounts: AccountColumns,
    pub settings: SettingsColumns,
    pub entries: EntryColumns,
    pub notes: NoteColumns,
    pub keys: KeyColumns,
    pub holds: HoldColumns,
    pub refunds: RefundColumns,
    pub free_calls: FreeCallColumns,
    pub unenforced: UnenforcedColumns,
    pub repairs: RepairColumns,
    /// Accounts whose balance has fallen below their threshold.
    pub warnings: Vec<LowBalance>,
    /// What other systems are told, each account's in order.
    pub events: Vec<(AccountId, Event)>,
    /// What administrators changed.
    pub admin_changes: Vec<NewChange>,
}

/// How accounts were brought back from the future.
#[derive(Default)]
pub struct RepairColumns {
    pub account_ids: Vec<Uuid>,
    pub was_on: Vec<jiff_sqlx::Date>,
    pub spent_on: Vec<jiff_sqlx::Date>,
    pub day_nos: Vec<i32>,
    pub month_nos: Vec<i32>,
    pub day_carried: Vec<i64>,
    pub month_carried: Vec<i64>,
    pub reasons: Vec<String>,
    pub actors: Vec<String>,
}

/// Entries that were booked while enforcement was off.
#[derive(Default)]
pub struct UnenforcedColumns {
    pub account_ids: Vec<Uuid>,
    pub seqs: Vec<i64>,
}

#[derive(Default)]
pub struct AccountColumns {
    pub account_ids: Vec<Uuid>,
    pub versions: Vec<i64>,
    pub settled: Vec<i64>,
    pub held: Vec<i64>,
    pub overdrafts: Vec<i64>,
    pub spent_on: Vec<jiff_sqlx::Date>,
    pub day_nos: Vec<i32>,
    pub month_nos: Vec<i32>,
    pub day_spent: Vec<i64>,
    pub month_spent: Vec<i64>,
    pub total_spent: Vec<i64>,
    pub request_counts: Vec<i64>,
    pub last_request_at: Vec<Option<SqlTimestamp>>,
    pub entry_seqs: Vec<i64>,
    /// None where it is `spent_on`.
    pub begun_on: Vec<Option<jiff_sqlx::Date>>,
    pub carried_day_nos: Vec<Option<i32>>,
    pub carried_month_nos: Vec<Option<i32>>,
}

#[derive(Default)]
pub struct SettingsColumns {
    pub account_ids: Vec<Uuid>,
    pub daily_limits: Vec<Option<i64>>,
    pub monthly_limits: Vec<Option<i64>>,
    pub thresholds: Vec<Option<i64>>,
    pub time_zones: Vec<String>,
    pub billing_enabled: Vec<bool>,
    pub suspended: Vec<bool>,
    pub warned_on: Vec<Option<jiff_sqlx::Date>>,
    pub gone_on: Vec<Option<jiff_sqlx::Date>>,
    pub gone_counts: Vec<i16>,
    pub gone_at: Vec<Option<SqlTimestamp>>,
    pub warned: Vec<Option<&'static str>>,
    pub warning_due_at: Vec<Option<SqlTimestamp>>,
    pub day_limit_told: Vec<Option<i32>>,
    pub month_limit_told: Vec<Option<i32>>,
}

#[derive(Default)]
pub struct EntryColumns {
    pub account_ids: Vec<Uuid>,
    pub seqs: Vec<i64>,
    pub kinds: Vec<&'static str>,
    pub amounts: Vec<i64>,
    pub balances_after: Vec<i64>,
    pub counterparties: Vec<Cow<'static, str>>,
    pub day_nos: Vec<i32>,
    pub month_nos: Vec<i32>,
    pub request_ids: Vec<Option<String>>,
    pub tools: Vec<Option<String>>,
    pub price_versions: Vec<Option<i64>>,
    pub holds: Vec<Option<Uuid>>,
    pub refunds: Vec<Option<i64>>,
}

#[derive(Default)]
pub struct NoteColumns {
    pub account_ids: Vec<Uuid>,
    pub seqs: Vec<i64>,
    pub descriptions: Vec<Option<String>>,
    pub metadata: Vec<Option<serde_json::Value>>,
    pub reasons: Vec<Option<String>>,
    pub actors: Vec<Option<String>>,
}

#[derive(Default)]
pub struct KeyColumns {
    pub account_ids: Vec<Uuid>,
    pub keys: Vec<String>,
    pub hashes: Vec<Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
    pub holds: Vec<Option<Uuid>>,
}

#[derive(Default)]
pub struct HoldColumns {
    /// How many of them were placed by this batch, and how many were there before.
    pub placed: usize,
    pub changed: usize,
    pub account_ids: Vec<Uuid>,
    pub hold_ids: Vec<Uuid>,
    pub amounts: Vec<i64>,
    pub states: Vec<&'static str>,
    pub expires_at: Vec<SqlTimestamp>,
    pub day_nos: Vec<i32>,
    pub month_nos: Vec<i32>,
    pub tools: Vec<Option<String>>,
    pub price_versions: Vec<Option<i64>>,
    pub waivers: Vec<Option<&'static str>>,
    pub request_ids: Vec<Option<String>>,
    pub end_hashes: Vec<Option<Vec<u8>>>,
    pub end_answers: Vec<Option<Vec<u8>>>,
}

#[derive(Default)]
pub struct RefundColumns {
    pub account_ids: Vec<Uuid>,
    pub seqs: Vec<i64>,
    pub charged: Vec<i64>,
    pub refunded: Vec<i64>,
}

#[derive(Default)]
pub struct FreeCallColumns {
    pub account_ids: Vec<Uuid>,
    pub tools: Vec<String>,
    pub day_nos: Vec<i32>,
    pub used: Vec<i32>,
    pub allowed: Vec<i32>,
}

impl Columns {
    /// What the books leave to be written.
    pub fn of(books: HashMap<AccountId, Book>) -> Self {
        let mut columns = Self::default();
        for book in books.into_values().filter(Book::has_writes) {
            columns.take(book);
        }
        columns
    }

    /// Takes what an account's commands have left to be written: one row for the account, however
    /// many commands there were.
    fn take(&mut self, book: Book) {
        let id = book.id.uuid();
        if book.settings_changed {
            self.settings.push(id, &book.account);
        }
        // Whatever is written of an account counts in its version.
        self.accounts.push(id, &book.account);
        self.warnings.extend(book.warnings);
        let events = book.events.into_iter();
        self.events.extend(events.map(|event| (book.id, event)));
        self.admin_changes.extend(book.admin_changes);
        if let Some(repair) = book.repair {
            self.repairs.push(id, repair);
        }
        self.unenforced.push(id, &book.unenforced);
        let mut keys = book.keys;
        for key in book.new_keys {
            if let Some(used) = keys.remove(&key) {
                self.keys.account_ids.push(id);
                self.keys.keys.push(key);
                self.keys.hashes.push(used.hash.0.to_vec());
                self.keys.answers.push(used.answer);
                self.keys.holds.push(used.hold.map(HoldId::uuid));
            }
        }
        let mut refunded = book.refunded_charges;
        refunded.sort_unstable();
        refunded.dedup();
        for seq in refunded {
            if let Some(charge) = book.charges.get(&seq) {
                self.refunds.account_ids.push(id);
                self.refunds.seqs.push(seq.get());
                self.refunds.charged.push(charge.charged.get());
                self.refunds.refunded.push(charge.refunded.get());
            }
        }
        let mut tools = book.changed_free_calls;
        tools.sort_unstable();
        tools.dedup();
        for tool in tools {
            if let Some(calls) = book.free_calls.get(&tool) {
                self.free_calls.account_ids.push(id);
                self.free_calls.day_nos.push(calls.day_no);
                self.free_calls.used.push(calls.used);
                self.free_calls.allowed.push(calls.allowed);
                self.free_calls.tools.push(tool);
            }
        }
        for (hold, write) in book.holds.into_values() {
            match write {
                HoldWrite::None => continue,
                HoldWrite::Insert => self.holds.placed += 1,
                HoldWrite::Update => self.holds.changed += 1,
            }
            self.holds.push(id, hold);
        }
        for entry in book.new_entries {
            self.push_entry(book.id, entry);
        }
    }

    fn push_entry(&mut self, account: AccountId, entry: NewEntry) {
        let id = account.uuid();
        let entries = &mut self.entries;
        entries.account_ids.push(id);
        entries.seqs.push(entry.seq.get());
        entries.kinds.push(entry.kind.name());
        entries.amounts.push(entry.amount.get());
        entries.balances_after.push(entry.balance_after.get());
        entries.counterparties.push(match entry.counterparty {
            None => Cow::Borrowed(entry.kind.counterparty()),
            Some(name) => Cow::Owned(name.as_ref().to_owned()),
        });
        entries.day_nos.push(entry.period.day_no);
        entries.month_nos.push(entry.period.month_no);
        entries.request_ids.push(entry.request_id);
        entries.tools.push(entry.tool);
        entries.price_versions.push(entry.price_version);
        entries.holds.push(entry.hold.map(HoldId::uuid));
        entries.refunds.push(entry.refunds.map(EntrySeq::get));
        if let Some(note) = entry.note {
            self.notes.push(id, entry.seq, note);
        }
    }
}

impl AccountColumns {
    fn push(&mut self, id: Uuid, account: &AccountState) {
        self.account_ids.push(id);
        self.versions.push(account.version);
        self.settled.push(account.settled.get());
        self.held.push(account.held.get());
        self.overdrafts.push(account.overdraft.get());
        self.spent_on.push(account.spent_on.to_sqlx());
        self.day_nos.push(account.period.day_no);
        self.month_nos.push(account.period.month_no);
        self.day_spent.push(account.day_spent.get());
        self.month_spent.push(account.month_spent.get());
        self.total_spent.push(account.total_spent.get());
        self.request_counts.push(account.request_count);
        self.last_request_at
            .push(account.last_request_at.map(ToSqlx::to_sqlx));
        self.entry_seqs.push(account.entry_seq.get());
        let moved = Some(account.begun_on).filter(|date| *date != account.spent_on);
        self.begun_on.push(moved.map(ToSqlx::to_sqlx));
        let carried = account.carried;
        self.carried_day_nos
            .push(carried.map(|carried| carried.day_no));
        self.carried_month_nos
            .push(carried.map(|carried| carried.month_no));
    }
}

impl SettingsColumns {
    fn push(&mut self, id: Uuid, account: &AccountState) {
        self.account_ids.push(id);
        self.daily_limits.push(account.daily_limit.map(Micros::get));
        self.monthly_limits
            .push(account.monthly_limit.map(Micros::get));
        self.thresholds
            .push(account.low_balance_threshold.map(Micros::get));
        self.time_zones.push(account.time_zone.to_string());
        self.billing_enabled.push(account.billing_enabled);
        self.suspended.push(account.suspended);
        self.warned_on
            .push(account.low_balance_warned_on.map(ToSqlx::to_sqlx));
        self.gone_on
            .push(account.balance_gone_on.map(ToSqlx::to_sqlx));
        self.gone_counts.push(account.balance_gone_count);
        self.gone_at
            .push(account.balance_gone_at.map(ToSqlx::to_sqlx));
        self.warned.push(account.balance_warned.map(Level::name));
        self.warning_due_at
            .push(account.warning_due_at.map(ToSqlx::to_sqlx));
        self.day_limit_told.push(account.day_limit_told);
        self.month_limit_told.push(account.month_limit_told);
    }
}

impl HoldColumns {
    fn push(&mut self, id: Uuid, hold: Hold) {
        let (end_hash, end_answer) = hold
            .end
            .map(|(hash, answer)| (hash.0.to_vec(), answer))
            .unzip();
        self.account_ids.push(id);
        self.hold_ids.push(hold.id.uuid());
        self.amounts.push(hold.amount.get());
        self.states.push(hold.state.name());
        self.expires_at.push(hold.expires_at.to_sqlx());
        self.day_nos.push(hold.counted.day_no);
        self.month_nos.push(hold.counted.month_no);
        self.tools.push(hold.tool);
        self.price_versions.push(hold.price_version);
        self.waivers.push(hold.waiver.map(Waiver::name));
        self.request_ids.push(hold.request_id);
        self.end_hashes.push(end_hash);
        self.end_answers.push(end_answer);
    }
}

impl RepairColumns {
    fn push(&mut self, id: Uuid, repair: Repair) {
        self.account_ids.push(id);
        self.was_on.push(repair.was_on.to_sqlx());
        self.spent_on.push(repair.spent_on.to_sqlx());
        self.day_nos.push(repair.period.day_no);
        self.month_nos.push(repair.period.month_no);
        self.day_carried.push(repair.carried.day.get());
        self.month_carried.push(repair.carried.month.get());
        self.reasons.push(repair.reason);
        self.actors.push(repair.actor);
    }
}

impl UnenforcedColumns {
    fn push(&mut self, id: Uuid, seqs: &[EntrySeq]) {
        self.account_ids.extend(seqs.iter().map(|_| id));
        self.seqs.extend(seqs.iter().map(|seq| seq.get()));
    }
}

impl NoteColumns {
    fn push(&mut self, id: Uuid, seq: EntrySeq, note: Note) {
        self.account_ids.push(id);
        self.seqs.push(seq.get());
        self.descriptions.push(note.description);
        self.metadata.push((!note.metadata.is_empty()).then(|| {
            note.metadata
                .into_iter()
                .map(|(key, value)| (key, serde_json::Value::String(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }));
        self.reasons.push(note.reason);
        self.actors.push(note.actor);
    }
}
