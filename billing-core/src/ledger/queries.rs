//! Every statement of the ledger, one function each.
//!
//! On the hot path a statement serves a whole batch: it takes arrays and finds its rows by key.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::audit::Finding;
use super::columns::{
    AccountColumns, EntryColumns, FreeCallColumns, HoldColumns, KeyColumns, NoteColumns,
    RefundColumns, SettingsColumns,
};
use super::command::CommandHash;
use super::state::{
    AccountState, ChargeState, FreeCalls, Hold, HoldState, Period, UsedKey, Waiver,
};
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;

/// What a new account begins with.
#[derive(Clone, Debug)]
pub struct TenantDefaults {
    pub tenant_id: String,
    pub welcome_grant: Micros,
    pub daily_limit: Option<Micros>,
    pub monthly_limit: Option<Micros>,
}

/// The settings of those tenants that have any.
pub async fn tenant_defaults(
    conn: &mut PgConnection,
    tenant_ids: &[String],
) -> Result<Vec<TenantDefaults>, sqlx::Error> {
    let rows = query!(
        "select tenant_id, welcome_grant_micros, default_daily_limit_micros, default_monthly_limit_micros
         from tenant where tenant_id = any($1)",
        tenant_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| TenantDefaults {
            tenant_id: row.tenant_id,
            welcome_grant: Micros::new(row.welcome_grant_micros),
            daily_limit: row.default_daily_limit_micros.map(Micros::new),
            monthly_limit: row.default_monthly_limit_micros.map(Micros::new),
        })
        .collect())
}

/// Accounts to be opened, sorted by id.
#[derive(Default)]
pub struct Openings {
    pub account_ids: Vec<Uuid>,
    pub tenant_ids: Vec<String>,
    pub user_ids: Vec<String>,
    pub daily_limits: Vec<Option<i64>>,
    pub monthly_limits: Vec<Option<i64>>,
}

/// Inserts the accounts that do not exist and answers with those. Sorted, as all locks are: two
/// batches that open the same accounts wait for each other in one order.
pub async fn insert_accounts(
    conn: &mut PgConnection,
    openings: &Openings,
) -> Result<Vec<AccountId>, sqlx::Error> {
    let ids = query_scalar!(
        r#"with opened as (
            insert into account (account_id, daily_limit_micros, monthly_limit_micros, spent_on)
            select o.account_id, o.daily_limit, o.monthly_limit, (clock_timestamp() at time zone 'UTC')::date
            from unnest($1::uuid[], $4::bigint[], $5::bigint[]) with ordinality
                as o (account_id, daily_limit, monthly_limit, place)
            order by o.place
            on conflict do nothing
            returning account_id
        ), profiles as (
            insert into account_profile (account_id, tenant_id, user_id)
            select p.account_id, p.tenant_id, p.user_id
            from unnest($1::uuid[], $2::text[], $3::text[]) as p (account_id, tenant_id, user_id)
            join opened on opened.account_id = p.account_id
        )
        select account_id as "account_id!" from opened"#,
        &openings.account_ids,
        &openings.tenant_ids,
        &openings.user_ids,
        &openings.daily_limits as &[Option<i64>],
        &openings.monthly_limits as &[Option<i64>],
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AccountId::from_uuid).collect())
}

/// An account's row as the statements below read it.
struct AccountRow {
    /// The database's clock; none from a statement that may have waited for a lock.
    now: Option<SqlTimestamp>,
    account_id: Uuid,
    settled_micros: i64,
    held_micros: i64,
    overdraft_micros: i64,
    daily_limit_micros: Option<i64>,
    monthly_limit_micros: Option<i64>,
    low_balance_threshold_micros: Option<i64>,
    time_zone: String,
    spent_on: jiff_sqlx::Date,
    day_no: i32,
    month_no: i32,
    day_spent_micros: i64,
    month_spent_micros: i64,
    billing_enabled: bool,
    suspended: bool,
    total_spent_micros: i64,
    request_count: i64,
    last_request_at: Option<SqlTimestamp>,
    entry_seq: i64,
    version: i64,
}

