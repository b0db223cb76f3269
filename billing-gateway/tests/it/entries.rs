//! History and usage of real accounts.

use billing_proto::v1::{
    AdjustBalanceRequest, CaptureHoldRequest, ChargeRequest, PlaceHoldRequest, RefundChargeRequest,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::gateway::{System, account, micros};

async fn charge(system: &System, key: &str, amount: i64) -> String {
    let request = ChargeRequest {
        account: Some(account("u")),
        idempotency_key: key.to_owned(),
        cost: Some(micros(amount)),
        request_id: format!("request-{key}"),
        description: "searched".to_owned(),
        metadata: [("matter".to_owned(), "A-17".to_owned())].into(),
        ..ChargeRequest::default()
    };
    let answer = system.core.balance().charge(request).await.unwrap();
    answer.into_inner().entry_id
}

async fn refund(system: &System, entry_id: &str, amount: i64) {
    let request = RefundChargeRequest {
        account: Some(account("u")),
        idempotency_key: format!("refund-{entry_id}"),
        entry_id: entry_id.to_owned(),
        amount_micros: Some(amount),
        reason: "it was empty".to_owned(),
        ..Default::default()
    };
    system.core.balance().refund_charge(request).await.unwrap();
}

async fn capture(system: &System, held: i64, charged: i64) {
    let mut balance = system.core.balance();
    let place = PlaceHoldRequest {
        account: Some(account("u")),
        idempotency_key: "hold".to_owned(),
        cost: Some(micros(held)),
        ..PlaceHoldRequest::default()
    };
    let placed = balance.place_hold(place).await.unwrap().into_inner();
    let capture = CaptureHoldRequest {
        account: Some(account("u")),
        hold_id: placed.hold.unwrap().hold_id,
        cost: Some(micros(charged)),
        ..CaptureHoldRequest::default()
    };
    balance.capture_hold(capture).await.unwrap();
}

async fn adjust(system: &System, amount: i64) {
    let request = AdjustBalanceRequest {
        account: Some(account("u")),
        idempotency_key: "adjustment".to_owned(),
        amount_micros: amount,
        reason: "goodwill".to_owned(),
        actor: "support".to_owned(),
    };
    system
        .core
        .accounts()
        .adjust_balance(request)
        .await
        .unwrap();
}

fn ids(page: &Value) -> Vec<String> {
    let transactions = page["transactions"].as_array().unwrap();
    transactions
        .iter()
        .map(|transaction| transaction["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn balance_and_history_tell_the_same_story() {
    let system = System::start().await;
    system.core.grant(&account("u"), 5_000_000).await;
    let charged = charge(&system, "a", 350_000).await;
    capture(&system, 200_000, 50_001).await;
    refund(&system, &charged, 100_000).await;
    adjust(&system, -500_000).await;

    let history = system.json("u", "/api/billing/history").await;
    let story: Vec<_> = history["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            json!([
                t["type"],
                t["amount_usd"],
                t["balance_before_usd"],
                t["balance_after_usd"]
            ])
        })
        .collect();
    let expected = json!([
        ["adjustment", -0.5, 4.699_999, 4.199_999],
        ["refund", 0.1, 4.599_999, 4.699_999],
        ["charge", -0.050_001, 4.65, 4.599_999],
        ["charge", -0.35, 5, 4.65],
        ["adjustment", 5, 0, 5],
    ]);
    assert_eq!(Value::from(story), expected);
    assert_eq!(
        history["pagination"],
        json!({"limit": 50, "offset": 0, "count": 5, "next_before": null})
    );
    let balance = system.json("u", "/api/billing/balance").await;
    assert_eq!(balance["billing"]["balance_usd"], json!(4.199_999));
    assert_eq!(balance["billing"]["total_spent_usd"], json!(0.300_001));
    assert_eq!(balance["billing"]["total_requests"], 2);
    assert!(balance["billing"]["last_request_at"].is_string());
}

