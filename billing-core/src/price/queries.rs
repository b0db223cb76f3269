//! Every statement about prices.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, query};

use super::catalogue::{TenantTerms, UnpricedTools};
use super::{LEAD_SECS, Price, Terms, UnitPrice, Words};
use crate::money::Micros;

pub async fn tenant_terms(pool: &PgPool) -> Result<HashMap<String, TenantTerms>, sqlx::Error> {
    let rows = query!("select tenant_id, unpriced_tools, topup_url from tenant")
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let terms = TenantTerms {
                unpriced_tools: UnpricedTools::named(&row.unpriced_tools),
                topup_url: row.topup_url.into(),
            };
            (row.tenant_id, terms)
        })
        .collect())
}

/// Every version of every price; of one tenant, or one tool, where they are named.
pub async fn prices(
    conn: &mut PgConnection,
    tenant_id: Option<&str>,
    tool: Option<&str>,
) -> Result<Vec<Price>, sqlx::Error> {
    // Prices first: a version and its units are committed together, so each price that is read here
    // finds all its units below.
    let rows = query!(
        r#"select tenant_id, tool, version, per_call_micros, exempt, free_calls_per_day,
            effective_at as "effective_at: SqlTimestamp", created_at as "created_at: SqlTimestamp",
            cancelled_at as "cancelled_at?: SqlTimestamp"
        from price left join price_cancellation using (tenant_id, tool, version)
        where ($1::text is null or tenant_id = $1) and ($2::text is null or tool = $2)
        order by tenant_id, tool, version desc"#,
        tenant_id,
        tool
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut units: HashMap<(String, String, i64), Vec<UnitPrice>> = HashMap::new();
    for row in query!(
        "select tenant_id, tool, version, unit, amount_micros, per_units from price_unit
        where ($1::text is null or tenant_id = $1) and ($2::text is null or tool = $2)
        order by tenant_id, tool, version, unit",
        tenant_id,
        tool
    )
    .fetch_all(&mut *conn)
    .await?
    {
        units
            .entry((row.tenant_id, row.tool, row.version))
            .or_default()
            .push(UnitPrice {
                unit: row.unit,
                amount: Micros::new(row.amount_micros),
                per_units: row.per_units,
            });
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let unit_prices = units
                .remove(&(row.tenant_id.clone(), row.tool.clone(), row.version))
                .unwrap_or_default();
            Price {
                tenant_id: row.tenant_id,
                tool: row.tool,
                version: row.version,
                terms: Terms {
                    per_call: Micros::new(row.per_call_micros),
                    unit_prices,
                    exempt: row.exempt,
                    free_calls_per_day: row.free_calls_per_day,
                },
                effective_at: row.effective_at.to_jiff(),
                created_at: row.created_at.to_jiff(),
                cancelled_at: row.cancelled_at.map(SqlTimestamp::to_jiff),
            }
        })
        .collect())
}

/// One version of a tool at a time: whoever adds the next waits here.
pub async fn lock_tool(
    conn: &mut PgConnection,
    tenant_id: &str,
    tool: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 0))",
        tenant_id,
        tool
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds the next version, effective at `effective_at` or as soon as possible.
pub async fn insert_price(
    conn: &mut PgConnection,
    tenant_id: &str,
    tool: &str,
    terms: &Terms,
    effective_at: Option<Timestamp>,
) -> Result<Price, sqlx::Error> {
    let row = query!(
        r#"insert into price (tenant_id, tool, version, per_call_micros, exempt, free_calls_per_day,
            effective_at, created_at)
        select $1, $2, (select coalesce(max(version), 0) + 1 from price where tenant_id = $1 and tool = $2),
            $3, $4, $5, greatest($6, c.now + make_interval(secs => $7::bigint::double precision)), c.now
        from (select clock_timestamp() as now) as c
        returning version, effective_at as "effective_at: SqlTimestamp", created_at as "created_at: SqlTimestamp""#,
        tenant_id,
        tool,
        terms.per_call.get(),
        terms.exempt,
        terms.free_calls_per_day,
        effective_at.map(ToSqlx::to_sqlx) as Option<SqlTimestamp>,
        LEAD_SECS,
    )
    .fetch_one(&mut *conn)
    .await?;
    for price in &terms.unit_prices {
        query!(
            "insert into price_unit (tenant_id, tool, version, unit, amount_micros, per_units)
            values ($1, $2, $3, $4, $5, $6)",
            tenant_id,
            tool,
            row.version,
            price.unit,
            price.amount.get(),
            price.per_units,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(Price {
        tenant_id: tenant_id.to_owned(),
        tool: tool.to_owned(),
        version: row.version,
        terms: terms.clone(),
        effective_at: row.effective_at.to_jiff(),
        created_at: row.created_at.to_jiff(),
        cancelled_at: None,
    })
}

/// Cancels a version, and answers with the moment; none where it has started, or will before every core
/// knows of it.
pub async fn insert_cancellation(
    conn: &mut PgConnection,
    price: &Price,
    words: &Words<'_>,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = query!(
        r#"insert into price_cancellation (tenant_id, tool, version, reason, actor, cancelled_at)
        select $1, $2, $3, $4, $5, c.now from (select clock_timestamp() as now) as c
        where $6::timestamptz >= c.now + make_interval(secs => $7::bigint::double precision)
        returning cancelled_at as "cancelled_at: SqlTimestamp""#,
        price.tenant_id,
        price.tool,
        price.version,
        words.reason,
        words.actor,
        price.effective_at.to_sqlx() as SqlTimestamp,
        LEAD_SECS,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.cancelled_at.to_jiff()))
}