impl From<AccountRow> for (AccountId, AccountState) {
    fn from(row: AccountRow) -> Self {
        let state = AccountState {
            settled: Micros::new(row.settled_micros),
            held: Micros::new(row.held_micros),
            overdraft: Micros::new(row.overdraft_micros),
            daily_limit: row.daily_limit_micros.map(Micros::new),
            monthly_limit: row.monthly_limit_micros.map(Micros::new),
            low_balance_threshold: row.low_balance_threshold_micros.map(Micros::new),
            time_zone: row.time_zone.into(),
            spent_on: row.spent_on.to_jiff(),
            period: Period {
                day_no: row.day_no,
                month_no: row.month_no,
            },
            day_spent: Micros::new(row.day_spent_micros),
            month_spent: Micros::new(row.month_spent_micros),
            billing_enabled: row.billing_enabled,
            suspended: row.suspended,
            total_spent: Micros::new(row.total_spent_micros),
            request_count: row.request_count,
            last_request_at: row.last_request_at.map(SqlTimestamp::to_jiff),
            entry_seq: EntrySeq::new(row.entry_seq),
            version: row.version,
        };
        (AccountId::from_uuid(row.account_id), state)
    }
}

/// Locks the rows in the order of their ids, the order of every batch of every core, and reads
/// them as they are once the lock is held. `no key update`: the ids do not change.
pub async fn lock_accounts(
    conn: &mut PgConnection,
    account_ids: &[Uuid],
) -> Result<Vec<(AccountId, AccountState)>, sqlx::Error> {
    let rows = query_as!(
        AccountRow,
        r#"select null::timestamptz as "now: SqlTimestamp", account_id, settled_micros, held_micros,
            overdraft_micros, daily_limit_micros, monthly_limit_micros, low_balance_threshold_micros,
            time_zone, spent_on as "spent_on: jiff_sqlx::Date", day_no, month_no, day_spent_micros,
            month_spent_micros, billing_enabled, suspended, total_spent_micros, request_count,
            last_request_at as "last_request_at: SqlTimestamp", entry_seq, version
        from account where account_id = any($1) order by account_id for no key update"#,
        account_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The rows as they are committed, unlocked, each with the database's clock.
pub async fn find_accounts(
    conn: &mut PgConnection,
    account_ids: &[Uuid],
) -> Result<Vec<(AccountId, AccountState, Timestamp)>, sqlx::Error> {
    let rows = query_as!(
        AccountRow,
        r#"select clock_timestamp() as "now?: SqlTimestamp", account_id, settled_micros, held_micros,
            overdraft_micros, daily_limit_micros, monthly_limit_micros, low_balance_threshold_micros,
            time_zone, spent_on as "spent_on: jiff_sqlx::Date", day_no, month_no, day_spent_micros,
            month_spent_micros, billing_enabled, suspended, total_spent_micros, request_count,
            last_request_at as "last_request_at: SqlTimestamp", entry_seq, version
        from account where account_id = any($1)"#,
        account_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let now = row.now.map_or(Timestamp::UNIX_EPOCH, SqlTimestamp::to_jiff);
            let (id, account) = row.into();
            (id, account, now)
        })
        .collect())
}

