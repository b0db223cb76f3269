//! What the core does without its database.

use std::collections::BTreeSet;
use std::time::Duration;

use billing_proto::v1::{self, Decision};
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::proxy::Proxy;
use crate::support::{
    USD, account, amount, as_owner, assert_books_are_right, charge, core, eventually, reason, run,
};
use crate::user::User;

/// A request that its caller gives up on after `secs`.
fn within<T>(secs: u64, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(secs));
    request
}

async fn health(core: &TestCore) -> String {
    let answer = HealthClient::new(core.channel())
        .check(HealthCheckRequest::default())
        .await;
    answer
        .unwrap()
        .into_inner()
        .status()
        .as_str_name()
        .to_owned()
}

/// What the RPCs answer, one of each way to the database, to callers who wait three seconds.
async fn answers(core: &TestCore, key: &str) -> Vec<(&'static str, Option<Status>)> {
    let account = Some(account("alice"));
    let (mut balance, mut accounts, mut prices) = (core.balance(), core.accounts(), core.prices());
    let check = v1::CheckBalanceRequest {
        account: account.clone(),
        cost: amount(1),
    };
    let list = v1::ListEntriesRequest {
        account: account.clone(),
        ..Default::default()
    };
    let usage = v1::GetUsageRequest {
        account,
        ..Default::default()
    };
    let of_tenant = v1::GetTenantRequest {
        tenant_id: "acme".to_owned(),
    };
    let of_prices = v1::ListPricesRequest {
        tenant_id: "acme".to_owned(),
        ..Default::default()
    };
    let (charged, answered, listed, summed, terms, listing) = tokio::join!(
        balance.charge(within(3, charge("alice", key, 1))),
        async { core.balance().check_balance(within(3, check)).await },
        async { core.balance().list_entries(within(3, list)).await },
        async { core.balance().get_usage(within(3, usage)).await },
        accounts.get_tenant(within(3, of_tenant)),
        prices.list_prices(within(3, of_prices)),
    );
    vec![
        ("Charge", charged.err()),
        ("CheckBalance", answered.err()),
        ("ListEntries", listed.err()),
        ("GetUsage", summed.err()),
        ("GetTenant", terms.err()),
        ("ListPrices", listing.err()),
    ]
}

/// Every RPC says in time that it cannot be answered, and health says so within seconds.
async fn assert_away(core: &TestCore) {
    let begun = Instant::now();
    for (rpc, status) in answers(core, "away").await {
        let status = status.expect(rpc);
        assert_eq!(status.code(), Code::Unavailable, "{rpc}: {status:?}");
        // An earlier charge with the same key may stand at its COMMIT, where nobody can look.
        let wanted = match rpc {
            "Charge" => "OUTCOME_UNKNOWN",
            _ => "DATABASE_UNAVAILABLE",
        };
        assert_eq!(reason(&status), wanted, "{rpc}: {status:?}");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "answered after {took:?}");
    eventually("health says that the core cannot decide", async || {
        health(core).await == "NOT_SERVING"
    })
    .await;
}

