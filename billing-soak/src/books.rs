//! What the database says, read by SQL and not through the product.

use anyhow::Result;
use sqlx::PgConnection;

/// The tenant of every account here.
pub const TENANT: &str = "soak";

#[derive(Clone, Debug, Default)]
pub struct Books {
    pub entries: Vec<EntryRow>,
    pub holds: Vec<HoldRow>,
    /// Those of callers.
    pub keys: Vec<KeyRow>,
    pub accounts: Vec<AccountRow>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EntryRow {
    #[sqlx(flatten)]
    pub entry: Entry,
    /// Microseconds since the epoch, as all times here.
    pub created_at: i64,
}

/// What of an entry follows from the answer that named it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    pub entry_id: String,
    pub user_id: String,
    pub kind: String,
    pub amount_micros: i64,
    pub request_id: Option<String>,
    pub hold_id: Option<String>,
    /// The charge that a refund gives back.
    pub refunds: Option<String>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HoldRow {
    pub hold_id: String,
    pub user_id: String,
    pub amount_micros: i64,
    pub state: String,
    pub request_id: Option<String>,
    pub placed_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeyRow {
    pub user_id: String,
    pub key: String,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccountRow {
    pub user_id: String,
    pub settled_micros: i64,
    pub held_micros: i64,
}

impl Books {
    /// Reads everything; nothing may be under way.
    pub async fn read(connection: &mut PgConnection) -> Result<Self> {
        let entries = sqlx::query_as(
            "select replace(account_id::text, '-', '') || '-' || seq as entry_id, user_id, kind,
                amount_micros, request_id, hold_id::text,
                replace(account_id::text, '-', '') || '-' || refunds_seq as refunds,
                (extract(epoch from created_at) * 1000000)::bigint as created_at
            from entry left join account_profile using (account_id) order by account_id, seq",
        );
        let holds = sqlx::query_as(
            "select hold_id::text, user_id, amount_micros, state, request_id,
                (extract(epoch from placed_at) * 1000000)::bigint as placed_at,
                (extract(epoch from expires_at) * 1000000)::bigint as expires_at,
                (extract(epoch from ended_at) * 1000000)::bigint as ended_at
            from hold left join account_profile using (account_id) order by account_id, hold_id",
        );
        let keys = sqlx::query_as(
            "select user_id, substr(key, 3) as key
            from idempotency_key left join account_profile using (account_id)
            where left(key, 2) = 'c:' order by account_id, key",
        );
        let accounts = sqlx::query_as(
            "select user_id, settled_micros, held_micros
            from account left join account_profile using (account_id) order by user_id",
        );
        Ok(Self {
            entries: entries.fetch_all(&mut *connection).await?,
            holds: holds.fetch_all(&mut *connection).await?,
            keys: keys.fetch_all(&mut *connection).await?,
            accounts: accounts.fetch_all(&mut *connection).await?,
        })
    }
}