/// The database's own clock: the one clock of all cores.
pub async fn clock(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    let now = query_scalar!(r#"select clock_timestamp() as "now!: SqlTimestamp""#)
        .fetch_one(conn)
        .await?;
    Ok(now.to_jiff())
}

/// The keys and holds that a batch names.
#[derive(Default)]
pub struct Wanted {
    pub key_accounts: Vec<Uuid>,
    pub keys: Vec<String>,
    pub hold_accounts: Vec<Uuid>,
    pub holds: Vec<Uuid>,
}

/// What of [`Wanted`] there is, with the one moment that the batch decides by and its transaction.
pub struct Found {
    pub now: Timestamp,
    /// `xid8` of the batch's transaction, for `pg_xact_status` should its COMMIT get no answer.
    pub transaction: String,
    pub keys: Vec<(AccountId, String, UsedKey)>,
    pub holds: Vec<(AccountId, Hold)>,
}

/// Reads keys, the holds that they placed, and holds: in a statement of its own, after the locks,
/// since whatever a statement that waited for a lock has read besides may be stale.
pub async fn find_keys_and_holds(
    conn: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Found, sqlx::Error> {
    let rows = query_as!(
        KeyOrHoldRow,
        r#"select clock_timestamp() as "now!: SqlTimestamp", pg_current_xact_id()::text as "transaction!",
            f.account_id as "account_id?", f.key as "key?", f.command_hash as "command_hash?",
            f.answer as "answer?", f.hold_id as "hold_id?", f.amount_micros as "amount_micros?",
            f.state as "state?", f.placed_at as "placed_at?: SqlTimestamp",
            f.expires_at as "expires_at?: SqlTimestamp", f.day_no as "day_no?",
            f.month_no as "month_no?", f.tool as "tool?", f.price_version as "price_version?",
            f.waiver as "waiver?", f.request_id as "request_id?", f.end_hash as "end_hash?",
            f.end_answer as "end_answer?"
        from (values (1)) as one left join (
            select k.account_id, k.key, k.command_hash, k.answer, h.hold_id, h.amount_micros, h.state,
                h.placed_at, h.expires_at, h.day_no, h.month_no, h.tool, h.price_version, h.waiver,
                h.request_id, h.end_hash, h.end_answer
            from unnest($1::uuid[], $2::text[]) as w (account_id, key)
            join idempotency_key k on k.account_id = w.account_id and k.key = w.key
            left join hold h on h.account_id = k.account_id and h.hold_id = k.hold_id
            union all
            select h.account_id, null, null, null, h.hold_id, h.amount_micros, h.state,
                h.placed_at, h.expires_at, h.day_no, h.month_no, h.tool, h.price_version, h.waiver,
                h.request_id, h.end_hash, h.end_answer
            from unnest($3::uuid[], $4::uuid[]) as w (account_id, hold_id)
            join hold h on h.account_id = w.account_id and h.hold_id = w.hold_id
        ) as f on true"#,
        &wanted.key_accounts,
        &wanted.keys,
        &wanted.hold_accounts,
        &wanted.holds,
    )
    .fetch_all(conn)
    .await?;
    let Some(first) = rows.first() else {
        return Err(sqlx::Error::RowNotFound);
    };
    let mut found = Found {
        now: first.now.to_jiff(),
        transaction: first.transaction.clone(),
        keys: Vec::new(),
        holds: Vec::new(),
    };
    for row in rows {
        let Some(account) = row.account_id.map(AccountId::from_uuid) else {
            continue;
        };
        if let (Some(key), Some(hash), Some(answer)) = (&row.key, &row.command_hash, &row.answer) {
            let used = UsedKey {
                hash: command_hash(hash)?,
                answer: answer.clone(),
                hold: row.hold_id.map(HoldId::from_uuid),
            };
            found.keys.push((account, key.clone(), used));
        }
        if let Some(hold) = row.hold()? {
            found.holds.push((account, hold));
        }
    }
    Ok(found)
}

/// The one moment, and a key, a hold, or a key and the hold that it placed.
struct KeyOrHoldRow {
    now: SqlTimestamp,
    transaction: String,
    account_id: Option<Uuid>,
    key: Option<String>,
    command_hash: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    hold_id: Option<Uuid>,
    amount_micros: Option<i64>,
    state: Option<String>,
    placed_at: Option<SqlTimestamp>,
    expires_at: Option<SqlTimestamp>,
    day_no: Option<i32>,
    month_no: Option<i32>,
    tool: Option<String>,
    price_version: Option<i64>,
    waiver: Option<String>,
    request_id: Option<String>,
    end_hash: Option<Vec<u8>>,
    end_answer: Option<Vec<u8>>,
}

impl KeyOrHoldRow {
    fn hold(self) -> Result<Option<Hold>, sqlx::Error> {
        let (
            Some(id),
            Some(amount),
            Some(state),
            Some(placed_at),
            Some(expires_at),
            Some(day_no),
            Some(month_no),
        ) = (
            self.hold_id,
            self.amount_micros,
            self.state,
            self.placed_at,
            self.expires_at,
            self.day_no,
            self.month_no,
        )
        else {
            return Ok(None);
        };
        let end = match (self.end_hash, self.end_answer) {
            (Some(hash), Some(answer)) => Some((command_hash(&hash)?, answer)),
            _ => None,
        };
        Ok(Some(Hold {
            id: HoldId::from_uuid(id),
            amount: Micros::new(amount),
            state: HoldState::named(&state).ok_or_else(|| unreadable("hold.state"))?,
            placed_at: placed_at.to_jiff(),
            expires_at: expires_at.to_jiff(),
            counted: Period { day_no, month_no },
            tool: self.tool,
            price_version: self.price_version,
            waiver: match self.waiver {
                None => None,
                Some(name) => Some(Waiver::named(&name).ok_or_else(|| unreadable("hold.waiver"))?),
            },
            request_id: self.request_id,
            end,
        }))
    }
}

fn command_hash(bytes: &[u8]) -> Result<CommandHash, sqlx::Error> {
    bytes
        .try_into()
        .map(CommandHash)
        .map_err(|_| unreadable("command_hash"))
}

fn unreadable(column: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{column} holds what this version does not know").into())
}

/// The charges that a batch refunds, with what was refunded before and what a hold had counted.
pub async fn find_charges(
    conn: &mut PgConnection,
    account_ids: &[Uuid],
    seqs: &[i64],
) -> Result<Vec<(AccountId, EntrySeq, ChargeState)>, sqlx::Error> {
    let rows = query!(
        r#"select e.account_id, e.seq, e.amount_micros, e.tool, e.day_no, e.month_no,
            r.refunded_micros as "refunded_micros?", h.amount_micros as "hold_micros?",
            h.day_no as "hold_day_no?", h.month_no as "hold_month_no?"
        from unnest($1::uuid[], $2::bigint[]) as w (account_id, seq)
        join entry e on e.account_id = w.account_id and e.seq = w.seq and e.kind = 'charge'
        left join charge_refund r on r.account_id = e.account_id and r.seq = e.seq
        left join hold h on h.account_id = e.account_id and h.hold_id = e.hold_id"#,
        account_ids,
        seqs
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let charged = Micros::new(row.amount_micros.saturating_neg());
            let held = match (row.hold_micros, row.hold_day_no, row.hold_month_no) {
                (Some(amount), Some(day_no), Some(month_no)) => Some((
                    charged.min(Micros::new(amount)),
                    Period { day_no, month_no },
                )),
                _ => None,
            };
            let charge = ChargeState {
                charged,
                refunded: Micros::new(row.refunded_micros.unwrap_or_default()),
                tool: row.tool,
                counted: Period {
                    day_no: row.day_no,
                    month_no: row.month_no,
                },
                held,
            };
            (
                AccountId::from_uuid(row.account_id),
                EntrySeq::new(row.seq),
                charge,
            )
        })
        .collect())
}

