//! What a whole tenant has spent, by day of UTC: sums of its accounts' days, and the entries that are in none.
//!
//! They are made as those of one account are: behind the ledger, by who asks, and of each account's entries in their
//! order. So what commits late, or by a clock that was set back, is in exactly one of the two
//! (docs/decisions/0040).

mod queries;

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

use crate::database::{is_blocked, is_out_of_time};
use crate::money::Micros;

pub use queries::check;

/// So many entries of a tenant are read rather than summed up.
const READ_MOST: i64 = 20_000;
/// Entries of one account, and about as many of all of them, that one short transaction sums up.
const STEP: i64 = 5_000;
const STEP_OF_ALL: i64 = 20_000;
/// For so long a question sums up. Where that is not enough it reads the entries of its days, and the next one goes on.
const SUMMING_UP: Duration = Duration::from_secs(3);

/// What was spent on a day, on a tool, or by a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub of: String,
    pub spent: Micros,
    pub charges: i64,
}

/// What a tenant's accounts have spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantUsage {
    pub days: Vec<Spent>,
    pub tools: Vec<Spent>,
    pub users: Vec<Spent>,
}

/// What a tenant's accounts have spent since midnight of UTC so many days ago, today included. Of one snapshot.
pub async fn of_tenant(
    pool: &PgPool,
    tenant_id: &str,
    days: i32,
    users_max: i64,
) -> Result<TenantUsage, sqlx::Error> {
    let by_sums = match sum_up(pool, tenant_id).await {
        // Somebody else is at it, or the disk is slow: the entries say it, too.
        Err(error) if is_blocked(&error) || is_out_of_time(&error) => false,
        summed => summed?,
    };
    queries::usage(pool, tenant_id, days, users_max, by_sums).await
}

/// Sums up entries of a tenant until all but some are in the sums. False where it took too long: what has been
/// summed up stays.
async fn sum_up(pool: &PgPool, tenant_id: &str) -> Result<bool, sqlx::Error> {
    let until = Instant::now() + SUMMING_UP;
    loop {
        let (accounts, missing) = queries::behind(pool, tenant_id, STEP, STEP_OF_ALL).await?;
        if missing <= READ_MOST {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        let mut transaction = pool.begin().await?;
        // Others may have summed up meanwhile: only what is read under the lock counts.
        let ends = queries::lock_ends(&mut transaction, &accounts).await?;
        queries::sum_up(&mut transaction, tenant_id, &ends, STEP).await?;
        transaction.commit().await?;
    }
}
