//! `CheckBalance` by one SELECT for each request.

use billing_proto::v1::{CheckBalanceRequest, CheckBalanceResponse};
use sqlx::{PgPool, Row};
use tonic::Status;

use super::standing::Standing;
use super::{fault, parse};

/// Prepared once on each connection; an account's local day is compared by the database.
const SELECT: &str = "select settled_micros, held_micros, suspended, daily_limit_micros,
        monthly_limit_micros,
        case when (clock_timestamp() at time zone time_zone)::date > spent_on
            then 0 else day_spent_micros end as day_spent_micros,
        case when date_trunc('month', clock_timestamp() at time zone time_zone)::date > spent_on
            then 0 else month_spent_micros end as month_spent_micros
    from account where account_id = $1";

pub async fn check(
    pool: &PgPool,
    request: CheckBalanceRequest,
) -> Result<CheckBalanceResponse, Status> {
    let (account, amount) = parse(request.account, request.cost)?;
    let row = sqlx::query(SELECT)
        .bind(account)
        .fetch_one(pool)
        .await
        .map_err(|error| fault(&error))?;
    let standing = Standing::read(&row).map_err(|error| fault(&error))?;
    let suspended = row.try_get("suspended").map_err(|error| fault(&error))?;
    let balance = standing.balance();
    Ok(CheckBalanceResponse {
        decision: standing.decide(suspended, amount).into(),
        enforced: true,
        required_micros: amount,
        shortfall_micros: amount.saturating_sub(balance.available_micros).max(0),
        balance: Some(balance),
        limits: standing.limits(),
        billing_enabled: true,
        ..CheckBalanceResponse::default()
    })
}
