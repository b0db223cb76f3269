//! How tenants are supported.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::HashMap;

use sqlx::{PgConnection, PgExecutor, query, query_scalar};

use super::super::{Sponsorship, Thresholds};
use crate::id::AccountId;

/// How the tenants are supported that were ever set.
pub async fn find_sponsorships(
    executor: impl PgExecutor<'_>,
    tenants: &[&str],
) -> Result<HashMap<String, Sponsorship>, sqlx::Error> {
    let rows = query!(
        "select tenant_id, goal_minor, bronze_minor, silver_minor, gold_minor, platinum_minor, zone,
            presets_minor, shows_totals, wording, wording_version
        from sponsorship where tenant_id = any($1)",
        tenants as &[&str],
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sponsorship = Sponsorship {
                tenant_id: row.tenant_id.clone(),
                goal_minor: row.goal_minor,
                thresholds: Thresholds {
                    bronze: row.bronze_minor,
                    silver: row.silver_minor,
                    gold: row.gold_minor,
                    platinum: row.platinum_minor,
                },
                zone: row.zone,
                presets_minor: row.presets_minor,
                shows_totals: row.shows_totals,
                wording: row.wording,
                wording_version: row.wording_version,
            };
            (row.tenant_id, sponsorship)
        })
        .collect())
}

/// Those that were ever set, or given something.
pub async fn list_tenants(executor: impl PgExecutor<'_>) -> Result<Vec<String>, sqlx::Error> {
    query_scalar!(
        r#"select tenant_id as "tenant_id!" from sponsorship
        union select tenant_id from sponsorship_sum order by 1"#
    )
    .fetch_all(executor)
    .await
}

/// Everybody who supports a tenant.
pub async fn accounts_of_tenant(
    executor: impl PgExecutor<'_>,
    tenant: &str,
) -> Result<Vec<AccountId>, sqlx::Error> {
    let accounts = query_scalar!(
        "select account_id from supporter where tenant_id = $1",
        tenant
    )
    .fetch_all(executor)
    .await?;
    Ok(accounts.into_iter().map(AccountId::from_uuid).collect())
}

/// Locks a tenant's row, which is made where there is none.
pub async fn lock_sponsorship(conn: &mut PgConnection, tenant: &str) -> Result<(), sqlx::Error> {
    query!(
        "insert into sponsorship (tenant_id) values ($1)
        on conflict (tenant_id) do update set tenant_id = excluded.tenant_id",
        tenant,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn upsert_sponsorship(
    executor: impl PgExecutor<'_>,
    new: &Sponsorship,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into sponsorship (tenant_id, goal_minor, bronze_minor, silver_minor, gold_minor,
            platinum_minor, zone, presets_minor, shows_totals, wording, wording_version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant_id) do update set goal_minor = excluded.goal_minor,
            bronze_minor = excluded.bronze_minor, silver_minor = excluded.silver_minor,
            gold_minor = excluded.gold_minor, platinum_minor = excluded.platinum_minor,
            zone = excluded.zone, presets_minor = excluded.presets_minor,
            shows_totals = excluded.shows_totals, wording = excluded.wording,
            wording_version = excluded.wording_version, updated_at = clock_timestamp()",
        new.tenant_id,
        new.goal_minor,
        new.thresholds.bronze,
        new.thresholds.silver,
        new.thresholds.gold,
        new.thresholds.platinum,
        new.zone,
        &new.presets_minor,
        new.shows_totals,
        new.wording,
        new.wording_version,
    )
    .execute(executor)
    .await?;
    Ok(())
}