#[tokio::test]
async fn a_transaction_has_every_member_that_old_clients_read() {
    let system = System::start().await;
    system.core.grant(&account("u"), 5_000_000).await;
    charge(&system, "a", 350_000).await;
    let mut history = system.json("u", "/api/billing/history?limit=1").await;
    let charge = history["transactions"][0].as_object_mut().unwrap();
    let id = charge.remove("id").unwrap();
    assert!(!id.as_str().unwrap().is_empty());
    let created_at = charge.remove("created_at").unwrap();
    assert!(
        created_at.as_str().unwrap().parse::<Timestamp>().is_ok(),
        "{created_at}"
    );
    let expected = json!({
        "user_id": "u",
        "type": "charge",
        "amount_usd": -0.35,
        "amount_uah": null,
        "balance_before_usd": 5,
        "balance_after_usd": 4.65,
        "request_id": "request-a",
        "tool": null,
        "hold_id": null,
        "price_version": null,
        "payment_provider": null,
        "payment_id": null,
        "description": "searched",
        "enforced": true,
        "metadata": {"matter": "A-17"},
    });
    assert_eq!(history["transactions"][0], expected);
}

#[tokio::test]
async fn pages_by_before_stay_the_same_while_entries_arrive_and_offsets_shift() {
    let system = System::start().await;
    system.core.grant(&account("u"), 5_000_000).await;
    let mut entries = Vec::new();
    for key in ["a", "b", "c", "d"] {
        entries.push(charge(&system, key, 1).await);
    }
    let first = system.json("u", "/api/billing/history?limit=2").await;
    assert_eq!(ids(&first), [entries[3].as_str(), entries[2].as_str()]);
    let late = charge(&system, "late", 1).await;

    let before = first["pagination"]["next_before"].as_str().unwrap();
    let next = format!("/api/billing/history?limit=2&before={before}");
    let second = system.json("u", &next).await;
    assert_eq!(ids(&second), [entries[1].as_str(), entries[0].as_str()]);

    let by_id = format!("/api/billing/history?limit=2&before={}", entries[2]);
    assert_eq!(ids(&system.json("u", &by_id).await), ids(&second));

    let shifted = system
        .json("u", "/api/billing/history?limit=2&offset=2")
        .await;
    assert_eq!(ids(&shifted), [entries[2].as_str(), entries[1].as_str()]);
    assert_eq!(
        ids(&system.json("u", "/api/billing/history?limit=1").await),
        [late]
    );
    assert_eq!(
        ids(&system.json("u", "/api/billing/history?offset=100").await),
        [""; 0]
    );
}

#[tokio::test]
async fn usage_counts_charges_less_refunds_by_day_and_by_tool() {
    let system = System::start().await;
    let none = system.json("u", "/api/billing/usage").await;
    assert_eq!(none["success"], true);
    assert_eq!(
        none["usage"],
        json!({"by_day": [], "by_tool": [], "time_zone": "UTC"})
    );

    system.core.grant(&account("u"), 5_000_000).await;
    let charged = charge(&system, "a", 350_000).await;
    charge(&system, "b", 50_000).await;
    refund(&system, &charged, 100_000).await;

    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let tomorrow = today.tomorrow().unwrap();
    let yesterday = today.yesterday().unwrap();
    let of_today = format!("/api/billing/usage?from={yesterday}&to={tomorrow}");
    let usage = system.json("u", &of_today).await;
    // Two days where midnight fell between the charges.
    let days = usage["usage"]["by_day"].as_array().unwrap();
    let requests: i64 = days
        .iter()
        .map(|day| day["requests"].as_i64().unwrap())
        .sum();
    assert_eq!(requests, 2, "{days:?}");
    assert!(
        days.iter()
            .all(|day| day["date"].as_str() >= Some(&today.to_string())),
        "{days:?}"
    );
    let by_tool = json!([{"tool": null, "spent_usd": 0.3, "requests": 2}]);
    assert_eq!(usage["usage"]["by_tool"], by_tool);

    let past = format!("/api/billing/usage?from=2026-01-01T00:00:00Z&to={yesterday}");
    assert_eq!(system.json("u", &past).await["usage"]["by_day"], json!([]));
}
