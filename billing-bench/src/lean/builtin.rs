//! The statement in a closed loop of our own.

#![expect(clippy::float_arithmetic, reason = "a rate, for people")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::Rng;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;

use super::pgbench::{Script, Told};
use super::{ANSWER_BYTES, Inputs, account_id_sql, statement};
use crate::load::{MOST_MICROS, apart};

pub struct Builtin {
    database_url: String,
    uniform: u64,
}

impl Builtin {
    pub fn new(database_url: &str, uniform: u64) -> Self {
        Self {
            database_url: database_url.to_owned(),
            uniform,
        }
    }

    /// On a thread of its own, like the load generator's.
    pub async fn run(&self, script: Script, clients: usize, time: Duration) -> Result<Told> {
        let url = self.database_url.clone();
        let accounts = match script {
            Script::Hot => 0..=0,
            Script::Uniform => 1..=i64::try_from(self.uniform)?,
        };
        apart(async move || side_by_side(&url, &accounts, clients, time).await).await
    }
}

type Accounts = std::ops::RangeInclusive<i64>;

async fn side_by_side(
    url: &str,
    accounts: &Accounts,
    clients: usize,
    time: Duration,
) -> Result<Told> {
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(PgConnection::connect(url).await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(go_on(connection, accounts.clone(), began + time));
    }
    let mut processed: u32 = 0;
    while let Some(count) = tasks.join_next().await {
        processed += count??;
    }
    let elapsed = began.elapsed();
    let clients = u32::try_from(clients)?;
    Ok(Told {
        processed: processed.into(),
        failed: 0,
        per_second: f64::from(processed) / elapsed.as_secs_f64(),
        latency_mean: (elapsed * clients)
            .checked_div(processed)
            .unwrap_or_default(),
    })
}

async fn go_on(mut connection: PgConnection, accounts: Accounts, until: Instant) -> Result<u32> {
    let statement = statement(&Inputs {
        account_id: &account_id_sql("$1"),
        amount_micros: "$2::bigint",
        key: "'c:' || $3",
        request_id: "$3",
        command_hash: "$4",
        answer: "$5",
    });
    let mut processed = 0;
    while Instant::now() < until {
        let (account, amount, key) = {
            let mut random = rand::rng();
            (
                random.random_range(accounts.clone()),
                random.random_range(1..=MOST_MICROS),
                format!("{:032x}", random.random::<u128>()),
            )
        };
        sqlx::query(AssertSqlSafe(statement.as_str()))
            .bind(account)
            .bind(amount)
            .bind(key)
            .bind([0_u8; 32].as_slice())
            .bind([0_u8; ANSWER_BYTES].as_slice())
            .execute(&mut connection)
            .await
            .context("the lean statement fails")?;
        processed += 1;
    }
    connection.close().await?;
    Ok(processed)
}
