//! Where the primary is, and whether it commits: fail-over to a standby, and one that is lost.

use std::fmt::Debug;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::{ChargeResponse, CheckBalanceRequest, Decision, ListEntriesRequest};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

use crate::alone;
use billing_soak::ask::{account, charge_request, cost};
use billing_soak::callers::{Caller, Client, client, set_tenant};
use billing_stage::postgres::Server;
use billing_stage::{CoreProcess, Stage, Tokens, core_beside};

const USER: &str = "ann";
const DEADLINE: Duration = Duration::from_secs(3);
/// From when on nothing goes to a server that is fenced.
const FENCED_WITHIN: Duration = Duration::from_secs(3);
/// Beyond it something hangs.
const BOUND: Duration = Duration::from_mins(2);
/// One of the lane's and one of the heartbeat's: see docs/operations.md.
const STUCK_MOST: i64 = 2;

/// Where a server listens.
pub fn folder_of(server: &Server) -> Result<String> {
    let url = server.url("nobody", "none");
    let (_, folder) = url.split_once("?host=").context("no folder")?;
    Ok(folder.to_owned())
}

pub async fn on(server: &Server, statement: &str) -> Result<()> {
    let mut connection = PgConnection::connect(&server.url("postgres", "billing")).await?;
    // Each by itself: some may not stand in a transaction.
    for statement in statement.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await?;
    }
    Ok(connection.close().await?)
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<Duration> {
    let begun = Instant::now();
    while !holds().await? {
        ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "not in 20 s: {what}"
        );
        sleep(Duration::from_millis(50)).await;
    }
    println!("{what}: after {:?}", begun.elapsed());
    Ok(begun.elapsed())
}

async fn calls(core: &CoreProcess, tokens: &Tokens) -> Result<Client> {
    set_tenant(core.grpc, &tokens.admin).await?;
    client(core.grpc, Caller::new(&tokens.tools, DEADLINE)?)
}

async fn charge(client: &Client, key: &str) -> Result<ChargeResponse, Status> {
    let answer = client.clone().charge(charge_request(USER, key, 1)).await?;
    Ok(answer.into_inner())
}

async fn check(client: &Client) -> Result<(), Status> {
    let request = CheckBalanceRequest {
        account: Some(account(USER)),
        cost: Some(cost(1)),
    };
    client.clone().check_balance(request).await.map(drop)
}

