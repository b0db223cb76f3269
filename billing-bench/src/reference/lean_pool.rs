//! Charge by the lean statement: a transaction for each request.

use std::sync::LazyLock;

use billing_proto::v1::{
    Balance, ChargeRequest, ChargeResponse, Decision, LimitPeriod, LimitStatus,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use tonic::Status;
use uuid::Uuid;

use super::{fault, parse};
use crate::lean::{ANSWER_BYTES, Inputs, statement};

/// `division_by_zero`: how the statement says no.
const DENIED: &str = "22012";

static STATEMENT: LazyLock<String> = LazyLock::new(|| {
    statement(&Inputs {
        account_id: "$1",
        amount_micros: "$2::bigint",
        key: "$3",
        request_id: "$4",
        command_hash: "$5",
        answer: "$6",
    })
});

pub async fn charge(pool: &PgPool, request: ChargeRequest) -> Result<ChargeResponse, Status> {
    let mut connection = pool.acquire().await.map_err(|error| fault(&error))?;
    charge_on(&mut connection, request).await
}

/// In the caller's transaction, if there is one.
pub async fn charge_on(
    connection: &mut PgConnection,
    request: ChargeRequest,
) -> Result<ChargeResponse, Status> {
    let (account, amount) = parse(request.account, request.cost)?;
    let row = sqlx::query(AssertSqlSafe(STATEMENT.as_str()))
        .bind(account)
        .bind(amount)
        .bind(format!("c:{}", request.idempotency_key))
        .bind(request.request_id)
        .bind([0_u8; 32].as_slice())
        .bind([0_u8; ANSWER_BYTES].as_slice())
        .fetch_one(connection)
        .await;
    match row {
        Ok(row) => answer(&row, account, amount),
        Err(error) if is_denial(&error) => Ok(ChargeResponse {
            decision: Decision::InsufficientBalance.into(),
            ..ChargeResponse::default()
        }),
        Err(error) => Err(fault(&error)),
    }
}

fn is_denial(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == DENIED)
}

fn answer(row: &PgRow, account: Uuid, amount: i64) -> Result<ChargeResponse, Status> {
    let done: i64 = row.try_get("done").map_err(|error| fault(&error))?;
    if done == 0 {
        return Err(Status::already_exists("the key was used"));
    }
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(|error| fault(&error));
    let limit = |column: &str| {
        row.try_get::<Option<i64>, _>(column)
            .map_err(|error| fault(&error))
    };
    Ok(charged(&Charged {
        account,
        amount,
        seq: number("entry_seq")?,
        settled: number("settled_micros")?,
        held: number("held_micros")?,
        day: (limit("daily_limit_micros")?, number("day_spent_micros")?),
        month: (
            limit("monthly_limit_micros")?,
            number("month_spent_micros")?,
        ),
    }))
}

/// An account after a charge; limits each with what of them is used.
pub struct Charged {
    pub account: Uuid,
    pub amount: i64,
    pub seq: i64,
    pub settled: i64,
    pub held: i64,
    pub day: (Option<i64>, i64),
    pub month: (Option<i64>, i64),
}

/// The answer that the product would give.
pub fn charged(charge: &Charged) -> ChargeResponse {
    ChargeResponse {
        decision: Decision::Allowed.into(),
        enforced: true,
        required_micros: charge.amount,
        balance: Some(balance(charge.settled, charge.held)),
        limits: limits(charge.day, charge.month),
        billing_enabled: true,
        charged_micros: charge.amount,
        entry_id: format!("{}-{}", charge.account.simple(), charge.seq),
        ..ChargeResponse::default()
    }
}

pub fn balance(settled_micros: i64, held_micros: i64) -> Balance {
    Balance {
        currency: "USD".to_owned(),
        settled_micros,
        held_micros,
        available_micros: settled_micros.saturating_sub(held_micros),
        debt_micros: settled_micros.saturating_neg().max(0),
    }
}

pub fn limits(day: (Option<i64>, i64), month: (Option<i64>, i64)) -> Vec<LimitStatus> {
    let status =
        |period: LimitPeriod, (limit_micros, used_micros): (Option<i64>, i64)| LimitStatus {
            period: period.into(),
            limit_micros,
            used_micros,
            remaining_micros: limit_micros.map(|limit| limit.saturating_sub(used_micros).max(0)),
            resets_at: None,
        };
    vec![
        status(LimitPeriod::Day, day),
        status(LimitPeriod::Month, month),
    ]
}
