//! What a batch locks and reads, and what a check reads.
//!
//! A lateral subquery with `offset 0` is planned by itself: its rows are found by key, for each row
//! before it, whatever the planner thinks of the table's size.

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::command::CommandHash;
use super::super::state::{
    AccountState, ChargeState, FreeCalls, Hold, HoldState, Level, Period, UsedKey, Waiver,
};
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;

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
    low_balance_warned_on: Option<jiff_sqlx::Date>,
    balance_gone_on: Option<jiff_sqlx::Date>,
    balance_gone_count: i16,
    balance_gone_at: Option<SqlTimestamp>,
    balance_warned: Option<String>,
    warning_due_at: Option<SqlTimestamp>,
    day_limit_told: Option<i32>,
    month_limit_told: Option<i32>,
    time_zone: String,
    spent_on: jiff_sqlx::Date,
    begun_on: Option<jiff_sqlx::Date>,
    day_no: i32,
    month_no: i32,
    carried_day_no: Option<i32>,
    carried_month_no: Option<i32>,
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
            low_balance_warned_on: row.low_balance_warned_on.map(jiff_sqlx::Date::to_jiff),
            balance_gone_on: row.balance_gone_on.map(jiff_sqlx::Date::to_jiff),
            balance_gone_count: row.balance_gone_count,
            balance_gone_at: row.balance_gone_at.map(SqlTimestamp::to_jiff),
            balance_warned: row.balance_warned.as_deref().and_then(Level::named),
            warning_due_at: row.warning_due_at.map(SqlTimestamp::to_jiff),
            day_limit_told: row.day_limit_told,
            month_limit_told: row.month_limit_told,
            time_zone: row.time_zone.into(),
            spent_on: row.spent_on.to_jiff(),
            begun_on: row.begun_on.unwrap_or(row.spent_on).to_jiff(),
            period: Period {
                day_no: row.day_no,
                month_no: row.month_no,
            },
            day_spent: Micros::new(row.day_spent_micros),
            month_spent: Micros::new(row.month_spent_micros),
            carried: row
                .carried_day_no
                .zip(row.carried_month_no)
                .map(|(day_no, month_no)| Period { day_no, month_no }),
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
            low_balance_warned_on as "low_balance_warned_on: jiff_sqlx::Date",
            balance_gone_on as "balance_gone_on: jiff_sqlx::Date", balance_gone_count,
            balance_gone_at as "balance_gone_at: SqlTimestamp", balance_warned,
            warning_due_at as "warning_due_at: SqlTimestamp", day_limit_told, month_limit_told,
            time_zone, spent_on as "spent_on: jiff_sqlx::Date",
            begun_on as "begun_on: jiff_sqlx::Date", day_no, month_no, carried_day_no, carried_month_no,
            day_spent_micros, month_spent_micros,
            billing_enabled, suspended, total_spent_micros, request_count,
            last_request_at as "last_request_at: SqlTimestamp", entry_seq, version
        from account where account_id = any($1) order by account_id for no key update"#,
        account_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Until its end, the transaction waits hardly longer for a lock than a batch takes.
pub async fn hardly_wait(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    query!("set local lock_timeout = '50ms'")
        .execute(conn)
        .await?;
    Ok(())
}

/// Those of the accounts that another session has locked, without waiting for it. Locks the others
/// until the transaction ends.
pub async fn locked_accounts(
    conn: &mut PgConnection,
    account_ids: &[Uuid],
) -> Result<Vec<AccountId>, sqlx::Error> {
    let ids = query_scalar!(
        "with free as (
            select account_id from account where account_id = any($1) for no key update skip locked
        )
        select account_id from account where account_id = any($1) and account_id not in (select account_id from free)",
        account_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AccountId::from_uuid).collect())
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
            low_balance_warned_on as "low_balance_warned_on: jiff_sqlx::Date",
            balance_gone_on as "balance_gone_on: jiff_sqlx::Date", balance_gone_count,
            balance_gone_at as "balance_gone_at: SqlTimestamp", balance_warned,
            warning_due_at as "warning_due_at: SqlTimestamp", day_limit_told, month_limit_told,
            time_zone, spent_on as "spent_on: jiff_sqlx::Date",
            begun_on as "begun_on: jiff_sqlx::Date", day_no, month_no, carried_day_no, carried_month_no,
            day_spent_micros, month_spent_micros,
            billing_enabled, suspended, total_spent_micros, request_count,
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

/// One account as it is committed; none where nothing was ever written for it.
pub async fn find_account(
    pool: &PgPool,
    account: AccountId,
) -> Result<Option<AccountState>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let found = find_accounts(&mut connection, &[account.uuid()]).await?;
    Ok(found.into_iter().next().map(|(_, account, _)| account))
}

/// The keys and holds that a batch names.
#[derive(Default)]
pub struct Wanted {
    pub key_accounts: Vec<Uuid>,
    pub keys: Vec<String>,
    pub hold_accounts: Vec<Uuid>,
    pub holds: Vec<Uuid>,
}

/// What of [`Wanted`] there is, with the one moment that the batch decides by.
pub struct Found {
    pub now: Timestamp,
    pub keys: Vec<(AccountId, String, UsedKey)>,
    pub holds: Vec<(AccountId, Hold)>,
}

/// Reads keys, the holds that they placed, and holds: in a statement of its own, after the locks,
/// since whatever a statement that waited for a lock has read besides may be stale.
#[expect(clippy::too_many_lines, reason = "most of it is one statement")]
pub async fn find_keys_and_holds(
    conn: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Found, sqlx::Error> {
    let rows = query_as!(
        KeyOrHoldRow,
        r#"select clock_timestamp() as "now!: SqlTimestamp",
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
            cross join lateral (select * from idempotency_key k
                where k.account_id = w.account_id and k.key = w.key offset 0) as k
            left join lateral (select * from hold h
                where h.account_id = k.account_id and h.hold_id = k.hold_id offset 0) as h on true
            union all
            select h.account_id, null, null, null, h.hold_id, h.amount_micros, h.state,
                h.placed_at, h.expires_at, h.day_no, h.month_no, h.tool, h.price_version, h.waiver,
                h.request_id, h.end_hash, h.end_answer
            from unnest($3::uuid[], $4::uuid[]) as w (account_id, hold_id)
            cross join lateral (select * from hold h
                where h.account_id = w.account_id and h.hold_id = w.hold_id offset 0) as h
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
        cross join lateral (select * from entry e
            where e.account_id = w.account_id and e.seq = w.seq and e.kind = 'charge' offset 0) as e
        left join lateral (select * from charge_refund r
            where r.account_id = e.account_id and r.seq = e.seq offset 0) as r on true
        left join lateral (select * from hold h
            where h.account_id = e.account_id and h.hold_id = e.hold_id offset 0) as h on true"#,
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
        cross join lateral (select * from free_call f
            where f.account_id = w.account_id and f.tool = w.tool offset 0) as f",
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

/// Accounts whose user is to be told something now, the longest due first. A moment that lies further
/// ahead than any can was noted while the clock was wrong.
pub async fn due_warnings(pool: &PgPool, most: i64) -> Result<Vec<AccountId>, sqlx::Error> {
    let ids = query_scalar!(
        "select account_id from account
        where warning_due_at <= clock_timestamp() or warning_due_at > clock_timestamp() + interval '3 days'
        order by warning_due_at limit $1",
        most
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(AccountId::from_uuid).collect())
}
