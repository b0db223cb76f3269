//! Charge as a careful service does it that knows nothing of batches: one transaction, statement by
//! statement, decided in Rust under the account's lock.

use billing_proto::v1::{ChargeRequest, ChargeResponse, Decision};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use tonic::Status;
use uuid::Uuid;

use super::standing::Standing;
use super::{fault, parse};
use crate::lean::ANSWER_BYTES;

/// The sums are those of today, whatever day they were last counted on.
const LOCK: &str = "select settled_micros, held_micros, suspended, daily_limit_micros,
        monthly_limit_micros, entry_seq, version,
        (clock_timestamp() at time zone time_zone)::date > spent_on as new_day,
        date_trunc('month', clock_timestamp() at time zone time_zone)::date > spent_on as new_month,
        day_no, month_no, day_spent_micros, month_spent_micros
    from account where account_id = $1 for no key update";

const FIND_KEY: &str =
    "select command_hash, answer from idempotency_key where account_id = $1 and key = $2";

const UPDATE: &str = "update account set settled_micros = $3, day_spent_micros = $4,
        month_spent_micros = $5, day_no = $6, month_no = $7,
        spent_on = greatest(spent_on, (clock_timestamp() at time zone time_zone)::date),
        total_spent_micros = total_spent_micros + $8, request_count = request_count + 1,
        last_request_at = clock_timestamp(), entry_seq = $9, version = version + 1
    where account_id = $1 and version = $2";

const INSERT_ENTRY: &str = "insert into entry (account_id, seq, kind, amount_micros,
        balance_after_micros, counterparty, created_at, day_no, month_no, request_id)
    values ($1, $2, 'charge', -$3::bigint, $4, 'usage', clock_timestamp(), $5, $6, $7)";

const INSERT_KEY: &str = "insert into idempotency_key (account_id, key, command_hash, answer)
    values ($1, $2, $3, $4)";

/// The account's row under its lock.
struct Locked {
    standing: Standing,
    suspended: bool,
    seq: i64,
    version: i64,
    day_no: i32,
    month_no: i32,
}

pub async fn charge(pool: &PgPool, request: ChargeRequest) -> Result<ChargeResponse, Status> {
    let (account, amount) = parse(request.account, request.cost)?;
    let key = format!("c:{}", request.idempotency_key);
    let mut transaction = pool.begin().await.map_err(|error| fault(&error))?;
    let row = sqlx::query(LOCK)
        .bind(account)
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| fault(&error))?;
    let before = Locked::read(&row).map_err(|error| fault(&error))?;
    let used = sqlx::query(FIND_KEY)
        .bind(account)
        .bind(&key)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| fault(&error))?;
    if used.is_some() {
        return Err(Status::already_exists("the key was used"));
    }
    let decision = before.standing.decide(before.suspended, amount);
    if decision != Decision::Allowed {
        return Ok(ChargeResponse {
            decision: decision.into(),
            ..ChargeResponse::default()
        });
    }
    let charge = before.charge(account, amount);
    write(
        &mut transaction,
        &before,
        &charge,
        &key,
        &request.request_id,
    )
    .await
    .map_err(|error| fault(&error))?;
    transaction.commit().await.map_err(|error| fault(&error))?;
    Ok(charge.after.charged(account, charge.seq, amount))
}

/// What is to be written.
struct Charge {
    account: Uuid,
    amount: i64,
    seq: i64,
    after: Standing,
}

async fn write(
    transaction: &mut sqlx::PgConnection,
    before: &Locked,
    charge: &Charge,
    key: &str,
    request_id: &str,
) -> Result<(), sqlx::Error> {
    let updated = sqlx::query(UPDATE)
        .bind(charge.account)
        .bind(before.version)
        .bind(charge.after.settled)
        .bind(charge.after.day.used)
        .bind(charge.after.month.used)
        .bind(before.day_no)
        .bind(before.month_no)
        .bind(charge.amount)
        .bind(charge.seq)
        .execute(&mut *transaction)
        .await?;
    if updated.rows_affected() != 1 {
        return Err(sqlx::Error::RowNotFound);
    }
    sqlx::query(INSERT_ENTRY)
        .bind(charge.account)
        .bind(charge.seq)
        .bind(charge.amount)
        .bind(charge.after.settled)
        .bind(before.day_no)
        .bind(before.month_no)
        .bind(request_id)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(INSERT_KEY)
        .bind(charge.account)
        .bind(key)
        .bind([0_u8; 32].as_slice())
        .bind([0_u8; ANSWER_BYTES].as_slice())
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

impl Locked {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let (new_day, new_month): (bool, bool) =
            (row.try_get("new_day")?, row.try_get("new_month")?);
        let day_no: i32 = row.try_get("day_no")?;
        let month_no: i32 = row.try_get("month_no")?;
        let mut standing = Standing::read(row)?;
        if new_day {
            standing.day.used = 0;
        }
        if new_month {
            standing.month.used = 0;
        }
        Ok(Self {
            standing,
            suspended: row.try_get("suspended")?,
            seq: row.try_get("entry_seq")?,
            version: row.try_get("version")?,
            day_no: day_no + i32::from(new_day),
            month_no: month_no + i32::from(new_month),
        })
    }

    fn charge(&self, account: Uuid, amount: i64) -> Charge {
        let mut after = self.standing;
        after.settled -= amount;
        after.day.used += amount;
        after.month.used += amount;
        Charge {
            account,
            amount,
            seq: self.seq + 1,
            after,
        }
    }
}
