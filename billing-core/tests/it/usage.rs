//! `GetUsage` of long histories: what it costs, and what it costs others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use billing_core::id::AccountId;
use billing_core::ledger::audit;
use billing_proto::v1;
use billing_proto::v1::Decision;
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{
    USD, amount, as_owner, assert_books_are_right, core, core_with_prices, eventually, moment,
    price, tool,
};
use crate::user::User;

/// The last of so many charges of 1 micro on five tools, spread over 29 days, were made a minute ago.
pub async fn fill(database: &TestDatabase, user: &str, charges: i64) {
    let id = AccountId::of("acme", user).uuid();
    let made = "now() - interval '1 minute' - interval '29 days'";
    as_owner(
        database,
        &format!(
            "insert into account_profile (account_id, tenant_id, user_id) values ('{id}', 'acme', '{user}');
            insert into account (account_id, settled_micros, spent_on, day_no, month_no, total_spent_micros,
                request_count, entry_seq) values ('{id}', 0, current_date, 2, 2, {charges}, {charges}, {charges} + 1);
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at,
                day_no, month_no, tool)
            select '{id}', n, case n when 1 then 'grant' else 'charge' end, case n when 1 then {charges} else -1 end,
                {charges} - n + 1, case n when 1 then 'grants' else 'usage' end,
                {made} + interval '29 days' * (n / ({charges} + 1)::float8), 1, 1,
                case n when 1 then null else 'tool-' || n % 5 end
            from generate_series(1, {charges} + 1) as n;
            analyze entry"
        ),
    )
    .await;
}

async fn health(channel: tonic::transport::Channel) -> String {
    let request = HealthCheckRequest::default();
    let answer = HealthClient::new(channel).check(request).await.unwrap();
    answer.into_inner().status().as_str_name().to_owned()
}

#[tokio::test]
async fn one_user_s_long_history_asked_for_32_times_at_once_holds_up_nobody() {
    let search = v1::Price {
        per_call_micros: 5,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[search]).await;
    fill(&database, "alice", 150_000).await;
    let bob = User::with(&core, "bob", USD).await;
    let enough = Arc::new(AtomicBool::new(false));
    let mut threads = JoinSet::new();
    for _ in 0..32 {
        let (mut balance, enough) = (core.balance(), Arc::clone(&enough));
        let request = whole_usage(&User::new(&core, "alice"));
        threads.spawn(async move {
            let mut statuses = Vec::new();
            while !enough.load(Ordering::Relaxed) {
                if let Err(status) = balance.get_usage(request.clone()).await {
                    statuses.push(status);
                }
            }
            statuses
        });
    }
    for _ in 0..100 {
        assert_decides(&core, &bob).await;
        sleep(Duration::from_millis(50)).await;
    }
    enough.store(true, Ordering::Relaxed);
    let refused: Vec<_> = threads.join_all().await.into_iter().flatten().collect();
    assert!(
        refused.is_empty(),
        "{} of the user's own: {:?}",
        refused.len(),
        refused.first()
    );
    assert_books_are_right(&database).await;

    // Sums that are wrong are found, and made anew where they were deleted.
    let now = moment(jiff::Timestamp::now());
    let right = usage_until(&core, now).await;
    as_owner(
        &database,
        "update usage_sum set spent_micros = spent_micros + 1, charge_count = charge_count + 1
        where (account_id, starts_at, tool) in (select account_id, starts_at, tool from usage_sum limit 1)",
    )
    .await;
    let pool = database.pool().await;
    let found = audit::check(&pool).await.unwrap();
    pool.close().await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].rule.starts_with("usage is summed up"), "{found:?}");
    as_owner(&database, "delete from usage_sum; delete from usage_summed").await;
    assert_eq!(usage_until(&core, now).await, right);
    core.stop().await;
    assert_books_are_right(&database).await;
}

