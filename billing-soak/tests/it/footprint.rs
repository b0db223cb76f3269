//! How soon a core serves, and how much memory it takes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::{CheckBalanceRequest, Decision};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::alone;
use billing_soak::ask::{account, charge_request, cost};
use billing_soak::callers::{Caller, Client, client, set_tenant};

const READY_WITHIN: Duration = Duration::from_secs(1);
const IN_FLIGHT: usize = 256;
const MOST_KIB: u64 = 60 * 1024;
const LOADED_FOR: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_is_ready_within_a_second_and_below_60_mib_with_256_calls_in_flight() -> Result<()> {
    let (_alone, mut stage, tokens) = alone::set(0).await?;
    let ready_after = stage.add_core()?.start().await?;
    let idle = memory(stage.cores[0].pid()?, "VmRSS")?;
    set_tenant(stage.cores[0].grpc, &tokens.admin).await?;

    let caller = Caller::new(&tokens.tools, Duration::from_secs(10))?;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut calls = JoinSet::new();
    let core = stage.cores[0].grpc;
    for connection in 0..4 {
        let client = client(core, caller.clone())?;
        for worker in 0..IN_FLIGHT / 4 {
            let user = format!("user-{connection}-{worker}");
            calls.spawn(keep_calling(client.clone(), user, Arc::clone(&answered)));
        }
    }
    let pid = stage.cores[0].pid()?;
    let until = Instant::now() + LOADED_FOR;
    let mut most = (0, 0);
    while Instant::now() < until {
        most = most.max((memory(pid, "VmRSS")?, memory(pid, "RssAnon")?));
        if let Some(ended) = calls.try_join_next() {
            ended?.context("a call failed")?;
        }
        sleep(Duration::from_millis(50)).await;
    }
    calls.shutdown().await;
    let (loaded, own) = most;
    println!(
        "ready after {ready_after:?}; {idle} KiB idle, {loaded} KiB (own: {own} KiB) with \
         {IN_FLIGHT} calls in flight, {} answered",
        answered.load(Ordering::Relaxed)
    );
    stage.clear().await?;
    ensure!(ready_after < READY_WITHIN, "ready after {ready_after:?}");
    ensure!(loaded < MOST_KIB, "{loaded} KiB resident");
    Ok(())
}

/// Checks and charges, without end.
async fn keep_calling(mut client: Client, user: String, answered: Arc<AtomicUsize>) -> Result<()> {
    for number in 0_u64.. {
        let check = CheckBalanceRequest {
            account: Some(account(&user)),
            cost: Some(cost(10)),
        };
        client.check_balance(check).await?;
        let charge = charge_request(&user, &number.to_string(), 10);
        let answer = client.charge(charge).await?.into_inner();
        ensure!(answer.decision() == Decision::Allowed, "{answer:?}");
        answered.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}

/// KiB of a kind in a process's status.
fn memory(pid: u32, kind: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.context("no such line")?.parse().context("no number")
}
