//! Accounts with money, before a load begins.

use std::ops::Range;

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// The tenant whose accounts are used.
pub const TENANT: &str = "bench";

/// What each account has at first: 1,000,000 USD, more than any load spends.
pub const FUNDS_MICROS: i64 = 1_000_000_000_000;

/// Accounts that one statement opens, with all that belongs to them.
pub const CHUNK: usize = 20_000;

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

/// An account's id and its number.
pub type Member = (Uuid, u64);

/// A key and an answer as the product has written them: what is filled in is of the same length.
pub struct Pattern {
    pub key_bytes: i32,
    pub answer: Vec<u8>,
}

pub fn members(accounts: Range<u64>) -> Vec<Member> {
    accounts
        .map(|account| (account_id(TENANT, &user(account)), account))
        .collect()
}

/// Opens the tenant's accounts 0 to `accounts` − 1, without limits, each with a first entry of
/// [`FUNDS_MICROS`]; those that exist stay as they are. As the role that owns the schema.
pub async fn seed(owner_url: &str, accounts: u64) -> Result<()> {
    let mut connection = PgConnection::connect(owner_url)
        .await
        .context("cannot connect as the owner of the database")?;
    for chunk in members(0..accounts).chunks(CHUNK) {
        open_accounts(&mut connection, chunk, 1, None).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Opens accounts with so many entries each, the first a grant of [`FUNDS_MICROS`], and by a pattern
/// with a key for each: books that the audit accepts. Answers with how many were not there before.
pub async fn open_accounts(
    owner: &mut PgConnection,
    members: &[Member],
    entries_each: u64,
    pattern: Option<&Pattern>,
) -> Result<i64> {
    let (ids, users): (Vec<Uuid>, Vec<String>) = members
        .iter()
        .map(|(id, account)| (*id, user(*account)))
        .unzip();
    sqlx::query_scalar(OPEN)
        .bind(ids)
        .bind(users)
        .bind(TENANT)
        .bind(i64::try_from(entries_each)?)
        .bind(FUNDS_MICROS)
        .bind(pattern.map(|pattern| pattern.key_bytes))
        .bind(pattern.map(|pattern| pattern.answer.as_slice()))
        .fetch_one(owner)
        .await
        .context("cannot open accounts")
}

/// As the product would have written it.
const OPEN: &str = "
    with accounts as (
        insert into account (account_id, settled_micros, spent_on, day_spent_micros,
            month_spent_micros, total_spent_micros, request_count, last_request_at, entry_seq, version)
        select account_id, $5 - 1000 * ($4 - 1), (now() at time zone 'UTC')::date, 1000 * ($4 - 1),
            1000 * ($4 - 1), 1000 * ($4 - 1), $4 - 1, case when $4 > 1 then now() end, $4, $4
        from unnest($1::uuid[]) as o (account_id)
        on conflict do nothing
        returning account_id
    ), profiles as (
        insert into account_profile (account_id, tenant_id, user_id)
        select account_id, $3, user_id
        from unnest($1::uuid[], $2::text[]) as m (account_id, user_id) join accounts using (account_id)
    ), entries as (
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros,
            counterparty, created_at, day_no, month_no, request_id)
        select account_id, seq, case seq when 1 then 'grant' else 'charge' end,
            case seq when 1 then $5 else -1000 end, $5 - 1000 * (seq - 1),
            case seq when 1 then 'grants' else 'usage' end, now(), 1, 1,
            case when seq > 1 then lpad(seq::text, $6 - 2, 'f') end
        from accounts cross join generate_series(1, $4::bigint) as seq
    ), keys as (
        insert into idempotency_key (account_id, key, command_hash, answer)
        select account_id, 'c:' || lpad(seq::text, $6 - 2, 'f'),
            uuid_send(account_id) || uuid_send(account_id), $7
        from accounts cross join generate_series(1, $4::bigint) as seq where $7 is not null
    )
    select count(*) from accounts";

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