/// The free calls taken of these tools.
pub async fn find_free_calls(
    conn: &mut PgConnection,
    account_ids: &[Uuid],
    tools: &[String],
) -> Result<Vec<(AccountId, String, FreeCalls)>, sqlx::Error> {
    let rows = query!(
        "select f.account_id, f.tool, f.day_no, f.used, f.allowed
        from unnest($1::uuid[], $2::text[]) as w (account_id, tool)
        join free_call f on f.account_id = w.account_id and f.tool = w.tool",
        account_ids,
        tools
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let calls = FreeCalls {
                day_no: row.day_no,
                used: row.used,
                allowed: row.allowed,
            };
            (AccountId::from_uuid(row.account_id), row.tool, calls)
        })
        .collect())
}

/// Writes accounts, entries and keys in one statement: what every batch that moves money writes.
/// Answers with the number of accounts written: fewer than there are means that a row was not the
/// one that was read, and the caller must not commit.
pub async fn write_accounts_entries_keys(
    conn: &mut PgConnection,
    now: Timestamp,
    accounts: &AccountColumns,
    entries: &EntryColumns,
    keys: &KeyColumns,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"with accounts as (
            update account a set settled_micros = n.settled, held_micros = n.held,
                overdraft_micros = n.overdraft, spent_on = n.spent_on, day_no = n.day_no,
                month_no = n.month_no, day_spent_micros = n.day_spent,
                month_spent_micros = n.month_spent, total_spent_micros = n.total_spent,
                request_count = n.request_count, last_request_at = n.last_request_at,
                entry_seq = n.entry_seq, version = a.version + 1
            from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::date[],
                $7::int[], $8::int[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                $13::timestamptz[], $14::bigint[])
                as n (account_id, version, settled, held, overdraft, spent_on, day_no, month_no,
                day_spent, month_spent, total_spent, request_count, last_request_at, entry_seq)
            where a.account_id = n.account_id and a.version = n.version
            returning 1
        ), entries as (
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros,
                counterparty, created_at, day_no, month_no, request_id, tool, price_version, hold_id,
                refunds_seq)
            select n.account_id, n.seq, n.kind, n.amount, n.balance_after, n.counterparty, $28,
                n.day_no, n.month_no, n.request_id, n.tool, n.price_version, n.hold_id, n.refunds_seq
            from unnest($15::uuid[], $16::bigint[], $17::text[], $18::bigint[], $19::bigint[],
                $20::text[], $21::int[], $22::int[], $23::text[], $24::text[], $25::bigint[],
                $26::uuid[], $27::bigint[])
                as n (account_id, seq, kind, amount, balance_after, counterparty, day_no, month_no,
                request_id, tool, price_version, hold_id, refunds_seq)
        ), keys as (
            insert into idempotency_key (account_id, key, command_hash, answer, hold_id)
            select n.account_id, n.key, n.command_hash, n.answer, n.hold_id
            from unnest($29::uuid[], $30::text[], $31::bytea[], $32::bytea[], $33::uuid[])
                as n (account_id, key, command_hash, answer, hold_id)
        )
        select count(*) as "count!" from accounts"#,
        &accounts.account_ids,
        &accounts.versions,
        &accounts.settled,
        &accounts.held,
        &accounts.overdrafts,
        &accounts.spent_on as &[jiff_sqlx::Date],
        &accounts.day_nos,
        &accounts.month_nos,
        &accounts.day_spent,
        &accounts.month_spent,
        &accounts.total_spent,
        &accounts.request_counts,
        &accounts.last_request_at as &[Option<SqlTimestamp>],
        &accounts.entry_seqs,
        &entries.account_ids,
        &entries.seqs,
        &entries.kinds as &[&str],
        &entries.amounts,
        &entries.balances_after,
        &entries.counterparties as &[&str],
        &entries.day_nos,
        &entries.month_nos,
        &entries.request_ids as &[Option<String>],
        &entries.tools as &[Option<String>],
        &entries.price_versions as &[Option<i64>],
        &entries.holds as &[Option<Uuid>],
        &entries.refunds as &[Option<i64>],
        now.to_sqlx() as SqlTimestamp,
        &keys.account_ids,
        &keys.keys,
        &keys.hashes,
        &keys.answers,
        &keys.holds as &[Option<Uuid>],
    )
    .fetch_one(conn)
    .await
}

