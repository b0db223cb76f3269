//! Payments that wait to be reported as paid, and what the books must say when they were.

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::super::ground::Ground;
use super::ACCOUNTS;
use crate::load::{TENANT, account_id, user};

const AMOUNT_MINOR: i64 = 1_000;

/// A payment that the provider knows.
#[derive(Clone)]
pub struct Made {
    pub payment_id: String,
    pub reference: String,
    pub amount_minor: i64,
}

/// What payments are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    TopUp,
    Contribution,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Contribution => "contribution",
        }
    }
}

/// Writes so many payments of many accounts at once, as the core leaves them when it has begun them;
/// `name` makes their references theirs alone.
pub async fn fill(
    ground: &Ground,
    name: &str,
    purpose: Purpose,
    count: usize,
) -> Result<Vec<Made>> {
    let (mut accounts, mut users, mut numbers, mut made) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..u64::try_from(count)? {
        let user = user(number % ACCOUNTS);
        let account = account_id(TENANT, &user);
        let id = Uuid::now_v7();
        made.push(Made {
            payment_id: format!("{}-{}", account.simple(), id.simple()),
            reference: format!("pi_{}_{number}", name.replace('-', "_")),
            amount_minor: AMOUNT_MINOR,
        });
        accounts.push(account);
        users.push(user);
        numbers.push(id);
    }
    let references: Vec<&str> = made.iter().map(|made| made.reference.as_str()).collect();
    let mut connection = PgConnection::connect(&ground.stage.superuser_url()).await?;
    sqlx::query(
        "with made as (
            insert into payment (account_id, payment_id, tenant_id, user_id, provider, livemode, purpose,
                state, idempotency_key, content_hash, amount_minor, currency, rate, credit_micros,
                reference, created_at, next_check_at)
            select n.account_id, n.payment_id, $1, n.user_id, 'stripe', false, $7, 'pending',
                n.reference, sha256('of the benchmark'), $6, 'USD', 1,
                case $7 when 'top_up' then $6 * 10000 else 0 end, n.reference,
                clock_timestamp(), clock_timestamp() + interval '1 minute'
            from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[])
                as n (account_id, payment_id, user_id, reference)
            returning account_id, payment_id, user_id, reference, created_at
        ), supporters as (
            insert into supporter (account_id, tenant_id, user_id, display_name)
            select distinct account_id, $1, user_id, user_id from made where $7 = 'contribution'
            on conflict do nothing
        ), contributions as (
            insert into contribution (account_id, payment_id, tenant_id, is_anonymous, consented_at,
                wording_version, created_at)
            select account_id, payment_id, $1, false, created_at, '1', created_at
            from made where $7 = 'contribution'
        )
        insert into payment_reference (provider, reference, account_id, payment_id)
        select 'stripe', reference, account_id, payment_id from made",
    )
    .bind(TENANT)
    .bind(&accounts)
    .bind(&numbers)
    .bind(&users)
    .bind(&references)
    .bind(AMOUNT_MINOR)
    .bind(purpose.name())
    .execute(&mut connection)
    .await
    .context("cannot write payments")?;
    // Not while something is measured.
    sqlx::query("vacuum analyze payment, payment_reference")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(made)
}

/// Each of the payments that were reported is booked, once, and none of the others.
pub async fn expect_booked(
    ground: &mut Ground,
    purpose: Purpose,
    reported: &[Made],
    others: &[Made],
) -> Result<()> {
    for (made, wanted) in [(reported, reported.len()), (others, 0)] {
        let booked = booked(ground, purpose, made).await?;
        if usize::try_from(booked) != Ok(wanted) {
            let wrong = format!("{booked} of {wanted} paid payments are booked");
            ground.report.wrong.push(wrong);
        }
    }
    Ok(())
}

async fn booked(ground: &Ground, purpose: Purpose, made: &[Made]) -> Result<i64> {
    let references: Vec<&str> = made
        .iter()
        .map(|payment| payment.reference.as_str())
        .collect();
    let mut connection = PgConnection::connect(&ground.stage.superuser_url()).await?;
    let booked = sqlx::query_scalar(
        "select count(*) from payment_reference r
        where r.provider = 'stripe' and r.reference = any($1) and case $2
            when 'top_up' then exists (select from payment_entry e
                where e.account_id = r.account_id and e.payment_id = r.payment_id and e.kind = 'top_up')
            else exists (select from contribution c
                where c.account_id = r.account_id and c.payment_id = r.payment_id and c.net_minor > 0)
            end",
    )
    .bind(&references)
    .bind(purpose.name())
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(booked)
}