async fn usage_until(core: &TestCore, to: prost_types::Timestamp) -> v1::GetUsageResponse {
    let request = v1::GetUsageRequest {
        to: Some(to),
        ..whole_usage(&User::new(core, "alice"))
    };
    let usage = core.balance().get_usage(request).await;
    usage.unwrap().into_inner()
}

/// From now on, each row of the user's history takes a second to be read.
async fn slow_down(database: &TestDatabase, user: &str) {
    let id = AccountId::of("acme", user).uuid();
    as_owner(
        database,
        &format!(
            "alter table entry rename to entry_kept;
            create view entry as select * from entry_kept
                where case when account_id = '{id}' then pg_sleep(1) is not null else true end;
            grant select, insert on entry to billing_app"
        ),
    )
    .await;
}

fn whole_usage(user: &User<'_>) -> v1::GetUsageRequest {
    v1::GetUsageRequest {
        account: user.account(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_user_whose_history_is_slow_waits_in_a_line_of_his_own() {
    let search = v1::Price {
        per_call_micros: 5,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[search]).await;
    fill(&database, "alice", 500).await;
    let alice = User::new(&core, "alice");
    let bob = User::with(&core, "bob", USD).await;
    bob.charge("1", amount(1)).await;
    slow_down(&database, "alice").await;
    let mut asking = JoinSet::new();
    for _ in 0..40 {
        let (mut balance, request) = (core.balance(), whole_usage(&alice));
        asking.spawn(async move { balance.get_usage(request).await });
    }
    // For longer than a price list is good that is not refreshed.
    let until = Instant::now() + Duration::from_secs(7);
    while Instant::now() < until {
        let mut request = Request::new(whole_usage(&bob));
        request.set_timeout(Duration::from_secs(2));
        let usage = core.balance().get_usage(request).await.unwrap();
        assert_eq!(usage.into_inner().tools.len(), 1);
        let page = bob.page(v1::ListEntriesRequest::default()).await;
        assert_eq!(page.entries.len(), 2);
        assert_decides(&core, &bob).await;
        sleep(Duration::from_millis(50)).await;
    }
    // 32 of the calls may wait; the others were told at once.
    let mut told = 0;
    while let Some(answer) = asking.try_join_next() {
        let status = answer.unwrap().unwrap_err();
        told += usize::from(status.code() == Code::ResourceExhausted);
    }
    assert_eq!(told, 8);
    asking.shutdown().await;
    core.stop().await;
}

/// What the core is there for: it prices, checks, and says that it is ready.
async fn assert_decides(core: &TestCore, user: &User<'_>) {
    let answer = user.check(tool("search", &[])).await;
    assert_eq!(answer.decision(), Decision::Allowed);
    assert_eq!(health(core.channel()).await, "SERVING");
}

#[tokio::test]
async fn a_read_whose_caller_has_left_ends_on_the_server_too() {
    let (database, core) = core().await;
    fill(&database, "alice", 500).await;
    slow_down(&database, "alice").await;
    let mut watcher = database.connect_as_owner().await;
    let mut sleeping = async || -> i64 {
        sqlx::query_scalar(
            "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event = 'PgSleep'",
        )
        .fetch_one(&mut watcher)
        .await
        .unwrap()
    };
    for goes in [true, false] {
        let (mut balance, mut request) = (
            core.balance(),
            Request::new(whole_usage(&User::new(&core, "alice"))),
        );
        if !goes {
            request.set_timeout(Duration::from_millis(500));
        }
        let asking = tokio::spawn(async move { balance.get_usage(request).await });
        eventually("the history is read", async || sleeping().await == 1).await;
        if goes {
            asking.abort();
        } else {
            let status = asking.await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded);
        }
        // By itself the statement would go on for 5 s.
        let left = Instant::now();
        eventually("nothing is read any more", async || sleeping().await == 0).await;
        assert!(
            left.elapsed() < Duration::from_secs(3),
            "{:?}",
            left.elapsed()
        );
    }
    core.stop().await;
}
