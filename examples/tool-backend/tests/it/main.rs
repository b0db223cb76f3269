//! The example over real HTTP, on the real core.

#![expect(clippy::unwrap_used, reason = "a test may end here")]

mod client;
mod road;
mod stage;

use std::sync::Arc;

use billing_proto::v1::{AccountRef, GetBalanceRequest, ListEntriesRequest, SuspendAccountRequest};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use reqwest::header::RETRY_AFTER;
use serde_json::json;
use tokio::task::JoinSet;

use crate::stage::{Reply, Stage, USD};

#[tokio::test]
async fn calls_are_charged_until_the_money_the_day_or_billing_ends() {
    let stage = Stage::set().await;
    let user = stage.user("oksana");
    stage.core.grant(&user, 4 * USD).await;

    let Reply { status, text, .. } = stage.call(&user, "search", "land law").await;
    let allowed = r#""billing":{"charged_usd":2.5,"balance_usd":1.5}}"#;
    assert_eq!((status, text.ends_with(allowed)), (200, true), "{text}");

    let denied = stage.call(&user, "search", "land law").await;
    let body = concat!(
        r#"{"error":"Insufficient balance","message":"Required: $2.50, Available: $1.50","#,
        r#""code":"INSUFFICIENT_BALANCE","#,
        r#""balance":{"current_usd":1.5,"required_usd":2.5,"shortfall_usd":1},"#,
        r#""topup_url":"https://pay.test/topup"}"#,
    );
    assert_eq!((denied.status, denied.text.as_str()), (402, body));

    stage.core.grant(&user, 10 * USD).await;
    for balance in ["9", "6.5", "4"] {
        let Reply { status, text, .. } = stage.call(&user, "search", "land law").await;
        let allowed = format!(r#""billing":{{"charged_usd":2.5,"balance_usd":{balance}}}}}"#);
        assert_eq!((status, text.ends_with(&allowed)), (200, true), "{text}");
    }

    assert_the_day_is_used_up(stage.call(&user, "search", "land law").await);

    // What costs nothing is denied by no limit.
    let free = stage.call(&user, "ping", "hello").await;
    let body = r#"{"result":{"pong":"hello"},"billing":{"charged_usd":0,"balance_usd":4}}"#;
    assert_eq!((free.status, free.text.as_str()), (200, body));

    let stage = stage.lose_the_core().await;
    let denied = stage.call(&user, "search", "land law").await;
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (503, "BILLING_UNAVAILABLE")
    );
    assert!(!denied.text.contains("127.0.0.1"), "{}", denied.text);
    let service = stage.call_as_service("search", "land law").await;
    assert_eq!(
        service.status, 200,
        "a service is not billed, so it needs no billing"
    );
    let result = json!({"result": {"hits": [
        "A ruling on land law",
        "A commentary on land law",
        "The law about land law",
    ]}});
    assert_eq!(service.json(), result);
}

/// Ten dollars are a new account's limit of a day.
fn assert_the_day_is_used_up(denied: Reply) {
    let now = jiff::Timestamp::now();
    let midnight = now.to_zoned(TimeZone::UTC).start_of_day().unwrap() + 1.day();
    let midnight = midnight.timestamp();
    let body = format!(
        concat!(
            r#"{{"error":"Daily limit exceeded","message":"Limit: $10.00, Spent: $10.00","#,
            r#""code":"DAILY_LIMIT_EXCEEDED","#,
            r#""limits":{{"daily_limit_usd":10,"daily_spent_usd":10,"#,
            r#""monthly_limit_usd":100,"monthly_spent_usd":10}},"#,
            r#""reset_at":"{}"}}"#
        ),
        midnight
    );
    assert_eq!((denied.status, denied.text), (429, body));
    let wait: i64 = denied
        .headers
        .get(RETRY_AFTER)
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let until_midnight = midnight.as_second() - now.as_second();
    assert!(
        (until_midnight - 5..=until_midnight + 5).contains(&wait),
        "{wait}"
    );
}