/// Writes what accounts are set to. Their rows are locked.
pub async fn write_settings(
    conn: &mut PgConnection,
    settings: &SettingsColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "update account a set daily_limit_micros = n.daily_limit, monthly_limit_micros = n.monthly_limit,
            low_balance_threshold_micros = n.threshold, time_zone = n.time_zone,
            billing_enabled = n.billing_enabled, suspended = n.suspended
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bool[], $7::bool[])
            as n (account_id, daily_limit, monthly_limit, threshold, time_zone, billing_enabled, suspended)
        where a.account_id = n.account_id",
        &settings.account_ids,
        &settings.daily_limits as &[Option<i64>],
        &settings.monthly_limits as &[Option<i64>],
        &settings.thresholds as &[Option<i64>],
        &settings.time_zones,
        &settings.billing_enabled,
        &settings.suspended,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Inserts the holds that were placed and ends or extends the others; in one statement. Answers
/// with the number of holds that were changed: fewer than asked means that one had ended already.
pub async fn write_holds(
    conn: &mut PgConnection,
    now: Timestamp,
    placed: &HoldColumns,
    changed: &HoldColumns,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"with placed as (
            insert into hold (account_id, hold_id, amount_micros, state, placed_at, expires_at, day_no,
                month_no, tool, price_version, waiver, request_id, ended_at, end_hash, end_answer)
            select n.account_id, n.hold_id, n.amount, n.state, $17::timestamptz, n.expires_at, n.day_no, n.month_no,
                n.tool, n.price_version, n.waiver, n.request_id,
                case n.state when 'placed' then null else $17::timestamptz end, n.end_hash, n.end_answer
            from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::int[],
                $7::int[], $8::text[], $9::bigint[], $10::text[], $11::text[], $18::bytea[], $19::bytea[])
                as n (account_id, hold_id, amount, state, expires_at, day_no, month_no, tool,
                price_version, waiver, request_id, end_hash, end_answer)
        ), changed as (
            update hold h set state = n.state, expires_at = n.expires_at,
                ended_at = case n.state when 'placed' then null else $17::timestamptz end,
                end_hash = n.end_hash, end_answer = n.end_answer
            from unnest($12::uuid[], $13::uuid[], $14::text[], $15::timestamptz[], $16::bytea[], $20::bytea[])
                as n (account_id, hold_id, state, expires_at, end_hash, end_answer)
            where h.account_id = n.account_id and h.hold_id = n.hold_id and h.state = 'placed'
            returning 1
        )
        select count(*) as "count!" from changed"#,
        &placed.account_ids,
        &placed.hold_ids,
        &placed.amounts,
        &placed.states as &[&str],
        &placed.expires_at as &[SqlTimestamp],
        &placed.day_nos,
        &placed.month_nos,
        &placed.tools as &[Option<String>],
        &placed.price_versions as &[Option<i64>],
        &placed.waivers as &[Option<&str>],
        &placed.request_ids as &[Option<String>],
        &changed.account_ids,
        &changed.hold_ids,
        &changed.states as &[&str],
        &changed.expires_at as &[SqlTimestamp],
        &changed.end_hashes as &[Option<Vec<u8>>],
        now.to_sqlx() as SqlTimestamp,
        &placed.end_hashes as &[Option<Vec<u8>>],
        &placed.end_answers as &[Option<Vec<u8>>],
        &changed.end_answers as &[Option<Vec<u8>>],
    )
    .fetch_one(conn)
    .await
}

