//! Requests as a tool backend writes them.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up fails")]

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use tonic_types::StatusExt;

/// One USD in micros.
pub const USD: i64 = 1_000_000;

/// A core on a database of its own.
pub async fn core() -> (TestDatabase, TestCore) {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    (database, core)
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

pub fn tool(name: &str, quantities: &[(&str, i64)]) -> Option<v1::Cost> {
    Some(v1::Cost {
        cost: Some(v1::cost::Cost::Tool(v1::ToolUsage {
            name: name.to_owned(),
            quantities: quantities
                .iter()
                .map(|(unit, n)| ((*unit).to_owned(), *n))
                .collect(),
        })),
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

/// The `reason` of a status' ErrorInfo.
pub fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().unwrap().reason
}

/// The fields that a status' BadRequest names.
pub fn fields(status: &tonic::Status) -> Vec<String> {
    status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
