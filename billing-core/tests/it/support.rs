//! What the tests start from, and how they wait and look.

use std::time::Duration;

use billing_core::ledger::audit;
use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::{Instant, sleep};
use tonic_types::StatusExt;

/// One USD in micros.
pub const USD: i64 = 1_000_000;

/// A core on a database of its own.
pub async fn core() -> (TestDatabase, TestCore) {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    (database, core)
}

/// A core that has known these prices for an hour.
pub async fn core_with_prices(prices: &[v1::Price]) -> (TestDatabase, TestCore) {
    let database = TestDatabase::new().await;
    for price in prices {
        database.price(price).await;
    }
    let core = TestCore::start(&database).await;
    (database, core)
}

/// The first version of a price of the tenant `acme`: nothing a call, nothing a unit.
pub fn price(tool: &str) -> v1::Price {
    v1::Price {
        tenant_id: "acme".to_owned(),
        tool: tool.to_owned(),
        version: 1,
        ..Default::default()
    }
}

pub fn account(user: &str) -> v1::AccountRef {
    v1::AccountRef {
        tenant_id: "acme".to_owned(),
        user_id: user.to_owned(),
    }
}

pub fn amount(micros: i64) -> Option<v1::Cost> {
    Some(v1::Cost {
        cost: Some(v1::cost::Cost::AmountMicros(micros)),
    })
}

pub fn tool_usage(name: &str, quantities: &[(&str, i64)]) -> v1::ToolUsage {
    v1::ToolUsage {
        name: name.to_owned(),
        quantities: quantities
            .iter()
            .map(|(unit, n)| ((*unit).to_owned(), *n))
            .collect(),
    }
}

pub fn tool(name: &str, quantities: &[(&str, i64)]) -> Option<v1::Cost> {
    Some(v1::Cost {
        cost: Some(v1::cost::Cost::Tool(tool_usage(name, quantities))),
    })
}

/// A charge of `micros` under `key`.
pub fn charge(user: &str, key: &str, micros: i64) -> v1::ChargeRequest {
    v1::ChargeRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        cost: amount(micros),
        ..Default::default()
    }
}

/// A hold of `micros` under `key`.
pub fn hold(user: &str, key: &str, micros: i64) -> v1::PlaceHoldRequest {
    v1::PlaceHoldRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        cost: amount(micros),
        ..Default::default()
    }
}

/// A setting of an amount.
pub fn set(micros: i64) -> Option<v1::AmountSetting> {
    Some(v1::AmountSetting {
        amount_micros: Some(micros),
    })
}

/// A setting of no amount at all.
pub fn unset() -> Option<v1::AmountSetting> {
    Some(v1::AmountSetting {
        amount_micros: None,
    })
}

pub fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

pub fn moment(at: jiff::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

pub fn time(at: Option<prost_types::Timestamp>) -> jiff::Timestamp {
    let at = at.unwrap();
    jiff::Timestamp::new(at.seconds, at.nanos).unwrap()
}

/// The `reason` of a status' `ErrorInfo`; its domain is ours.
pub fn reason(status: &tonic::Status) -> String {
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "billing");
    info.reason
}

/// One value of a status' `ErrorInfo`.
pub fn detail(status: &tonic::Status, name: &str) -> String {
    let info = status.get_details_error_info().unwrap();
    info.metadata[name].clone()
}

/// The fields that a status' `BadRequest` names.
pub fn fields(status: &tonic::Status) -> Vec<String> {
    status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// A message that carries a service token.
pub fn with_token<T>(message: T, token: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// Waits until a condition holds; fails where it does not come about in 20 s.
pub async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) {
    within(Duration::from_secs(20), what, holds).await;
}

/// The same in so much time.
pub async fn within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + patience;
    while !holds().await {
        assert!(
            Instant::now() < until,
            "{what}: not in {} s",
            patience.as_secs()
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// The books agree with themselves.
pub async fn assert_books_are_right(database: &TestDatabase) {
    let pool = database.pool().await;
    let findings = audit::check(&pool).await.unwrap();
    assert_eq!(findings, []);
    let findings = billing_core::sponsorship::audit::check(&pool)
        .await
        .unwrap();
    assert_eq!(findings, []);
    let findings = billing_core::usage::check_days(&pool).await.unwrap();
    assert_eq!(findings, []);
    pool.close().await;
}

/// How many rows each of the tables that a command writes has.
pub async fn rows(database: &TestDatabase) -> Vec<(String, i64)> {
    let mut connection = database.connect_as_owner().await;
    let mut counts = Vec::new();
    for table in [
        "account",
        "account_profile",
        "entry",
        "entry_note",
        "hold",
        "idempotency_key",
        "free_call",
    ] {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        counts.push((table.to_owned(), count));
    }
    counts
}

/// Runs statements as the owner, for what no caller can do: to let days pass, for example.
pub async fn as_owner(database: &TestDatabase, statements: &str) {
    let mut connection = database.connect_as_owner().await;
    run(&mut connection, statements).await.unwrap();
}

pub async fn run(connection: &mut PgConnection, statements: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(connection)
        .await
        .map(drop)
}

/// Waits until a command of a core waits for a row that somebody has locked.
pub async fn until_a_command_waits(database: &TestDatabase) {
    let mut watcher = database.connect_as_owner().await;
    eventually("a command waits for a lock", async || {
        sqlx::query_scalar(
            "select exists (select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock')",
        )
        .fetch_one(&mut watcher)
        .await
        .unwrap()
    })
    .await;
}
