//! A core that stood still keeps the connections of its callers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::{CheckBalanceRequest, Decision};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::alone;
use billing_soak::ask::{account, charge_request, cost};
use billing_soak::callers::{Caller, client, set_tenant};
use billing_stage::{Stage, Tokens};

const USER: &str = "ann";
const DEADLINE: Duration = Duration::from_secs(10);
/// Shorter than the core waits for a row.
const IMPATIENCE: Duration = Duration::from_millis(200);
/// More than HTTP/2 stacks take from one connection before they call it an attack.
const GIVEN_UP: usize = 60;

#[tokio::test]
async fn calls_that_were_given_up_during_a_halt_do_not_end_one_that_is_carried_out() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(1).await?;
    timeout(Duration::from_mins(1), halt_with_a_call(stage, &tokens))
        .await
        .context("the core or its callers hang")?
}

async fn halt_with_a_call(stage: Stage, tokens: &Tokens) -> Result<()> {
    let core = &stage.cores[0];
    set_tenant(core.grpc, &tokens.admin).await?;
    let mut client = client(core.grpc, Caller::new(&tokens.tools, DEADLINE)?)?;
    client.charge(charge_request(USER, "first", 1)).await?;

    // The account's row is locked by somebody else: a charge begins and cannot end.
    let mut locking = PgConnection::connect(&stage.superuser_url()).await?;
    let mut watching = PgConnection::connect(&stage.superuser_url()).await?;
    let mut lock = locking.begin().await?;
    sqlx::query("select from account for update")
        .execute(&mut *lock)
        .await?;
    let mut charging = client.clone();
    let charge = tokio::spawn(async move {
        charging
            .charge(charge_request(USER, "carried out", 10))
            .await
    });
    let waits = "select exists (select from pg_stat_activity where wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits)
        .fetch_one(&mut watching)
        .await?
    {
        sleep(Duration::from_millis(5)).await;
    }

    let pid = Pid::from_raw(core.pid()?.try_into()?).context("no process")?;
    kill_process(pid, Signal::STOP)?;
    let mut calls = JoinSet::new();
    for _ in 0..GIVEN_UP {
        let mut client = client.clone();
        let check = CheckBalanceRequest {
            account: Some(account(USER)),
            cost: Some(cost(10)),
        };
        calls.spawn(async move { timeout(IMPATIENCE, client.check_balance(check)).await });
    }
    let mut given_up = 0;
    while let Some(call) = calls.join_next().await {
        given_up += usize::from(call?.is_err());
    }
    lock.rollback().await?;
    kill_process(pid, Signal::CONT)?;

    let answer = charge.await?.context("the call that was carried out")?;
    ensure!(answer.into_inner().decision() == Decision::Allowed);
    ensure!(
        given_up == GIVEN_UP,
        "the core answered while it stood still"
    );
    stage.audit().await?;
    stage.clear().await
}
