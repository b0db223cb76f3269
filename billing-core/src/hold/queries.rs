//! What is read of holds, for people.

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgPool, query};

use super::Placed;
use crate::id::{AccountId, HoldId};
use crate::ledger::{HoldState, HoldView};
use crate::money::Micros;

/// An account's holds that set something aside now, newest first: those placed before `before`, where it is
/// given. All of them are found before any is sorted out: they are few, and so are the placed ones of everybody,
/// whereas the order of their ids leads through all that the account ever had.
pub async fn placed(
    pool: &PgPool,
    account: AccountId,
    before: Option<HoldId>,
    most: i64,
) -> Result<Vec<Placed>, sqlx::Error> {
    let rows = query!(
        r#"with placed as materialized (
            select hold_id, amount_micros, placed_at, expires_at, tool, price_version, request_id
            from hold where account_id = $1 and state = 'placed' and expires_at > clock_timestamp()
        )
        select hold_id as "hold_id!", amount_micros as "amount_micros!",
            placed_at as "placed_at!: SqlTimestamp", expires_at as "expires_at!: SqlTimestamp", tool,
            price_version, request_id
        from placed where $2::uuid is null or hold_id < $2 order by hold_id desc limit $3"#,
        account.uuid(),
        before.map(HoldId::uuid),
        most,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Placed {
            hold: HoldView {
                id: HoldId::from_uuid(row.hold_id),
                amount: Micros::new(row.amount_micros),
                expires_at: row.expires_at.to_jiff(),
                state: HoldState::Placed,
            },
            at: row.placed_at.to_jiff(),
            tool: row.tool,
            price_version: row.price_version,
            request_id: row.request_id,
        })
        .collect())
}