/// Nobody had to do anything for it.
async fn assert_back(core: &TestCore) {
    eventually("health says that the core is back", async || {
        health(core).await == "SERVING"
    })
    .await;
    for (rpc, status) in answers(core, "back").await {
        assert!(status.is_none(), "{rpc}: {status:?}");
    }
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_is_unavailable_until_it_does_again() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    assert_eq!(health(&core).await, "SERVING");
    database.cut_off().await;
    assert_away(&core).await;
    database.let_in().await;
    assert_back(&core).await;
    // What was not acknowledged was not done either, and its key is as good as new.
    let again = alice.charge("away", amount(1)).await;
    assert_eq!(
        (again.decision(), again.replayed),
        (Decision::Allowed, false)
    );
    assert_eq!(alice.available().await, USD - 2);
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable_until_it_is_back() {
    let database = TestDatabase::new().await;
    let mut proxy = Proxy::to(&database).await;
    let database = database.reached_through(proxy.address);
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    proxy.cut().await;
    assert_away(&core).await;
    proxy.open().await;
    assert_back(&core).await;
    let again = alice.charge("away", amount(1)).await;
    assert_eq!(
        (again.decision(), again.replayed),
        (Decision::Allowed, false)
    );
    assert_eq!(alice.available().await, USD - 2);
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_keeps_nobody_waiting_beyond_his_deadline() {
    let database = TestDatabase::new().await;
    let mut proxy = Proxy::to(&database).await;
    let database = database.reached_through(proxy.address);
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    proxy.stall();
    let begun = Instant::now();
    for (rpc, status) in answers(&core, "away").await {
        let status = status.expect(rpc);
        assert!(
            [Code::Unavailable, Code::DeadlineExceeded].contains(&status.code()),
            "{rpc}: {status:?}"
        );
    }
    let took = begun.elapsed();
    assert!(
        took < Duration::from_millis(3100),
        "answered after {took:?}"
    );
    proxy.cut().await;
    proxy.open().await;
    assert_back(&core).await;
    // Whether the charge was done was unknown; its key tells, and it was done at most once.
    assert_eq!(
        alice.charge("away", amount(1)).await.decision(),
        Decision::Allowed
    );
    assert_eq!(alice.available().await, USD - 2);
    core.stop().await;
    assert_books_are_right(&database).await;
}

/// What an operator may do to a database in which the core then cannot decide, and undoes again.
#[tokio::test]
async fn a_core_that_lacks_a_privilege_is_not_ready_until_it_has_it() {
    let (database, core) = core().await;
    as_owner(&database, "revoke insert on entry from billing_app").await;
    eventually("the core is not ready", async || {
        health(&core).await == "NOT_SERVING"
    })
    .await;
    as_owner(&database, "grant insert on entry to billing_app").await;
    assert_back(&core).await;
    core.stop().await;
}

#[tokio::test]
async fn a_core_whose_table_is_locked_is_not_ready_until_it_is_free() {
    let (database, core) = core().await;
    let mut operator = database.connect_as_owner().await;
    run(
        &mut operator,
        "begin; lock table idempotency_key in share mode",
    )
    .await
    .unwrap();
    eventually("the core is not ready", async || {
        health(&core).await == "NOT_SERVING"
    })
    .await;
    run(&mut operator, "rollback").await.unwrap();
    assert_back(&core).await;
    core.stop().await;
}

const KILL: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = 'billing_test'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_acknowledged_while_backends_were_killed_is_committed_once() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD)
        .await
        .without_limits()
        .await;
    let mut killer = database.connect_as_owner().await;
    let mut senders = JoinSet::new();
    for sender in 0..8 {
        let mut backend = core.balance();
        senders.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..100 {
                let key = format!("{sender}-{n}");
                match backend.charge(charge("alice", &key, 1)).await {
                    Ok(answer) => acknowledged.push(answer.into_inner().entry_id),
                    Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
                }
            }
            acknowledged
        });
    }
    let killing = async {
        loop {
            run(&mut killer, KILL).await.unwrap();
            // Between two kills some batches get through.
            sleep(Duration::from_millis(20)).await;
        }
    };
    let acknowledged: Vec<String> = tokio::select! {
        sent = senders.join_all() => sent.concat(),
        () = killing => unreachable!("it never ends"),
    };
    let distinct: BTreeSet<_> = acknowledged.iter().collect();
    assert_eq!(distinct.len(), acknowledged.len());
    let booked: Vec<i64> = sqlx::query_scalar("select seq from entry where kind = 'charge'")
        .fetch_all(&mut killer)
        .await
        .unwrap();
    for entry in &acknowledged {
        let (_, seq) = entry.split_once('-').unwrap();
        assert!(
            booked.contains(&seq.parse().unwrap()),
            "{entry} is not in the ledger"
        );
    }
    let spent = i64::try_from(booked.len()).unwrap();
    assert_eq!(alice.available().await, 500 * USD - spent);
    core.stop().await;
    assert_books_are_right(&database).await;
}