/// Writes what people wrote about new entries.
pub async fn insert_notes(conn: &mut PgConnection, notes: &NoteColumns) -> Result<(), sqlx::Error> {
    query!(
        "insert into entry_note (account_id, seq, description, metadata, reason, actor)
        select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], $5::text[], $6::text[])",
        &notes.account_ids,
        &notes.seqs,
        &notes.descriptions as &[Option<String>],
        &notes.metadata as &[Option<serde_json::Value>],
        &notes.reasons as &[Option<String>],
        &notes.actors as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes how much of each charge has been refunded, all told.
pub async fn write_refunds(
    conn: &mut PgConnection,
    refunds: &RefundColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into charge_refund as r (account_id, seq, charged_micros, refunded_micros)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
        on conflict (account_id, seq) do update set refunded_micros = excluded.refunded_micros",
        &refunds.account_ids,
        &refunds.seqs,
        &refunds.charged,
        &refunds.refunded,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes the free calls taken, all told.
pub async fn write_free_calls(
    conn: &mut PgConnection,
    calls: &FreeCallColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into free_call (account_id, tool, day_no, used, allowed)
        select * from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[])
        on conflict (account_id, tool)
            do update set day_no = excluded.day_no, used = excluded.used, allowed = excluded.allowed",
        &calls.account_ids,
        &calls.tools,
        &calls.day_nos,
        &calls.used,
        &calls.allowed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a transaction committed: `committed`, `aborted`, `in progress`, or none where the
/// server no longer knows.
pub async fn transaction_status(
    conn: &mut PgConnection,
    transaction: &str,
) -> Result<Option<String>, sqlx::Error> {
    query_scalar!("select pg_xact_status($1::text::xid8)", transaction)
        .fetch_one(conn)
        .await
}

/// Holds whose time is up, the oldest first.
pub async fn expired_holds(
    pool: &PgPool,
    most: i64,
) -> Result<Vec<(AccountId, HoldId)>, sqlx::Error> {
    let rows = query!(
        "select account_id, hold_id from hold
        where state = 'placed' and expires_at <= clock_timestamp() order by expires_at limit $1",
        most
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                AccountId::from_uuid(row.account_id),
                HoldId::from_uuid(row.hold_id),
            )
        })
        .collect())
}