#[tokio::test]
async fn work_that_fails_is_not_charged_and_gives_its_hold_and_its_free_call_back() {
    let stage = Stage::set().await;
    let user = stage.user("petro");
    stage.core.grant(&user, USD).await;
    for _ in 0..2 {
        let failed = stage.call(&user, "translate", "123").await;
        assert_eq!(
            (failed.status, failed.code().as_str()),
            (500, "TOOL_FAILED")
        );
        stage.wait_for_the_ends(&user).await;
    }
    let request = GetBalanceRequest {
        account: Some(user.clone()),
    };
    let seen = stage.core.balance().get_balance(request).await.unwrap();
    let balance = seen.into_inner().balance.unwrap();
    assert_eq!((balance.settled_micros, balance.held_micros), (USD, 0));
    for (charged, left) in [("0", "1"), ("0.1", "0.9")] {
        let made = stage.call(&user, "translate", "abc").await;
        let bill = format!(
            r#"{{"result":{{"translation":"ABC"}},"billing":{{"charged_usd":{charged},"balance_usd":{left}}}}}"#
        );
        assert_eq!((made.status, made.text), (200, bill));
    }
}

#[tokio::test]
async fn a_call_sent_again_with_its_key_is_answered_again_and_charged_once() {
    let stage = Stage::set().await;
    let user = stage.user("iryna");
    // For one call and no more.
    stage.core.grant(&user, 5 * USD / 2).await;
    let first = stage.call_with_key(&user, "search", "land law", "k1").await;
    assert_eq!(first.status, 200, "{}", first.text);
    let again = stage.call_with_key(&user, "search", "land law", "k1").await;
    assert_eq!((again.status, again.text), (200, first.text));
    // The key pays for this question only.
    let other = stage.call_with_key(&user, "search", "tax laws", "k1").await;
    assert_eq!(other.status, 402, "{}", other.text);
    assert_eq!(stage.charges(&user).await.len(), 1);

    // A call that failed has ended.
    for expected in [(500, "TOOL_FAILED"), (409, "HOLD_ENDED")] {
        let failed = stage.call_with_key(&user, "translate", "123", "k2").await;
        assert_eq!((failed.status, failed.code().as_str()), expected);
        stage.wait_for_the_ends(&user).await;
    }
}

#[tokio::test]
async fn a_call_is_charged_by_what_it_used_and_is_found_by_its_trace() {
    let stage = Stage::set().await;
    let user = stage.user("taras");
    stage.core.grant(&user, USD).await;
    // Seven characters are expected to be two tokens, and turn out to be four.
    let made = stage.call(&user, "summarize", "a b c d").await;
    let bill =
        r#"{"result":{"summary":"a b c"},"billing":{"charged_usd":0.0204,"balance_usd":0.9796}}"#;
    assert_eq!((made.status, made.text.as_str()), (200, bill));
    let request = ListEntriesRequest {
        account: Some(user),
        tool: "summarize".to_owned(),
        ..ListEntriesRequest::default()
    };
    let entries = stage.core.balance().list_entries(request).await.unwrap();
    assert_eq!(entries.into_inner().entries[0].request_id, stage::TRACE_ID);
}

#[tokio::test]
async fn the_suspended_the_unpriced_the_unknown_and_the_unnamed_are_refused() {
    let stage = Stage::set().await;
    let user = stage.user("halyna");
    stage.core.grant(&user, 10 * USD).await;
    let request = SuspendAccountRequest {
        account: Some(user.clone()),
        ..Default::default()
    };
    let mut accounts = stage.core.accounts();
    accounts.suspend_account(request).await.unwrap();
    for (tool, status, code) in [
        ("unheard-of", 404, "UNKNOWN_TOOL"),
        ("search", 403, "ACCOUNT_SUSPENDED"),
    ] {
        let denied = stage.call(&user, tool, "land law").await;
        assert_eq!((denied.status, denied.code().as_str()), (status, code));
    }
    let unnamed = AccountRef {
        user_id: String::new(),
        ..user
    };
    let denied = stage.call(&unnamed, "search", "land law").await;
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (401, "UNAUTHENTICATED")
    );

    let stage = stage.of_tenant("without-prices").await;
    let user = stage.user("halyna");
    stage.core.grant(&user, 10 * USD).await;
    let denied = stage.call(&user, "search", "land law").await;
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (503, "TOOL_NOT_PRICED")
    );
}

/// nginx ends each connection after 1,000 requests, of which a call makes three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_where_nginx_recycles_the_connection_to_the_core() {
    let Some((stage, _nginx)) = Stage::set_behind_nginx().await else {
        return;
    };
    let user = stage.user("oksana");
    let stage = Arc::new(stage);
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let (stage, user) = (Arc::clone(&stage), user.clone());
        callers.spawn(async move {
            for _ in 0..40 {
                let Reply { status, text, .. } = stage.call(&user, "ping", "hello").await;
                assert_eq!(status, 200, "{text}");
            }
        });
    }
    while let Some(made) = callers.join_next().await {
        made.unwrap();
    }
}
