//! The versioned price list of each tenant's tools.

mod cancellation;
mod catalogue;
mod cost;
pub mod grpc;
mod queries;
pub mod terms;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;

pub use cancellation::{CancelError, Cancelled, Words, cancel};
pub use catalogue::{Catalogue, CataloguePulse, Reading, Stale, UnpricedTools};
pub use cost::{PriceError, cost_of, least_common_multiple};

use crate::admin_change::{self, Deed, Fields, LeadsTo, NewChange, Said};
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
    /// It was planned, and will never hold.
    pub cancelled_at: Option<Timestamp>,
}

impl Price {
    /// What comes last among the versions of a tool: the latest start, and of one start the one that was
    /// set last.
    const fn rank(&self) -> (Timestamp, i64) {
        (self.effective_at, self.version)
    }

    /// For who reads what was changed.
    fn fields(&self) -> Fields {
        let mut fields = Fields::from([
            ("tool", self.tool.clone()),
            ("version", self.version.to_string()),
            ("per_call_micros", self.terms.per_call.get().to_string()),
            ("exempt", self.terms.exempt.to_string()),
            (
                "free_calls_per_day",
                self.terms.free_calls_per_day.to_string(),
            ),
            ("effective_at", self.effective_at.to_string()),
        ]);
        let units = self.terms.unit_prices.iter();
        let units: Vec<_> = units
            .map(|price| format!("{}={}/{}", price.unit, price.amount.get(), price.per_units))
            .collect();
        if !units.is_empty() {
            fields.insert("unit_prices", units.join(" "));
        }
        fields
    }

    fn change(&self, deed: Deed, said: Said, before: Fields, after: Fields) -> NewChange {
        NewChange {
            account: None,
            deed,
            said,
            before,
            after,
            leads_to: LeadsTo::Price {
                tool: self.tool.clone(),
                version: self.version,
            },
        }
    }
}

/// The version that holds at a moment: of those that have started and were not cancelled, the last by its
/// start. Of one tool.
fn holding<'a>(versions: impl Iterator<Item = &'a Price>, at: Timestamp) -> Option<&'a Price> {
    versions
        .filter(|price| price.cancelled_at.is_none() && price.effective_at <= at)
        .max_by_key(|price| price.rank())
}

/// Of versions of any tools: those that hold, and those that will.
fn in_force(mut versions: Vec<Price>, now: Timestamp) -> Vec<Price> {
    let hold: Vec<(String, i64)> = versions
        .chunk_by(|a, b| a.tool == b.tool)
        .filter_map(|of_tool| holding(of_tool.iter(), now))
        .map(|price| (price.tool.clone(), price.version))
        .collect();
    versions.retain(|price| {
        let is_planned = price.cancelled_at.is_none() && price.effective_at > now;
        let is_one =
            |(tool, version): &(String, i64)| *tool == price.tool && *version == price.version;
        is_planned || hold.iter().any(is_one)
    });
    versions
}

/// A version, and what it means for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub price: Price,
    /// The one that would hold at its start without it.
    pub superseded: Option<Price>,
    /// Those that take over from it, earliest first.
    pub planned: Vec<Price>,
    /// The tool's that hold or will, newest version first.
    pub prices: Vec<Price>,
}

impl Placed {
    fn among(price: Price, mut versions: Vec<Price>, now: Timestamp) -> Self {
        versions.retain(|other| other.version != price.version);
        let superseded = holding(
            versions.iter().filter(|other| other.rank() < price.rank()),
            price.effective_at,
        )
        .cloned();
        let mut planned: Vec<Price> = versions
            .iter()
            .filter(|other| other.cancelled_at.is_none() && other.rank() > price.rank())
            .cloned()
            .collect();
        planned.sort_by_key(Price::rank);
        // Of those with one start, the one that was set last holds.
        planned.reverse();
        planned.dedup_by_key(|other| other.effective_at);
        planned.reverse();
        Self {
            prices: with(price.clone(), versions, now),
            price,
            superseded,
            planned,
        }
    }
}

/// Those of a tool that hold or will, with one that was changed.
fn with(changed: Price, mut versions: Vec<Price>, now: Timestamp) -> Vec<Price> {
    versions.retain(|other| other.version != changed.version);
    versions.push(changed);
    versions.sort_by_key(|price| Reverse(price.version));
    in_force(versions, now)
}

/// Adds a version of a tool's price, and keeps who did; where it is there already, answers with that one, so that
/// the call may be repeated.
pub async fn set(
    pool: &PgPool,
    (tenant_id, tool): (&str, &str),
    terms: &Terms,
    effective_at: Option<Timestamp>,
    said: Said,
) -> Result<Placed, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    queries::lock_tool(&mut transaction, tenant_id, tool).await?;
    // Statements of their own after the lock: whoever held it before has committed.
    let versions = queries::prices(&mut transaction, Some(tenant_id), Some(tool)).await?;
    let now = clock(&mut *transaction).await?;
    let same = same(&versions, effective_at, soonest(now)).filter(|price| price.terms == *terms);
    if let Some(same) = same.cloned() {
        return Ok(Placed::among(same, versions, now));
    }
    let price =
        queries::insert_price(&mut transaction, tenant_id, tool, terms, effective_at).await?;
    let placed = Placed::among(price, versions, now);
    let before = placed.superseded.as_ref().map(Price::fields);
    let after = placed.price.fields();
    let change = placed
        .price
        .change(Deed::PriceSet, said, before.unwrap_or_default(), after);
    let at = placed.price.created_at;
    admin_change::insert(&mut transaction, Some(tenant_id), at, vec![change]).await?;
    transaction.commit().await?;
    Ok(placed)
}

/// When a version begins at the earliest that is set now.
fn soonest(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(LEAD_SECS))
        .unwrap_or(Timestamp::MAX)
}

/// The version that a call would repeat. A plan is repeated by one with its start alone: it is to hold from
/// then on, whatever is set for an earlier day meanwhile. Without a start of its own a version is
/// repeated by the one that holds as soon as it could.
fn same(versions: &[Price], effective_at: Option<Timestamp>, soonest: Timestamp) -> Option<&Price> {
    // As precise as the database.
    let starts = |price: &&Price, at: Timestamp| {
        price.cancelled_at.is_none() && price.effective_at.as_microsecond() == at.as_microsecond()
    };
    let planned = |at| {
        let of_this_start = versions.iter().filter(|price| starts(price, at));
        of_this_start.max_by_key(|price| price.version)
    };
    match effective_at {
        Some(at) if at > soonest => planned(at),
        Some(at) => planned(at).or_else(|| holding(versions.iter(), soonest)),
        None => holding(versions.iter(), soonest),
    }
}

/// The prices of a tenant, newest version first; those that no longer hold, and those that will not, only
/// where asked for.
pub async fn list(
    pool: &PgPool,
    tenant_id: &str,
    tool: Option<&str>,
    include_past: bool,
) -> Result<Vec<Price>, sqlx::Error> {
    let now = clock(pool).await?;
    let mut prices = queries::prices(&mut *pool.acquire().await?, Some(tenant_id), tool).await?;
    if !include_past {
        prices = in_force(prices, now);
    }
    Ok(prices)
}
