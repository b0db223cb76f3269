//! Many administrators at once.

use std::pin::Pin;

use billing_proto::v1;
use billing_testkit::TestCore;
use sqlx::query_scalar;
use tokio::task::JoinSet;
use tonic::Status;

use crate::support::{USD, account, core, eventually, run, set};
use crate::switches::operator;

type Change = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

const ROUNDS: i64 = 20;

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
    let lock =
        "select pg_advisory_lock(hashtextextended('operator_switch' || chr(31) || 'webhooks', 0))";
    run(&mut owner, lock).await.unwrap();
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
