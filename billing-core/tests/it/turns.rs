//! Many administrators at once.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{PgConnection, query_scalar};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Request, Status};

use crate::support::{USD, account, core, eventually, run, set};
use crate::switches::operator;

type Change = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

const ROUNDS: i64 = 20;

/// The lock that whoever changes the switch of webhooks waits for.
const LOCK: &str =
    "select pg_advisory_lock(hashtextextended('operator_switch' || chr(31) || 'webhooks', 0))";

const SWITCHES: [&str; 3] = ["enforcement", "webhooks", "payments"];

/// The locks that whoever changes any switch waits for.
const LOCKS: &str =
    "select pg_advisory_lock(hashtextextended('operator_switch' || chr(31) || name, 0))
    from unnest(array['enforcement', 'webhooks', 'payments']) as name";

/// The lock that whoever changes what the tool `search` costs waits for.
const TOOL_LOCK: &str =
    "select pg_advisory_lock(hashtextextended('acme' || chr(31) || 'search', 0))";

/// Whatever an administrator changes, each once, with something of its own.
fn changes(core: &TestCore, number: i64) -> Vec<Change> {
    let (reason, actor) = (format!("reason {number}"), "olga".to_owned());
    let (mut switches, mut prices) = (operator(core, &core.admin_token), core.prices());
    let (mut accounts, mut tenants) = (core.accounts(), core.accounts());
    let mut settings = core.accounts();
    let switch = v1::SetSwitchRequest {
        name: "webhooks".to_owned(),
        on: number % 2 == 0,
        reason: reason.clone(),
        actor: actor.clone(),
    };
    let price = v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros: number,
        actor: actor.clone(),
        ..Default::default()
    };
    let tenant = v1::SetTenantRequest {
        tenant: Some(v1::Tenant {
            tenant_id: "acme".to_owned(),
            welcome_grant_micros: number,
            ..Default::default()
        }),
        reason: reason.clone(),
        actor: actor.clone(),
    };
    let suspension = v1::SuspendAccountRequest {
        account: Some(account("alice")),
        reason,
        actor: actor.clone(),
    };
    let limit = v1::UpdateSettingsRequest {
        account: Some(account("alice")),
        daily_limit: set(number * USD),
        actor,
        ..Default::default()
    };
    vec![
        Box::pin(async move { switches.set_switch(switch).await.map(drop) }),
        Box::pin(async move { prices.set_price(price).await.map(drop) }),
        Box::pin(async move { tenants.set_tenant(tenant).await.map(drop) }),
        Box::pin(async move { accounts.suspend_account(suspension).await.map(drop) }),
        Box::pin(async move { settings.update_settings(limit).await.map(drop) }),
    ]
}

/// Nobody is told of an outage because others change the same, and who only reads does not wait behind them.
#[tokio::test]
async fn a_hundred_changes_at_once_are_all_made_though_the_first_one_waits_for_a_lock() {
    let (database, core) = core().await;
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, LOCK).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 1..=ROUNDS {
        for change in changes(&core, number) {
            calls.spawn(change);
        }
    }
    // Longer than a pool is patient with whoever has no connection.
    eventually("a change waits", async || {
        let longest = "select count(*) from pg_stat_activity where datname = current_database()
            and wait_event = 'advisory' and clock_timestamp() - query_start > interval '1.2 s'";
        let waiting: i64 = query_scalar(longest).fetch_one(&mut owner).await.unwrap();
        waiting > 0
    })
    .await;
    let mut reader = operator(&core, &core.admin_token);
    let read = reader.list_switches(v1::ListSwitchesRequest {}).await;
    run(&mut owner, "select pg_advisory_unlock_all()")
        .await
        .unwrap();
    read.unwrap();
    while let Some(made) = calls.join_next().await {
        made.unwrap().unwrap();
    }
    let counts: Vec<i64> = query_scalar(
        "select count(*) from switch_change union all select count(*) from price
        union all select count(*) from admin_change where action = 'tenant'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(counts, [ROUNDS; 3]);
}

/// Three who change a switch each, and wait for an answer no longer than so.
fn switching(core: &TestCore, patience: Duration) -> JoinSet<Result<(), Status>> {
    SWITCHES
        .into_iter()
        .map(|name| {
            let mut switches = operator(core, &core.admin_token);
            let mut request = Request::new(v1::SetSwitchRequest {
                name: name.to_owned(),
                on: true,
                reason: "it is repaired".to_owned(),
                actor: "olga".to_owned(),
            });
            request.set_timeout(patience);
            async move { switches.set_switch(request).await.map(drop) }
        })
        .collect()
}

