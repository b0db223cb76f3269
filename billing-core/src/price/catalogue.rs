//! The price list in memory, and the operators' switches: small, refreshed every second, never edited.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Price, ToolUse, queries};
use crate::outbox;
use crate::switch::Switches;
use crate::switch::queries::positions;

/// Older than this, the list may miss a version that already holds, and a switch: nothing is decided by it.
const STALE_AFTER: Duration = Duration::from_secs(5);
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// What a tool without a price is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnpricedTools {
    #[default]
    Deny,
    Free,
}

impl UnpricedTools {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Free => "free",
        }
    }

    /// What is not known is denied.
    pub fn named(name: &str) -> Self {
        if name == Self::Free.name() {
            Self::Free
        } else {
            Self::Deny
        }
    }
}

/// What the list knows of a tenant besides its prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantTerms {
    pub unpriced_tools: UnpricedTools,
    pub topup_url: Arc<str>,
}

/// One reading of all price lists.
#[derive(Debug, Default)]
pub struct Catalogue {
    tenants: HashMap<String, TenantTerms>,
    /// By tenant and tool, the latest start first: see `Price::rank`.
    prices: HashMap<String, HashMap<String, Vec<Price>>>,
}

impl Catalogue {
    pub fn new(tenants: HashMap<String, TenantTerms>, prices: Vec<Price>) -> Self {
        let mut by_tool: HashMap<String, HashMap<String, Vec<Price>>> = HashMap::new();
        for price in prices {
            by_tool
                .entry(price.tenant_id.clone())
                .or_default()
                .entry(price.tool.clone())
                .or_default()
                .push(price);
        }
        for versions in by_tool.values_mut().flat_map(HashMap::values_mut) {
            versions.sort_by_key(|price| std::cmp::Reverse(price.rank()));
        }
        Self {
            tenants,
            prices: by_tool,
        }
    }

    /// The version that holds at `now`: of those that have started, the last by its start.
    pub fn price(&self, tool: &ToolUse, now: Timestamp) -> Option<&Price> {
        self.versions(tool)
            .iter()
            .find(|price| price.effective_at <= now && price.cancelled_at.is_none())
    }

    /// One version, in force or not.
    pub fn version(&self, tool: &ToolUse, version: i64) -> Option<&Price> {
        self.versions(tool)
            .iter()
            .find(|price| price.version == version)
    }

    /// Whether any version of the tool's price, past or to come, has free calls.
    pub fn has_free_calls(&self, tool: &ToolUse) -> bool {
        self.versions(tool)
            .iter()
            .any(|price| price.terms.free_calls_per_day > 0)
    }

    pub fn unpriced_tools(&self, tenant_id: &str) -> UnpricedTools {
        self.tenants
            .get(tenant_id)
            .map_or_else(UnpricedTools::default, |tenant| tenant.unpriced_tools)
    }

    /// Where a denied user tops up; empty where the tenant has set nothing.
    pub fn topup_url(&self, tenant_id: &str) -> &str {
        self.tenants
            .get(tenant_id)
            .map_or("", |tenant| &tenant.topup_url)
    }

    fn versions(&self, tool: &ToolUse) -> &[Price] {
        self.prices
            .get(&tool.tenant_id)
            .and_then(|tools| tools.get(&tool.name))
            .map_or(&[], Vec::as_slice)
    }
}

/// The price lists as they were read at one moment.
#[derive(Debug)]
pub struct Reading {
    pub catalogue: Arc<Catalogue>,
    pub switches: Switches,
    /// Whether other systems are told what happens: what is not, is not written.
    pub tells_events: bool,
    read_at: Instant,
}

impl Reading {
    /// A reading of this moment, with everything switched on; it tells nobody.
    pub fn now(catalogue: Catalogue) -> Self {
        Self {
            catalogue: Arc::new(catalogue),
            switches: Switches::default(),
            tells_events: false,
            read_at: Instant::now(),
        }
    }

    /// The switches, if they are fresh enough to decide by.
    pub fn switches(&self) -> Result<&Switches, Stale> {
        if self.is_fresh() {
            Ok(&self.switches)
        } else {
            Err(Stale)
        }
    }

    /// Whether every version that holds is in it, and every switch as it stands.
    pub fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < STALE_AFTER
    }
}

/// The newest reading of the price lists, kept fresh by a task of its own.
#[derive(Clone)]
pub struct CataloguePulse(Arc<ArcSwap<Reading>>);

/// The list could not be refreshed for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price list and the switches could not be refreshed for {} s", STALE_AFTER.as_secs())]
pub struct Stale;

impl CataloguePulse {
    /// Reads the list once, then every second until `shutdown`.
    pub async fn start(pool: PgPool, shutdown: CancellationToken) -> Result<Self, sqlx::Error> {
        let pulse = Self(Arc::new(ArcSwap::from_pointee(read(&pool).await?)));
        tokio::spawn(pulse.clone().refresh(pool, shutdown));
        Ok(pulse)
    }

    /// The newest reading, however old: good for the versions of the past.
    pub fn latest(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.load().catalogue)
    }

    /// The newest reading, if it is fresh enough to price by.
    pub fn fresh(&self) -> Result<Arc<Catalogue>, Stale> {
        let reading = self.0.load();
        if reading.is_fresh() {
            Ok(Arc::clone(&reading.catalogue))
        } else {
            Err(Stale)
        }
    }

    /// The newest reading, which tells itself whether it is fresh.
    pub fn reading(&self) -> Arc<Reading> {
        self.0.load_full()
    }

    async fn refresh(self, pool: PgPool, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(REFRESH_EVERY) => {}
            }
            match read(&pool).await {
                Ok(reading) => self.0.store(Arc::new(reading)),
                Err(error) => warn!(%error, "price list not refreshed"),
            }
        }
    }
}

async fn read(pool: &PgPool) -> Result<Reading, sqlx::Error> {
    // Before the query: what commits while it runs may be missed.
    let read_at = Instant::now();
    let tenants = queries::tenant_terms(pool).await?;
    let prices = queries::prices(&mut *pool.acquire().await?, None, None).await?;
    let switches = Switches::of(positions(pool).await?);
    let tells_events = outbox::tells_events(pool).await?;
    Ok(Reading {
        catalogue: Arc::new(Catalogue::new(tenants, prices)),
        switches,
        tells_events,
        read_at,
    })
}
