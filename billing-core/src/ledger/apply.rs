//! Carries out a batch of commands inside the caller's transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::Columns;
use super::command::{Action, Command, CommandHash, EntryKind, Keyed, Opening, Post};
use super::decide::{Answer, Context, Refusal, decide};
use super::local_time::LocalTime;
use super::queries::{self, Found, Openings, TenantDefaults, Wanted};
use super::state::{AccountState, Book, HoldWrite};
use super::told;
use crate::admin_change;
use crate::database::{clock, explained};
use crate::id::AccountId;
use crate::money::Micros;
use crate::outbox::{self, Notice};
use crate::price::{Catalogue, Reading};

/// Limits of a new account where its tenant has set none: 10 USD a day, 100 USD a month.
pub const DEFAULT_DAILY_LIMIT: Micros = Micros::new(10_000_000);
pub const DEFAULT_MONTHLY_LIMIT: Micros = Micros::new(100_000_000);

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A row that was locked was not the row that was read. Nothing may be committed.
    #[error("{table}: {written} of {expected} rows written")]
    RowsMissed {
        table: &'static str,
        expected: usize,
        written: i64,
    },
}

impl ApplyError {
    /// What an operator has to look at; none where it looks like a defect.
    pub fn explained(&self) -> Option<&'static str> {
        match self {
            Self::Sql(error) => explained(error),
            Self::RowsMissed { .. } => None,
        }
    }
}

/// Decides the commands in order and writes what they change. Answers with an outcome for each, true
/// once the caller's transaction is committed. Joins the caller's transaction,
/// which must be READ COMMITTED and must be rolled back on an error.
///
/// Three statements, whatever the number of commands: lock, read, write; and a few more where
/// accounts are opened, or something is written that seldom is.
pub async fn apply(
    conn: &mut PgConnection,
    prices: &Reading,
    commands: &[Command],
) -> Result<Vec<Result<Answer, Refusal>>, ApplyError> {
    let mut told = Vec::new();
    let outcomes = apply_untold(conn, &mut told, prices, commands).await?;
    if !told.is_empty() {
        let now = clock(&mut *conn).await?;
        outbox::enqueue(conn, &told, now).await?;
    }
    Ok(outcomes)
}

/// The same, for a transaction that goes on to other rows: what is told is to be written behind all of them, since
/// the counters of the outbox are locked last.
pub async fn apply_untold(
    conn: &mut PgConnection,
    told: &mut Vec<(AccountId, Notice)>,
    prices: &Reading,
    commands: &[Command],
) -> Result<Vec<Result<Answer, Refusal>>, ApplyError> {
    // Sorted: the one lock order of all batches of all cores.
    let mut ids: Vec<Uuid> = commands
        .iter()
        .map(|command| command.account.uuid())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut accounts = queries::lock_accounts(conn, &ids).await?;
    let welcome = if accounts.len() < ids.len() {
        open_missing(conn, commands, &mut accounts).await?
    } else {
        Vec::new()
    };
    let mut books: HashMap<AccountId, Book> = accounts
        .into_iter()
        .map(|(id, account)| (id, Book::new(id, account)))
        .collect();

    // A statement of its own: whatever was read while waiting for a lock may be stale.
    let found = find_keys_and_holds(conn, commands).await?;
    for (account, key, used) in found.keys {
        if let Some(book) = books.get_mut(&account) {
            book.keys.insert(key, used);
        }
    }
    for (account, hold) in found.holds {
        if let Some(book) = books.get_mut(&account) {
            book.holds.insert(hold.id, (hold, HoldWrite::None));
        }
    }
    read_charges(conn, commands, &mut books).await?;
    read_free_calls(conn, &prices.catalogue, commands, &mut books).await?;

    let mut context = Context {
        catalogue: &prices.catalogue,
        catalogue_is_fresh: prices.is_fresh(),
        enforced: prices.switches.enforcement,
        tells_events: prices.tells_events,
        time: LocalTime::new(found.now),
    };
    read_counted(conn, commands, &context.time, &mut books).await?;
    let outcomes = decide_all(&mut books, &welcome, commands, &mut context)?;
    told.extend(write(conn, found.now, books, prices.tells_events).await?);
    Ok(outcomes)
}

