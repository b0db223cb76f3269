//! Charge by the lean statement: a transaction for each request.

use std::sync::LazyLock;

use billing_proto::v1::{ChargeRequest, ChargeResponse, Decision};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use tonic::Status;
use uuid::Uuid;

use super::standing::Standing;
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
    let standing = Standing::read(row).map_err(|error| fault(&error))?;
    let seq = row.try_get("entry_seq").map_err(|error| fault(&error))?;
    Ok(standing.charged(account, seq, amount))
}
