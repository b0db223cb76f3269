//! A version that is not to hold after all.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use super::{LEAD_SECS, Price, holding, queries, soonest, with};
use crate::admin_change::{self, Deed, Fields, NewChange, Said};
use crate::database::clock;

/// Why a version was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    #[error("the tool has no such version of its price")]
    NotFound,
    #[error("the version holds, or starts within {LEAD_SECS} s: another one takes over from it")]
    Started,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// What became of a version that was not to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancelled {
    pub price: Price,
    /// It was too late: this takes over from it.
    pub restored: Option<Price>,
    /// The tool's that hold or will, newest version first.
    pub prices: Vec<Price>,
}

/// Cancels a version that is planned: as if it had not been set. May be repeated. What takes over from it
/// is what would have held without it. Where it is too late for that, and where `or_restore`, what holds now is set
/// again.
pub async fn cancel(
    pool: &PgPool,
    (tenant_id, tool): (&str, &str),
    version: i64,
    words: &Words<'_>,
    or_restore: bool,
) -> Result<Cancelled, CancelError> {
    let mut transaction = pool.begin().await?;
    queries::lock_tool(&mut transaction, tenant_id, tool).await?;
    let versions = queries::prices(&mut transaction, Some(tenant_id), Some(tool)).await?;
    let now = clock(&mut *transaction).await?;
    let mut price = versions
        .iter()
        .find(|price| price.version == version)
        .cloned()
        .ok_or(CancelError::NotFound)?;
    let mut restored = None;
    if price.cancelled_at.is_none() {
        price.cancelled_at = queries::insert_cancellation(&mut transaction, &price, words).await?;
        let (change, at) = if let Some(at) = price.cancelled_at {
            let before = price.fields();
            let change = price.change(Deed::PriceCancel, Said::default(), before, Fields::new());
            (Some(change), at)
        } else {
            let held = to_restore(&price, &versions, now).filter(|_| or_restore);
            let held = held.ok_or(CancelError::Started)?;
            let (again, change) = restore(&mut transaction, &price, held, words).await?;
            let at = again.created_at;
            restored = Some(again);
            (change, at)
        };
        let changes = change.into_iter().collect();
        admin_change::insert(&mut transaction, Some(tenant_id), at, changes).await?;
        transaction.commit().await?;
    }
    let mut prices = with(price.clone(), versions, now);
    if let Some(restored) = &restored {
        prices = with(restored.clone(), prices, now);
    }
    Ok(Cancelled {
        price,
        restored,
        prices,
    })
}

/// Of a version that begins too soon to be cancelled: what holds now, and what then is as soon as anything can be
/// set. None where it has begun, where nothing holds, or where another one takes over from it anyway.
fn to_restore<'a>(
    price: &Price,
    versions: &'a [Price],
    now: Timestamp,
) -> Option<(&'a Price, &'a Price)> {
    let held = holding(versions.iter(), now).filter(|_| price.effective_at > now)?;
    let next = holding(versions.iter(), soonest(now))?;
    // It was set so that what held then holds again, and what it takes over from holds by now: to undo that would
    // bring the mistake back. Whoever wants that sets it.
    let was = holding(versions.iter(), price.created_at);
    let brings_back = price.effective_at == soonest(price.created_at)
        && was.is_some_and(|was| was.terms == price.terms);
    if brings_back && held.terms != price.terms {
        return None;
    }
    let is_restored = next.rank() > price.rank() && next.terms == held.terms;
    (next.version == price.version || is_restored).then_some((held, next))
}

/// Sets what holds again, if that was not done before.
async fn restore(
    conn: &mut PgConnection,
    price: &Price,
    (held, next): (&Price, &Price),
    words: &Words<'_>,
) -> Result<(Price, Option<NewChange>), sqlx::Error> {
    if next.terms == held.terms {
        return Ok((next.clone(), None));
    }
    let (tenant_id, tool) = (&price.tenant_id, &price.tool);
    let again = queries::insert_price(conn, tenant_id, tool, &held.terms, None).await?;
    let said = Said {
        actor: Some(words.actor.to_owned()),
        reason: Some(words.reason.to_owned()),
    };
    let change = again.change(Deed::PriceSet, said, price.fields(), again.fields());
    Ok((again, Some(change)))
}

/// Why, and by whom.
pub struct Words<'a> {
    pub reason: &'a str,
    pub actor: &'a str,
}
