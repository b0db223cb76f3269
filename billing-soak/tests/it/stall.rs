//! A COMMIT that nobody knows the end of: its disk, or here its standby, stands still.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::Decision;
use billing_soak::ask::charge_request;
use billing_soak::callers::{Caller, Client, client, set_tenant};
use billing_stage::{Stage, Tokens};
use sqlx::{Connection, PgConnection, query, query_scalar};
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::alone;

const USER: &str = "ann";
/// The caller's for its first try, which has not ended by then.
const IMPATIENCE: Duration = Duration::from_millis(500);
/// Longer than a core waits for a row.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_repeat_of_what_may_still_commit_is_not_told_that_nothing_was_done() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(2).await?;
    timeout(Duration::from_mins(1), stalled(stage, &tokens))
        .await
        .context("the cores hang")?
}

async fn stalled(stage: Stage, tokens: &Tokens) -> Result<()> {
    let clients = |deadline| -> Result<_> {
        let caller = Caller::new(&tokens.tools, deadline)?;
        let [one, other] = [0, 1].map(|core: usize| client(stage.cores[core].grpc, caller.clone()));
        Ok((one?, other?))
    };
    set_tenant(stage.cores[0].grpc, &tokens.admin).await?;
    let (mut impatient, _) = clients(IMPATIENCE)?;
    let (mut first, mut second) = clients(DEADLINE)?;
    // Both know the account.
    first.charge(charge_request(USER, "one", 1)).await?;
    second.charge(charge_request(USER, "other", 1)).await?;

    let mut database = PgConnection::connect(&stage.superuser_url()).await?;
    standby(
        &mut database,
        "alter system set synchronous_standby_names = 'dead'",
    )
    .await?;
    let key = given_up(&mut impatient).await?;
    let waits = "select exists (select from pg_stat_activity where wait_event = 'SyncRep')";
    while !query_scalar::<_, bool>(waits)
        .fetch_one(&mut database)
        .await?
    {
        sleep(Duration::from_millis(5)).await;
    }

    let repeat = second.charge(charge_request(USER, &key, 10)).await;
    let told = repeat.err().as_ref().and_then(reason);
    standby(
        &mut database,
        "alter system reset synchronous_standby_names",
    )
    .await?;
    ensure!(
        told.as_deref() == Some("OUTCOME_UNKNOWN"),
        "the repeat was told {told:?}"
    );

    let again = second
        .charge(charge_request(USER, &key, 10))
        .await?
        .into_inner();
    ensure!(
        again.decision() == Decision::Allowed && again.replayed,
        "{again:?}"
    );
    database.close().await?;
    stage.audit().await?;
    stage.clear().await
}

/// The key of a charge that its caller has given up: the server takes a moment to wait for its standby, and
/// commits what comes before.
async fn given_up(impatient: &mut Client) -> Result<String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let key = format!("key {tries}");
        match impatient.charge(charge_request(USER, &key, 10)).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::DeadlineExceeded => return Ok(key),
            Err(status) => return Err(status.into()),
        }
    }
}

async fn standby(database: &mut PgConnection, statement: &'static str) -> Result<()> {
    query(statement).execute(&mut *database).await?;
    query("select pg_reload_conf()").execute(database).await?;
    Ok(())
}

fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
