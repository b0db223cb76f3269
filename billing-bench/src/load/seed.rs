//! Accounts with money, before a load begins.

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// The tenant whose accounts are used.
pub const TENANT: &str = "bench";

/// What each account has at first: 1,000,000 USD, more than any load spends.
pub const FUNDS_MICROS: i64 = 1_000_000_000_000;

/// Accounts in one statement.
const CHUNK: u64 = 20_000;

/// The namespace of account ids, a constant of the product.
const ACCOUNT_NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_2f6e_7c52_4d0c_9c7b_5e0a_b111_0001);

/// The user of the account with this number.
pub fn user(number: u64) -> String {
    format!("user-{number}")
}

/// The id that the product gives the account of a user: by it accounts can be opened in bulk.
pub fn account_id(tenant_id: &str, user_id: &str) -> Uuid {
    let mut name = Vec::with_capacity(16 + tenant_id.len() + user_id.len());
    for part in [tenant_id, user_id] {
        name.extend_from_slice(&part.len().to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&ACCOUNT_NAMESPACE, &name)
}

/// Opens the tenant's accounts 0 to `accounts` − 1, without limits, each with a first entry of
/// [`FUNDS_MICROS`]; those that exist stay as they are. As the role that owns the schema.
pub async fn seed(owner_url: &str, accounts: u64) -> Result<()> {
    let mut connection = PgConnection::connect(owner_url)
        .await
        .context("cannot connect as the owner of the database")?;
    let mut from = 0;
    while from < accounts {
        let to = accounts.min(from + CHUNK);
        let users: Vec<String> = (from..to).map(user).collect();
        let ids: Vec<Uuid> = users.iter().map(|user| account_id(TENANT, user)).collect();
        insert(&mut connection, &ids, &users).await?;
        from = to;
    }
    connection.close().await?;
    Ok(())
}

async fn insert(connection: &mut PgConnection, ids: &[Uuid], users: &[String]) -> Result<()> {
    let opened: i64 = sqlx::query_scalar(OPEN)
        .bind(ids)
        .bind(users)
        .bind(TENANT)
        .bind(FUNDS_MICROS)
        .fetch_one(connection)
        .await
        .context("cannot open accounts")?;
    ensure!(opened >= 0, "no accounts were opened");
    Ok(())
}

/// Account, profile and first entry, as the product would have written them.
const OPEN: &str = "
    with opened as (
        insert into account (account_id, settled_micros, entry_seq, version, spent_on)
        select o.account_id, $4, 1, 1, (clock_timestamp() at time zone 'UTC')::date
        from unnest($1::uuid[]) as o (account_id)
        on conflict do nothing
        returning account_id
    ), profiles as (
        insert into account_profile (account_id, tenant_id, user_id)
        select p.account_id, $3, p.user_id
        from unnest($1::uuid[], $2::text[]) as p (account_id, user_id)
        join opened on opened.account_id = p.account_id
    ), entries as (
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
            created_at, day_no, month_no)
        select account_id, 1, 'grant', $4, $4, 'grants', clock_timestamp(), 1, 1 from opened
    )
    select count(*) from opened";

#[cfg(test)]
mod tests {
    use super::account_id;

    #[test]
    fn an_account_id_is_the_one_that_the_product_gives() {
        assert_eq!(
            account_id("demo", "alice").to_string(),
            "c975e547-6046-5c8f-b361-8bfd9fffc274"
        );
    }
}