/// What the tables say differently of one thing. One statement, so that all of it is read from one
/// snapshot.
pub async fn contradictions(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    query_as!(
        Finding,
        r#"with entries as (
            select e.account_id, sum(e.amount_micros)::bigint as total, max(e.seq) as newest, count(*) as rows,
                count(*) filter (where e.kind = 'charge') as charges,
                (-coalesce(sum(e.amount_micros) filter (where e.kind in ('charge', 'refund')), 0))::bigint as spent
            from entry e group by e.account_id
        ), holds as (
            select account_id, sum(amount_micros)::bigint as placed from hold where state = 'placed' group by account_id
        ), chain as (
            select account_id, seq, balance_after_micros,
                sum(amount_micros) over (partition by account_id order by seq)::bigint as running
            from entry
        ), refunds as (
            select account_id, refunds_seq as seq, sum(amount_micros)::bigint as refunded
            from entry where kind = 'refund' group by account_id, refunds_seq
        ), charges as (
            -- Each charge by the periods that counted it: its hold's first, the overage's own.
            select e.account_id, coalesce(h.day_no, e.day_no) as hold_day, coalesce(h.month_no, e.month_no) as hold_month,
                e.day_no, e.month_no, least(-e.amount_micros, coalesce(h.amount_micros, 0)) as by_hold,
                greatest(-e.amount_micros - coalesce(h.amount_micros, 0), 0) as own,
                coalesce(r.refunded_micros, 0) as refunded
            from entry e
            left join hold h on h.account_id = e.account_id and h.hold_id = e.hold_id
            left join charge_refund r on r.account_id = e.account_id and r.seq = e.seq
            where e.kind = 'charge'
        ), counted as (
            select account_id, hold_day as day_no, hold_month as month_no,
                by_hold - greatest(refunded - own, 0) as amount from charges
            union all
            select account_id, day_no, month_no, own - least(refunded, own) from charges
            union all
            select account_id, day_no, month_no, amount_micros from hold where state = 'placed'
        ), used as (
            select a.account_id, coalesce(sum(c.amount) filter (where c.day_no = a.day_no), 0)::bigint as day,
                coalesce(sum(c.amount) filter (where c.month_no = a.month_no), 0)::bigint as month
            from account a left join counted c on c.account_id = a.account_id group by a.account_id
        ), findings as (
            select 'settled is the sum of the entries' as rule, a.account_id, a.settled_micros as account_says,
                coalesce(e.total, 0) as rows_say from account a left join entries e using (account_id)
            union all
            select 'entries have no gaps', a.account_id, a.entry_seq, coalesce(e.rows, 0)
            from account a left join entries e using (account_id)
            union all
            select 'the newest entry is the last', a.account_id, a.entry_seq, coalesce(e.newest, 0)
            from account a left join entries e using (account_id)
            union all
            select 'held is the sum of the placed holds', a.account_id, a.held_micros, coalesce(h.placed, 0)
            from account a left join holds h using (account_id)
            union all
            select 'requests are the charges', a.account_id, a.request_count, coalesce(e.charges, 0)
            from account a left join entries e using (account_id)
            union all
            select 'total spent is charges less refunds', a.account_id, a.total_spent_micros, coalesce(e.spent, 0)
            from account a left join entries e using (account_id)
            union all
            select 'the day''s sum is what counted in it', a.account_id, a.day_spent_micros, u.day
            from account a join used u using (account_id)
            union all
            select 'the month''s sum is what counted in it', a.account_id, a.month_spent_micros, u.month
            from account a join used u using (account_id)
            union all
            select 'each balance follows from the one before', account_id, balance_after_micros, running from chain
            union all
            select 'a charge''s refunds are its refund entries', coalesce(c.account_id, r.account_id),
                coalesce(c.refunded_micros, 0), coalesce(r.refunded, 0)
            from charge_refund c full join refunds r on r.account_id = c.account_id and r.seq = c.seq
            union all
            select 'a captured hold has one charge', h.account_id, (h.state = 'captured')::int::bigint, count(e.seq)
            from hold h left join entry e on e.account_id = h.account_id and e.hold_id = h.hold_id
            group by h.account_id, h.hold_id, h.state
            union all
            select 'an entry has an account', e.account_id, 1, count(a.account_id)
            from entries e left join account a using (account_id) group by e.account_id
        )
        select rule as "rule!", account_id as "account_id!", account_says as "account_says!", rows_say as "rows_say!"
        from findings where account_says <> rows_say limit 1000"#
    )
    .fetch_all(pool)
    .await
}
