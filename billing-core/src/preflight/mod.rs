//! The pre-flight check: may this user spend this much? Reads committed data and writes nothing.

pub mod grpc;

use tokio::time::Instant;

use crate::id::AccountId;
use crate::ledger::{Answer, Context, Cost, LocalTime, ReadError, Reader, Refusal, assess_check};
use crate::price::{CataloguePulse, Stale};

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Stale(#[from] Stale),
}

/// Decides as `PlaceHold` or Charge would at this moment, and holds nothing. A free call is predicted,
/// not taken.
pub async fn check(
    reader: &Reader,
    prices: &CataloguePulse,
    account: AccountId,
    tenant_id: &str,
    cost: &Cost,
    deadline: Instant,
) -> Result<Answer, CheckError> {
    let counted_tool = match cost {
        Cost::Amount(_) => None,
        Cost::Tool(tool) => prices
            .fresh()?
            .has_free_calls(tool)
            .then(|| tool.name.clone()),
    };
    let mut snapshot = reader
        .read(account, tenant_id, counted_tool, deadline)
        .await?;
    // As it is now: the read may have waited.
    let prices = prices.reading();
    let mut context = Context {
        catalogue: &prices.catalogue,
        catalogue_is_fresh: prices.is_fresh(),
        enforced: prices.switches.enforcement,
        tells_events: false,
        time: LocalTime::new(snapshot.now),
    };
    let free_calls = snapshot.free_calls;
    Ok(assess_check(
        &mut snapshot.account,
        cost,
        free_calls,
        &mut context,
    )?)
}
