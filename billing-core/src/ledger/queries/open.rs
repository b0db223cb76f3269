//! Accounts come into being with their first command.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::id::AccountId;
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