/// The sessions that wait for a lock of what they change.
async fn waiting(owner: &mut PgConnection) -> BTreeSet<i32> {
    let statement = "select pid from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory'";
    let sessions: Vec<i32> = query_scalar(statement).fetch_all(owner).await.unwrap();
    sessions.into_iter().collect()
}

/// A change that is left in its middle leaves a connection behind that waits on for 2 s.
#[tokio::test]
async fn whoever_leaves_a_change_keeps_its_turn_as_long_as_its_connection() {
    let database = TestDatabase::new().await;
    // Half of them have a turn.
    let pools = ["--pool-max", "6", "--payment-pool-max", "6"];
    let core = TestCore::start_with(&database, &pools).await;
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, LOCKS).await.unwrap();
    let mut first = switching(&core, Duration::from_secs(10));
    eventually("a change of each switch waits", async || {
        waiting(&mut owner).await.len() == 3
    })
    .await;
    let left = waiting(&mut owner).await;
    first.shutdown().await;
    let mut others = switching(&core, Duration::from_millis(500));
    while let Some(ended) = others.join_next().await {
        ended.unwrap().unwrap_err();
    }
    let now = waiting(&mut owner).await;
    let more: Vec<i32> = now.difference(&left).copied().collect();
    assert!(
        more.is_empty(),
        "{} more connections wait than have a turn",
        more.len()
    );
    // Whoever only reads has the other half.
    let mut reader = operator(&core, &core.admin_token);
    let read = reader.list_switches(v1::ListSwitchesRequest {}).await;
    read.unwrap();
}

/// A change of what a tool costs.
fn priced(core: &TestCore, tool: &str, micros: i64) -> Change {
    let mut prices = core.prices();
    let price = v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: tool.to_owned(),
        per_call_micros: micros,
        ..Default::default()
    };
    Box::pin(async move { prices.set_price(price).await.map(drop) })
}

/// Changes that wait for no lock of that tool.
fn others(core: &TestCore) -> Vec<(&'static str, Change)> {
    let mut switches = operator(core, &core.admin_token);
    let switch = v1::SetSwitchRequest {
        name: "webhooks".to_owned(),
        on: true,
        reason: "it is repaired".to_owned(),
        actor: "olga".to_owned(),
    };
    let mut supporters = core.sponsorship_admin();
    let supporter = v1::ModerateSupporterRequest {
        account: Some(account("alice")),
        banned: Some(true),
        actor: "olga".to_owned(),
        ..Default::default()
    };
    vec![
        ("another tool", priced(core, "fetch", 1)),
        (
            "a switch",
            Box::pin(async move { switches.set_switch(switch).await.map(drop) }),
        ),
        (
            "a supporter",
            Box::pin(async move { supporters.moderate_supporter(supporter).await.map(drop) }),
        ),
    ]
}

/// Only the first of them has a connection.
#[tokio::test]
async fn changes_of_one_tool_that_wait_for_its_lock_hold_no_other_change_up() {
    let database = TestDatabase::new().await;
    let pools = ["--pool-max", "6", "--payment-pool-max", "6"];
    let core = TestCore::start_with(&database, &pools).await;
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, TOOL_LOCK).await.unwrap();
    let mut held: JoinSet<_> = (1..=ROUNDS)
        .map(|number| priced(&core, "search", number))
        .collect();
    // By then all of them have come; none is patient with a lock for longer than 2 s.
    eventually("a change waits", async || {
        let longest = "select count(*) from pg_stat_activity where datname = current_database()
            and wait_event = 'advisory' and clock_timestamp() - query_start > interval '0.5 s'";
        let waiting: i64 = query_scalar(longest).fetch_one(&mut owner).await.unwrap();
        waiting > 0
    })
    .await;
    for (what, change) in others(&core) {
        let made = timeout(Duration::from_secs(1), change).await;
        assert!(matches!(made, Ok(Ok(()))), "{what}: {made:?}");
    }
    assert_eq!(waiting(&mut owner).await.len(), 1);
    held.shutdown().await;
}
