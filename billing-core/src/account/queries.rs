//! Every statement about tenants.

use sqlx::{PgConnection, PgExecutor, query};

use super::Tenant;
use crate::money::Micros;
use crate::price::UnpricedTools;

pub async fn find_tenant(
    executor: impl PgExecutor<'_>,
    tenant_id: &str,
) -> Result<Option<Tenant>, sqlx::Error> {
    let row = query!(
        "select tenant_id, welcome_grant_micros, unpriced_tools, default_daily_limit_micros,
            default_monthly_limit_micros, topup_url
        from tenant where tenant_id = $1",
        tenant_id
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Tenant {
        tenant_id: row.tenant_id,
        welcome_grant: Micros::new(row.welcome_grant_micros),
        unpriced_tools: UnpricedTools::named(&row.unpriced_tools),
        default_daily_limit: row.default_daily_limit_micros.map(Micros::new),
        default_monthly_limit: row.default_monthly_limit_micros.map(Micros::new),
        topup_url: row.topup_url,
    }))
}

/// One change of a tenant at a time: whoever makes the next waits here.
pub async fn lock_tenant(conn: &mut PgConnection, tenant_id: &str) -> Result<(), sqlx::Error> {
    query!(
        "select pg_advisory_xact_lock(hashtextextended('tenant' || chr(31) || $1, 0))",
        tenant_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn upsert_tenant(conn: &mut PgConnection, tenant: &Tenant) -> Result<(), sqlx::Error> {
    query!(
        "insert into tenant (tenant_id, welcome_grant_micros, unpriced_tools, default_daily_limit_micros,
            default_monthly_limit_micros, topup_url)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id) do update set welcome_grant_micros = excluded.welcome_grant_micros,
            unpriced_tools = excluded.unpriced_tools,
            default_daily_limit_micros = excluded.default_daily_limit_micros,
            default_monthly_limit_micros = excluded.default_monthly_limit_micros,
            topup_url = excluded.topup_url, updated_at = now()",
        tenant.tenant_id,
        tenant.welcome_grant.get(),
        tenant.unpriced_tools.name(),
        tenant.default_daily_limit.map(Micros::get),
        tenant.default_monthly_limit.map(Micros::get),
        tenant.topup_url,
    )
    .execute(conn)
    .await?;
    Ok(())
}
