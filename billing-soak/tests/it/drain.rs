//! A core that is told to stop finishes what it has begun.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::{CheckBalanceRequest, Decision};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::alone;
use billing_soak::ask::{account, charge_request, cost};
use billing_soak::books::Books;
use billing_soak::callers::{Caller, Client, client, set_tenant};
use billing_stage::{Stage, Tokens};

/// The core's own default.
const DRAIN: Duration = Duration::from_secs(20);
/// Beyond it something hangs.
const BOUND: Duration = Duration::from_mins(1);
/// Longer than the core drains: a call that ends by this was not answered.
const DEADLINE: Duration = Duration::from_secs(30);

const USER: &str = "ann";

/// One connection to the core, on which calls arrive in the order in which they were made.
async fn connect(stage: &Stage, tokens: &Tokens) -> Result<Client> {
    let core = stage.cores[0].grpc;
    set_tenant(core, &tokens.admin).await?;
    let caller = Caller::new(&tokens.tools, DEADLINE)?;
    let mut first = client(core, caller.clone())?;
    // The account exists, and can be locked.
    first.charge(charge_request(USER, "first", 1)).await?;
    client(core, caller)
}

/// The keys of the charges that are booked, but for the first.
async fn charged_keys(stage: &Stage) -> Result<BTreeSet<String>> {
    let mut connection = PgConnection::connect(&stage.superuser_url()).await?;
    let books = Books::read(&mut connection).await?;
    Ok(books
        .entries
        .into_iter()
        .map(|row| row.entry)
        .filter(|row| row.kind == "charge")
        .filter_map(|row| row.request_id)
        .filter(|key| key != "first")
        .collect())
}

#[tokio::test]
async fn a_core_that_is_told_to_stop_answers_every_call_that_it_has_begun() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(1).await?;
    timeout(BOUND, stop_with_calls_waiting(stage, &tokens))
        .await
        .context("the core or its callers hang")?
}

async fn stop_with_calls_waiting(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let client = connect(&stage, tokens).await?;
    // The account's row is locked by somebody else: charges begin and cannot end.
    let mut connection = PgConnection::connect(&stage.superuser_url()).await?;
    let mut lock = connection.begin().await?;
    sqlx::query("select from account for update")
        .execute(&mut *lock)
        .await?;
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let mut client = client.clone();
        let request = charge_request(USER, &format!("key-{number}"), 10);
        calls.spawn(async move { client.charge(request).await });
    }
    // Reads wait for no lock. Sent after the charges on the same connection, it arrives after them.
    let check = CheckBalanceRequest {
        account: Some(account(USER)),
        cost: Some(cost(10)),
    };
    let mut probe = client.clone();
    let asked = tokio::spawn(async move { probe.check_balance(check).await });
    asked.await??;

    let core = &mut stage.cores[0];
    core.terminate()?;
    while !core.log().contains("draining") {
        sleep(Duration::from_millis(5)).await;
    }
    lock.rollback().await?;
    let mut answered = 0;
    while let Some(call) = calls.join_next().await {
        let answer = call?.context("a call that had begun")?.into_inner();
        ensure!(answer.decision() == Decision::Allowed, "{answer:?}");
        answered += 1;
    }
    // Told once more, it does the same.
    let took = core.stop().await?;
    ensure!(took < DRAIN, "the core took {took:?} to end");
    ensure!(answered == 100 && charged_keys(&stage).await?.len() == 100);
    println!("ended {took:?} after its last answer");
    stage.audit().await?;
    stage.clear().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_is_told_to_stop_under_load_leaves_nothing_done_and_unanswered() -> Result<()> {
    let (_alone, stage, tokens) = alone::set(1).await?;
    timeout(BOUND, stop_under_load(stage, &tokens))
        .await
        .context("the core or its callers hang")?
}

async fn stop_under_load(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let client = connect(&stage, tokens).await?;
    let keys = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..32 {
        workers.spawn(charge_until_refused(client.clone(), Arc::clone(&keys)));
    }
    while keys.load(Ordering::Relaxed) < 1_000 {
        sleep(Duration::from_millis(5)).await;
    }
    let took = stage.cores[0].stop().await?;
    ensure!(took < DRAIN, "the core took {took:?} to end");
    let mut answered = BTreeSet::new();
    while let Some(worker) = workers.join_next().await {
        answered.extend(worker?);
    }
    let charged = charged_keys(&stage).await?;
    println!("{} charges answered; ended within {took:?}", answered.len());
    let unanswered: Vec<_> = charged.difference(&answered).collect();
    let lost: Vec<_> = answered.difference(&charged).collect();
    ensure!(
        unanswered.is_empty() && lost.is_empty(),
        "done and unanswered: {unanswered:?}; answered and lost: {lost:?}"
    );
    stage.audit().await?;
    stage.clear().await
}

/// Charges under one key after another until the core answers no more. Answers with the keys of
/// those that were acknowledged.
async fn charge_until_refused(mut client: Client, keys: Arc<AtomicUsize>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        let key = format!("key-{}", keys.fetch_add(1, Ordering::Relaxed));
        match client.charge(charge_request(USER, &key, 1)).await {
            Ok(_) => acknowledged.push(key),
            Err(_) => return acknowledged,
        }
    }
}
