//! The versioned price list of each tenant's tools.

mod catalogue;
mod cost;
pub mod grpc;
mod queries;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::PgPool;

pub use catalogue::{Catalogue, CataloguePulse, Reading, Stale, UnpricedTools};
pub use cost::{PriceError, cost_of, least_common_multiple};

use crate::database::clock;
use crate::money::Micros;

/// How far ahead a version starts: the 5 s after which a core that could not refresh its list
/// refuses to price, the 2 s that a batch may then wait for a lock, and one for the commit of the
/// version itself. So whoever decides at a version's start has read it.
pub const LEAD_SECS: i64 = 8;

/// One use of a tool by a tenant's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    pub tenant_id: String,
    pub name: String,
    /// How much of each unit, none negative.
    pub quantities: BTreeMap<String, i64>,
}

/// The price of one unit: `amount` for each `per_units`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    pub unit: String,
    pub amount: Micros,
    pub per_units: i64,
}

/// What of a price its owner decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub per_call: Micros,
    /// Sorted by unit.
    pub unit_prices: Vec<UnitPrice>,
    pub exempt: bool,
    pub free_calls_per_day: i32,
}

/// One version of a tool's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub tenant_id: String,
    pub tool: String,
    pub version: i64,
    pub terms: Terms,
    pub effective_at: Timestamp,
    pub created_at: Timestamp,
}

/// Adds a version of a tool's price; where the newest version says the same already, answers with
/// that one, so that the call may be repeated.
pub async fn set(
    pool: &PgPool,
    tenant_id: &str,
    tool: &str,
    terms: &Terms,
    effective_at: Option<Timestamp>,
) -> Result<Price, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    queries::lock_tool(&mut transaction, tenant_id, tool).await?;
    // A statement of its own after the lock: whoever held it before has committed.
    let newest = queries::prices(&mut transaction, Some(tenant_id), Some(tool))
        .await?
        .into_iter()
        .next();
    if let Some(newest) = newest
        && newest.terms == *terms
        && effective_at.is_none_or(|at| newest.effective_at <= at)
    {
        return Ok(newest);
    }
    let price =
        queries::insert_price(&mut transaction, tenant_id, tool, terms, effective_at).await?;
    transaction.commit().await?;
    Ok(price)
}

/// The prices of a tenant, newest version first; those that no longer hold only where asked for.
pub async fn list(
    pool: &PgPool,
    tenant_id: &str,
    tool: Option<&str>,
    include_past: bool,
) -> Result<Vec<Price>, sqlx::Error> {
    let now = clock(pool).await?;
    let mut prices = queries::prices(&mut *pool.acquire().await?, Some(tenant_id), tool).await?;
    if !include_past {
        // Newest first: whatever follows the first effective version of its tool is past.
        let mut holds: Option<String> = None;
        prices.retain(|price| {
            if holds.as_ref() == Some(&price.tool) {
                return false;
            }
            if price.effective_at <= now {
                holds = Some(price.tool.clone());
            }
            true
        });
    }
    Ok(prices)
}