fn is_unavailable<T: Debug>(answer: &Result<T, Status>) -> Result<()> {
    let refused = answer.as_ref().err().map(Status::code);
    ensure!(refused == Some(Code::Unavailable), "{answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_knows_of_several_servers_goes_where_the_primary_is() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(0).await?;
    timeout(BOUND, fail_over(stage, &tokens)).await?
}

async fn fail_over(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let mut standby = stage.standby().await?;
    // The standby first, so that its turn is seen, too.
    let (url, first) = (&stage.urls.core, folder_of(&stage.server)?);
    let both = format!(
        "{},{first}&target_session_attrs=read-write",
        folder_of(&standby)?
    );
    stage.urls.core = url.replace(&first, &both);
    stage.add_core()?.start().await?;
    let core = &stage.cores[0];
    let client = calls(core, tokens).await?;
    let before = charge(&client, "before").await?;
    ensure!(before.decision() == Decision::Allowed);

    stage.server.stop().await?;
    until("the core is not ready", async || Ok(!core.is_ready().await)).await?;
    is_unavailable(&charge(&client, "away").await)?;
    on(&standby, "select pg_promote()").await?;
    until("the core is ready again", async || {
        Ok(core.is_ready().await)
    })
    .await?;

    let again = charge(&client, "before").await?;
    ensure!(again.replayed && again.entry_id == before.entry_id);
    ensure!(charge(&client, "away").await?.decision() == Decision::Allowed);
    check(&client).await?;
    // A command goes there as well.
    stage.audit().await?;
    let log = core.log();
    ensure!(log.contains("not the primary"), "{log}");
    // So an old primary is fenced.
    let fence = "alter system set default_transaction_read_only = on; select pg_reload_conf()";
    on(&standby, fence).await?;
    until("a command leaves it alone", async || {
        Ok(stage.audit().await.is_err())
    })
    .await?;
    stage.cores[0].stop().await?;
    standby.stop().await?;
    stage.clear().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_leaves_an_old_primary_that_is_fenced_while_it_runs() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(0).await?;
    timeout(BOUND, fence(stage, &tokens)).await?
}

async fn fence(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let mut standby = stage.standby().await?;
    let first = folder_of(&stage.server)?;
    let both = format!("{first},{}", folder_of(&standby)?);
    stage.urls.core = stage.urls.core.replace(&first, &both);
    stage.add_core()?.start().await?;
    let client = calls(&stage.cores[0], tokens).await?;
    let reader = client_of_administrator(&stage.cores[0], tokens)?;
    charge(&client, "before").await?;
    check(&client).await?;
    newest(&reader).await?;

    let fence = "alter system set default_transaction_read_only = on; select pg_reload_conf()";
    on(&stage.server, fence).await?;
    let fenced = Instant::now();
    // At once, and the old one runs on.
    on(&standby, "select pg_promote()").await?;
    let mut late = 0;
    let mut last = None;
    while fenced.elapsed() < 2 * FENCED_WITHIN {
        let is_late = fenced.elapsed() > FENCED_WITHIN;
        let before = entries(&stage.server).await?;
        last = charge(&client, &format!("{:?}", fenced.elapsed()))
            .await
            .ok();
        late += i64::from(is_late) * (entries(&stage.server).await? - before);
        sleep(Duration::from_millis(50)).await;
    }
    ensure!(
        late == 0,
        "{late} charges on the old primary after {FENCED_WITHIN:?}"
    );
    let last = last.context("no charge is acknowledged")?;
    check(&client).await?;
    let newest = newest(&reader).await?;
    ensure!(newest == last.entry_id, "a history of the old primary");
    ensure!(stage.cores[0].is_ready().await, "not ready");
    stage.cores[0].stop().await?;
    standby.stop().await?;
    stage.clear().await
}

fn client_of_administrator(core: &CoreProcess, tokens: &Tokens) -> Result<Client> {
    client(core.grpc, Caller::new(&tokens.admin, DEADLINE)?)
}

/// The user's newest entry. Read by a pool's connection.
async fn newest(client: &Client) -> Result<String> {
    let request = ListEntriesRequest {
        account: Some(account(USER)),
        page_size: 1,
        ..ListEntriesRequest::default()
    };
    let page = client.clone().list_entries(request).await?.into_inner();
    Ok(page.entries.first().context("no entry")?.entry_id.clone())
}

async fn entries(server: &Server) -> Result<i64> {
    let mut connection = PgConnection::connect(&server.url("postgres", "billing")).await?;
    let count = "select count(*) from entry";
    Ok(sqlx::query_scalar(count).fetch_one(&mut connection).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_from_a_standby_that_has_the_primarys_address() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(0).await?;
    timeout(BOUND, move_address(stage, &tokens)).await?
}

/// One address, which leads from one server to another.
async fn move_address(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let mut standby = stage.standby().await?;
    let (first, second) = (folder_of(&stage.server)?, folder_of(&standby)?);
    let place = tempfile::tempdir()?;
    let address = place.path().join("primary");
    let lead_to = |folder: &str| -> Result<()> {
        let next = place.path().join("next");
        symlink(folder, &next)?;
        Ok(std::fs::rename(next, &address)?)
    };
    lead_to(&first)?;
    stage.urls.core = moving(&stage.urls.core, &first, &address);
    stage.add_core()?.start().await?;
    stage.add_core()?;
    let client = calls(&stage.cores[0], tokens).await?;
    charge(&client, "before").await?;

    lead_to(&second)?;
    stage.server.stop().await?;
    stage.cores[1].launch()?;
    until("the core is not ready", async || {
        // Whoever asks keeps it busy, and gets nothing.
        is_unavailable(&charge(&client, "away").await)?;
        is_unavailable(&check(&client).await)?;
        Ok(!stage.cores[0].is_ready().await)
    })
    .await?;
    until("a core started on a standby lives", async || {
        Ok(stage.cores[1].is_alive().await)
    })
    .await?;
    ensure!(!stage.cores[1].is_ready().await, "ready on a standby");

    on(&standby, "select pg_promote()").await?;
    for core in &stage.cores {
        until("a core is ready again", async || Ok(core.is_ready().await)).await?;
    }
    ensure!(charge(&client, "away").await?.decision() == Decision::Allowed);
    for core in &mut stage.cores {
        core.stop().await?;
    }
    standby.stop().await?;
    stage.clear().await
}

fn moving(url: &str, folder: &str, address: &Path) -> String {
    url.replace(folder, &address.display().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_commits_a_core_is_not_ready_and_its_backends_do_not_pile_up() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(0).await?;
    timeout(BOUND, lose_synchronous_standby(stage, &tokens)).await?
}

async fn lose_synchronous_standby(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    // The core wants durable commits all the same.
    on(
        &stage.server,
        "alter role billing_core set synchronous_commit = local",
    )
    .await?;
    let one_lane = [("BILLING_LANES", "1".to_owned())];
    stage
        .add_core_of(core_beside()?, &one_lane)?
        .start()
        .await?;
    let core = &stage.cores[0];
    let client = calls(core, tokens).await?;
    charge(&client, "before").await?;
    let nobody = "alter system set synchronous_standby_names = 'nobody'; select pg_reload_conf()";
    on(&stage.server, nobody).await?;
    sleep_until_reloaded(&stage.server).await?;

    let mut users = JoinSet::new();
    for user in 0..8 {
        users.spawn(keep_charging(client.clone(), format!("user-{user}")));
    }
    let unready = until("the core is not ready", async || Ok(!core.is_ready().await)).await?;
    ensure!(unready < Duration::from_secs(12), "ready for {unready:?}");
    // Longer than it takes to give up several commits one after another.
    let watched = Instant::now();
    let mut most = 0;
    while watched.elapsed() < Duration::from_secs(20) {
        most = most.max(stuck(&stage).await?);
        ensure!(!core.is_ready().await, "ready, and nothing commits");
        sleep(Duration::from_millis(200)).await;
    }
    println!("{most} wait in COMMIT at most");
    ensure!(
        users.try_join_next().is_none(),
        "acknowledged, and no standby has it"
    );
    ensure!(most == STUCK_MOST, "{most} wait in COMMIT");

    on(
        &stage.server,
        "alter system reset synchronous_standby_names; select pg_reload_conf()",
    )
    .await?;
    until("the core is ready again", async || {
        Ok(core.is_ready().await)
    })
    .await?;
    users.shutdown().await;
    ensure!(charge(&client, "after").await?.decision() == Decision::Allowed);
    stage.audit().await?;
    stage.clear().await
}

/// Until every process of the server knows its new configuration, a commit may slip through.
async fn sleep_until_reloaded(server: &Server) -> Result<()> {
    until("the server waits for its standby", async || {
        let mut connection = PgConnection::connect(&server.superuser_url()).await?;
        let write = "select pg_logical_emit_message(true, 'test', '')";
        let writing = sqlx::query(write).execute(&mut connection);
        Ok(timeout(Duration::from_millis(500), writing).await.is_err())
    })
    .await
    .map(drop)
}

/// Charges under one key after another, until one is acknowledged.
async fn keep_charging(mut client: Client, user: String) {
    for number in 0.. {
        // Each another's: nobody waits for the row of who waits.
        let request = charge_request(&format!("{user}-{number}"), "key", 1);
        if client.charge(request).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// How many of the core's backends wait in COMMIT.
async fn stuck(stage: &Stage) -> Result<i64> {
    let mut connection = PgConnection::connect(&stage.superuser_url()).await?;
    let count = "select count(*) from pg_stat_activity
        where usename = 'billing_core' and wait_event = 'SyncRep'";
    Ok(sqlx::query_scalar(count).fetch_one(&mut connection).await?)
}
