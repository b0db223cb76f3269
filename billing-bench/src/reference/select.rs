//! `CheckBalance` by one SELECT for each request.

use billing_proto::v1::{CheckBalanceRequest, CheckBalanceResponse, Decision};
use sqlx::{PgPool, Row};
use tonic::Status;

use super::lean_pool::{balance, limits};
use super::{fault, parse};

/// Prepared once on each connection; an account's local day is compared by the database.
const SELECT: &str = "select settled_micros, held_micros, suspended, daily_limit_micros,
        monthly_limit_micros,
        case when (clock_timestamp() at time zone time_zone)::date > spent_on
            then 0 else day_spent_micros end as day_spent,
        case when date_trunc('month', clock_timestamp() at time zone time_zone)::date > spent_on
            then 0 else month_spent_micros end as month_spent
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
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(|error| fault(&error));
    let limit = |column: &str| {
        row.try_get::<Option<i64>, _>(column)
            .map_err(|error| fault(&error))
    };
    let balance = balance(number("settled_micros")?, number("held_micros")?);
    let day = (limit("daily_limit_micros")?, number("day_spent")?);
    let month = (limit("monthly_limit_micros")?, number("month_spent")?);
    let exceeds = |(limit, used): (Option<i64>, i64)| {
        limit.is_some_and(|limit| used.saturating_add(amount) > limit)
    };
    let decision = if row.try_get("suspended").map_err(|error| fault(&error))? {
        Decision::AccountSuspended
    } else if amount > balance.available_micros {
        Decision::InsufficientBalance
    } else if exceeds(day) {
        Decision::DailyLimitExceeded
    } else if exceeds(month) {
        Decision::MonthlyLimitExceeded
    } else {
        Decision::Allowed
    };
    Ok(CheckBalanceResponse {
        decision: decision.into(),
        enforced: true,
        required_micros: amount,
        shortfall_micros: amount.saturating_sub(balance.available_micros).max(0),
        balance: Some(balance),
        limits: limits(day, month),
        billing_enabled: true,
        ..CheckBalanceResponse::default()
    })
}