/// In order, after the welcomes of the accounts that were opened.
fn decide_all(
    books: &mut HashMap<AccountId, Book>,
    welcome: &[(AccountId, Command)],
    commands: &[Command],
    context: &mut Context<'_>,
) -> Result<Vec<Result<Answer, Refusal>>, ApplyError> {
    let mut welcomed = HashMap::new();
    for (account, command) in welcome {
        if let Some(book) = books.get_mut(account) {
            // A welcome that cannot be given (it never overflows a new account) is none.
            if decide(book, command, context).is_ok() {
                welcomed.insert(*account, book.account.settled);
            }
        }
    }
    let mut outcomes = Vec::with_capacity(commands.len());
    for command in commands {
        let mut outcome = match books.get_mut(&command.account) {
            Some(book) => decide(book, command, context),
            None => Err(absent(command)?),
        };
        if let Ok(answer) = &mut outcome
            && let Some(welcome) = welcomed.remove(&command.account)
        {
            answer.besides.welcome = welcome;
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Opens the accounts that were not found, and locks them. Answers with the welcome grants of those
/// that this transaction opened: whoever's insert made the row writes its first entry.
///
/// They are locked last, out of the order of ids. Two batches can so wait for each other where one
/// has opened an account of both a moment ago: the database then ends one, which is tried again.
async fn open_missing(
    conn: &mut PgConnection,
    commands: &[Command],
    accounts: &mut Vec<(AccountId, AccountState)>,
) -> Result<Vec<(AccountId, Command)>, ApplyError> {
    let found: HashSet<AccountId> = accounts.iter().map(|(id, _)| *id).collect();
    let unknown: BTreeMap<AccountId, &Opening> = commands
        .iter()
        .filter(|command| !found.contains(&command.account))
        .filter_map(|command| Some((command.account, command.action.opening()?)))
        .collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let mut tenant_ids: Vec<String> = unknown
        .values()
        .map(|opening| opening.tenant_id.clone())
        .collect();
    tenant_ids.sort_unstable();
    tenant_ids.dedup();
    let tenants: HashMap<String, TenantDefaults> = queries::tenant_defaults(conn, &tenant_ids)
        .await?
        .into_iter()
        .map(|tenant| (tenant.tenant_id.clone(), tenant))
        .collect();
    let mut openings = Openings::default();
    for (account, opening) in &unknown {
        let (daily, monthly) = default_limits(tenants.get(&opening.tenant_id));
        openings.account_ids.push(account.uuid());
        openings.tenant_ids.push(opening.tenant_id.clone());
        openings.user_ids.push(opening.user_id.clone());
        openings.daily_limits.push(daily.map(Micros::get));
        openings.monthly_limits.push(monthly.map(Micros::get));
    }
    let opened = queries::insert_accounts(conn, &openings).await?;
    accounts.extend(queries::lock_accounts(conn, &openings.account_ids).await?);
    Ok(opened
        .into_iter()
        .filter_map(|account| {
            let opening = unknown.get(&account)?;
            let amount = tenants.get(&opening.tenant_id)?.welcome_grant;
            let command = welcome(account, opening, amount);
            amount.is_positive().then_some((account, command))
        })
        .collect())
}

fn welcome(account: AccountId, opening: &Opening, amount: Micros) -> Command {
    let hash = CommandHash::of("welcome").number(amount.get()).finish();
    Command {
        account,
        action: Action::Post(Post {
            opening: opening.clone(),
            keyed: Keyed::by_system("welcome", hash),
            kind: EntryKind::Grant,
            amount,
            counterparty: None,
            note: None,
        }),
    }
}

fn default_limits(tenant: Option<&TenantDefaults>) -> (Option<Micros>, Option<Micros>) {
    tenant.map_or(
        (Some(DEFAULT_DAILY_LIMIT), Some(DEFAULT_MONTHLY_LIMIT)),
        |tenant| (tenant.daily_limit, tenant.monthly_limit),
    )
}

/// An account that was never written, as it is once its first command comes: with the limits and
/// the welcome grant of its tenant.
pub fn account_to_be(tenant: Option<&TenantDefaults>, now: jiff::Timestamp) -> AccountState {
    let (daily, monthly) = default_limits(tenant);
    let today = TimeZone::UTC.to_datetime(now).date();
    let welcome = tenant.map_or(Micros::ZERO, |tenant| tenant.welcome_grant);
    AccountState {
        settled: welcome,
        ..AccountState::new(daily, monthly, today)
    }
}

fn wanted(commands: &[Command]) -> Wanted {
    let mut wanted = Wanted::default();
    for command in commands {
        if let Some(keyed) = command.action.key() {
            wanted.key_accounts.push(command.account.uuid());
            wanted.keys.push(keyed.key.clone());
        }
        if let Some(hold) = command.action.hold() {
            wanted.hold_accounts.push(command.account.uuid());
            wanted.holds.push(hold.uuid());
        }
    }
    wanted
}

async fn read_charges(
    conn: &mut PgConnection,
    commands: &[Command],
    books: &mut HashMap<AccountId, Book>,
) -> Result<(), ApplyError> {
    let (accounts, seqs): (Vec<Uuid>, Vec<i64>) = commands
        .iter()
        .filter_map(|command| match &command.action {
            Action::RefundCharge(refund) => Some((command.account.uuid(), refund.charge.get())),
            _ => None,
        })
        .unzip();
    if accounts.is_empty() {
        return Ok(());
    }
    for (account, seq, charge) in queries::find_charges(conn, &accounts, &seqs).await? {
        if let Some(book) = books.get_mut(&account) {
            book.charges.insert(seq, charge);
        }
    }
    Ok(())
}

/// The accounts whose clock is to be repaired.
fn to_be_repaired(commands: &[Command]) -> impl Iterator<Item = AccountId> {
    let repairs = |command: &&Command| matches!(command.action, Action::RepairClock(_));
    commands
        .iter()
        .filter(repairs)
        .map(|command| command.account)
}

/// The keys and holds that the commands name, and the holds that a repair is about.
async fn find_keys_and_holds(
    conn: &mut PgConnection,
    commands: &[Command],
) -> Result<Found, ApplyError> {
    let mut wanted = wanted(commands);
    for account in to_be_repaired(commands) {
        for hold in queries::holds_ahead(conn, account).await? {
            wanted.hold_accounts.push(account.uuid());
            wanted.holds.push(hold);
        }
    }
    Ok(queries::find_keys_and_holds(conn, &wanted).await?)
}

async fn read_counted(
    conn: &mut PgConnection,
    commands: &[Command],
    time: &LocalTime,
    books: &mut HashMap<AccountId, Book>,
) -> Result<(), ApplyError> {
    for account in to_be_repaired(commands) {
        if let Some(book) = books.get_mut(&account) {
            let (day, month) = time.began(&book.account.time_zone);
            let counted = queries::counted_since(conn, account, day, month, time.now()).await?;
            book.counted = Some(counted);
        }
    }
    Ok(())
}

/// Reads the counters of the tools that have free calls, and of free holds that may come back.
async fn read_free_calls(
    conn: &mut PgConnection,
    catalogue: &Catalogue,
    commands: &[Command],
    books: &mut HashMap<AccountId, Book>,
) -> Result<(), ApplyError> {
    let mut wanted: Vec<(Uuid, String)> = commands
        .iter()
        .filter_map(|command| {
            let tool = command
                .action
                .tool()
                .filter(|tool| catalogue.has_free_calls(tool))?;
            Some((command.account.uuid(), tool.name.clone()))
        })
        .collect();
    for book in books.values() {
        let free = book
            .holds
            .values()
            .filter(|(hold, _)| hold.waiver.is_some());
        wanted.extend(free.filter_map(|(hold, _)| Some((book.id.uuid(), hold.tool.clone()?))));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let (accounts, tools): (Vec<Uuid>, Vec<String>) = wanted.into_iter().unzip();
    for (account, tool, calls) in queries::find_free_calls(conn, &accounts, &tools).await? {
        if let Some(book) = books.get_mut(&account) {
            book.free_calls.insert(tool, calls);
        }
    }
    Ok(())
}

/// Why a command on an account without a row is refused. One that opens accounts has found its
/// row, unless the row was only believed to be there.
fn absent(command: &Command) -> Result<Refusal, ApplyError> {
    match &command.action {
        Action::RefundCharge(_) => Ok(Refusal::ChargeNotFound),
        Action::RepairClock(_) => Ok(Refusal::ClockIsRight),
        // It was opened above.
        action if action.opening().is_some() => Err(ApplyError::RowsMissed {
            table: "account",
            expected: 1,
            written: 0,
        }),
        _ => Ok(Refusal::HoldNotFound),
    }
}

/// Writes the batch, one row for an account however many commands it had, and counts the rows: a
/// batch that missed one must not be committed. Answers with what is told of it.
async fn write(
    conn: &mut PgConnection,
    now: jiff::Timestamp,
    books: HashMap<AccountId, Book>,
    tells_events: bool,
) -> Result<Vec<(AccountId, Notice)>, ApplyError> {
    let columns = Columns::of(books);
    let accounts = columns.accounts.account_ids.len();
    if accounts > 0 {
        let written = queries::write_batch(conn, now, &columns).await?;
        missed("account", accounts, written.accounts)?;
        missed("hold placed", columns.holds.placed, written.placed)?;
        missed("hold changed", columns.holds.changed, written.changed)?;
    }
    if !columns.settings.account_ids.is_empty() {
        queries::write_settings(conn, &columns.settings).await?;
    }
    if !columns.notes.account_ids.is_empty() {
        queries::insert_notes(conn, &columns.notes).await?;
    }
    if !columns.refunds.account_ids.is_empty() {
        queries::write_refunds(conn, &columns.refunds).await?;
    }
    if !columns.free_calls.account_ids.is_empty() {
        queries::write_free_calls(conn, &columns.free_calls).await?;
    }
    if !columns.unenforced.account_ids.is_empty() {
        queries::insert_unenforced(conn, &columns.unenforced).await?;
    }
    if !columns.repairs.account_ids.is_empty() {
        queries::insert_repairs(conn, now, &columns.repairs).await?;
    }
    admin_change::insert(conn, None, now, columns.admin_changes).await?;
    let mut notices: Vec<_> = columns
        .warnings
        .iter()
        .map(|warning| {
            let notice = told::low_balance(warning.settled, warning.threshold);
            (warning.account, notice)
        })
        .collect();
    if tells_events {
        let events = columns.events.into_iter();
        notices.extend(events.map(|(account, event)| (account, told::event(event))));
    }
    Ok(notices)
}

fn missed(table: &'static str, expected: usize, written: i64) -> Result<(), ApplyError> {
    if i64::try_from(expected) == Ok(written) {
        Ok(())
    } else {
        Err(ApplyError::RowsMissed {
            table,
            expected,
            written,
        })
    }
}
