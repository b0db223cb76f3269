//! What a whole tenant has spent, by sums and entries.

use std::collections::BTreeMap;

use billing_core::usage::check_days;
use billing_proto::v1;
use billing_testkit::TestCore;
use sqlx::{AssertSqlSafe, PgConnection, query_as, query_scalar};
use tokio::task::JoinSet;

use crate::sponsorship::until_two_wait;
use crate::support::{USD, as_owner, charge, core, run};
use crate::user::User;

async fn usage(core: &TestCore) -> v1::GetTenantUsageResponse {
    let request = v1::GetTenantUsageRequest {
        tenant_id: "acme".to_owned(),
        days: 20,
        users_max: 0,
    };
    let answer = core.admin().get_tenant_usage(request).await;
    answer.unwrap().into_inner()
}

/// By its entries alone, by a column of theirs: what was spent, and how many charges.
async fn plain(owner: &mut PgConnection, by: &str) -> BTreeMap<String, (i64, i64)> {
    let statement = format!(
        "select {by}, (-sum(amount_micros))::bigint, count(*) filter (where kind = 'charge')
        from entry join account_profile using (account_id)
        where kind in ('charge', 'refund') and created_at >=
            (date_trunc('day', now() at time zone 'UTC') - interval '19 days') at time zone 'UTC'
        group by 1"
    );
    let rows: Vec<(String, i64, i64)> = query_as(AssertSqlSafe(statement))
        .fetch_all(owner)
        .await
        .unwrap();
    rows.into_iter()
        .map(|(of, spent, charges)| (of, (spent, charges)))
        .collect()
}

const DAY: &str = "(created_at at time zone 'UTC')::date::text";

async fn total(owner: &mut PgConnection) -> i64 {
    plain(owner, DAY)
        .await
        .values()
        .map(|(spent, _)| spent)
        .sum()
}

/// So many charges of each account, over a month, of which most are in the span that is asked about.
const MONTH: &str = "with made as (
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at, day_no,
            month_no, tool)
        select account_id, entry_seq + n, 'charge', -(n % 7), 0, 'usage', now() - interval '26 days' + n * interval '2 minutes',
            1, 1, (array['search', 'draw', null])[1 + n % 3]
        from account cross join generate_series(1, 15000) n
    ) update account set entry_seq = entry_seq + 15000";

/// Of both accounts, at once.
fn charges(core: &TestCore) -> JoinSet<()> {
    let mut charges = JoinSet::new();
    for number in 0..8 {
        let mut tools = core.balance();
        charges.spawn(async move {
            for charged in 0..40 {
                let user = if number % 2 == 0 { "alice" } else { "bob" };
                let request = charge(user, &format!("{number} {charged}"), 1);
                tools.charge(request).await.unwrap();
            }
        });
    }
    charges
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_usage_is_that_of_its_entries_while_its_accounts_are_charged() {
    let (database, core) = core().await;
    for user in ["alice", "bob"] {
        User::with(&core, user, USD).await;
    }
    as_owner(&database, MONTH).await;
    let mut charges = charges(&core);
    let mut owner = database.connect_as_owner().await;
    let mut asked = 0;
    while !charges.is_empty() || asked < 3 {
        let before = total(&mut owner).await;
        let told = usage(&core).await;
        let after = total(&mut owner).await;
        let of_days: i64 = told.days.iter().map(|day| day.spent_micros).sum();
        let of_tools: i64 = told.tools.iter().map(|tool| tool.spent_micros).sum();
        let of_users: i64 = told.users.iter().map(|user| user.spent_micros).sum();
        assert!(
            (before..=after).contains(&of_days),
            "{before} {of_days} {after}"
        );
        assert_eq!((of_tools, of_users), (of_days, of_days));
        asked += 1;
        while let Some(charged) = charges.try_join_next() {
            charged.unwrap();
        }
    }
    let told = usage(&core).await;
    let days = told.days.into_iter();
    let days: BTreeMap<_, _> = days
        .map(|day| (day.date, (day.spent_micros, day.charge_count)))
        .collect();
    assert_eq!(days, plain(&mut owner, DAY).await);
    let tools = told.tools.into_iter();
    let tools: BTreeMap<_, _> = tools
        .map(|tool| (tool.tool, (tool.spent_micros, tool.charge_count)))
        .collect();
    assert_eq!(tools, plain(&mut owner, "coalesce(tool, '')").await);
    let users = told.users.into_iter();
    let users: BTreeMap<_, _> = users
        .map(|user| (user.user_id, (user.spent_micros, user.charge_count)))
        .collect();
    assert_eq!(users, plain(&mut owner, "user_id").await);
    // Most of it is in sums, which say what the entries say.
    let summed: i64 = query_scalar("select sum(end_seq)::bigint from usage_day_end")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(summed > 10_000, "{summed}");
    assert_eq!(check_days(&database.pool().await).await.unwrap(), []);
    as_owner(
        &database,
        "update usage_day set spent_micros = spent_micros + 1",
    )
    .await;
    assert!(!check_days(&database.pool().await).await.unwrap().is_empty());
}

/// More charges of each account than are read rather than summed up.
const MANY: &str = "with made as (
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at, day_no,
            month_no, tool)
        select account_id, entry_seq + n, 'charge', -1, 0, 'usage', now() - interval '1 day', 1, 1, 'search'
        from account cross join generate_series(1, 25000) n
    ) update account set entry_seq = entry_seq + 25000";

#[tokio::test]
async fn entries_that_two_cores_sum_up_at_once_are_in_the_sums_once() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    User::with(&core, "alice", USD).await;
    as_owner(&database, MANY).await;
    // From now on there is a row that says where the sums end.
    for core in [&core, &another] {
        usage(core).await;
    }
    as_owner(&database, MANY).await;
    // Sums can be read, and none can be written.
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, "begin; lock table usage_day in exclusive mode")
        .await
        .unwrap();
    let ended = async {
        until_two_wait(&database).await;
        drop(owner);
    };
    let (one, other, ()) = tokio::join!(usage(&core), usage(&another), ended);
    assert_eq!(check_days(&database.pool().await).await.unwrap(), []);
    for told in [one, other] {
        let spent: i64 = told.days.iter().map(|day| day.spent_micros).sum();
        assert_eq!(spent, 50_000);
    }
}
