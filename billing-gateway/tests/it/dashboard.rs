//! What the dashboard and the platforms' later pages ask for, in the shapes that they read.

use billing_proto::v1::{ChargeRequest, Cost, PlaceHoldRequest, Price, ToolUsage, UnitPrice, cost};
use billing_testkit::TestDatabase;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{
    Gateway, System, TENANT, account, config, micros, problem, sent, token, token_of,
};

const SEARCH: &str = "search";

fn price(tool: &str, per_call_micros: i64) -> Price {
    Price {
        tenant_id: TENANT.to_owned(),
        tool: tool.to_owned(),
        version: 1,
        per_call_micros,
        ..Price::default()
    }
}

/// Calls of `search` cost 5 cents, and words of `translate` 15 cents a million.
async fn with_prices() -> System {
    let database = TestDatabase::new().await;
    database.price(&price(SEARCH, 50_000)).await;
    let words = UnitPrice {
        unit: "words".to_owned(),
        amount_micros: 150_000,
        per_units: 1_000_000,
    };
    let translate = Price {
        unit_prices: vec![words],
        ..price("translate", 0)
    };
    database.price(&translate).await;
    let free = Price {
        exempt: true,
        ..price("help", 0)
    };
    database.price(&free).await;
    let system = System::on(database).await;
    system.core.grant(&account("u"), 5_000_000).await;
    system
}

fn search() -> Cost {
    Cost {
        cost: Some(cost::Cost::Tool(ToolUsage {
            name: SEARCH.to_owned(),
            quantities: [].into(),
        })),
    }
}

async fn charge(system: &System, key: &str, cost: Cost) -> String {
    let request = ChargeRequest {
        account: Some(account("u")),
        idempotency_key: key.to_owned(),
        cost: Some(cost),
        ..ChargeRequest::default()
    };
    let answer = system.core.balance().charge(request).await.unwrap();
    answer.into_inner().entry_id
}

async fn place(system: &System, key: &str, cost: Cost) {
    let request = PlaceHoldRequest {
        account: Some(account("u")),
        idempotency_key: key.to_owned(),
        cost: Some(cost),
        request_id: format!("request-{key}"),
        ..PlaceHoldRequest::default()
    };
    system.core.balance().place_hold(request).await.unwrap();
}

async fn history(system: &System, query: &str) -> Value {
    let path = format!("/api/billing/history?{query}");
    system.json("u", &path).await["transactions"].take()
}

#[tokio::test]
async fn the_history_is_filtered_by_what_clients_call_its_kinds_by_tool_and_by_time() {
    let system = with_prices().await;
    let by_amount = charge(&system, "1", micros(10_000)).await;
    let by_tool = charge(&system, "2", search()).await;
    let ids = |transactions: &Value| {
        let ids = transactions.as_array().unwrap().iter();
        ids.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let charges = history(&system, "type=charge").await;
    assert_eq!(ids(&charges), [by_tool.clone(), by_amount]);
    let found = history(&system, "tool=search&type=charge&limit=1").await;
    assert_eq!(ids(&found), [by_tool]);
    assert_eq!(found[0]["price_version"], 1);
    assert_eq!(found[0]["hold_id"], Value::Null);
    assert_eq!(
        history(&system, "type=adjustment").await[0]["amount_usd"],
        5
    );
    for none in ["type=topup", "type=refund", "tool=other", "to=2026-01-01"] {
        assert_eq!(history(&system, none).await, json!([]), "{none}");
    }
    let all = history(&system, "from=2026-01-01").await;
    assert_eq!(ids(&all).len(), 3);
    for (wrong, field) in [("type=grant", "type"), ("from=x", "from"), ("to=x", "to")] {
        let path = format!("/api/billing/history?{wrong}");
        let request = system.gateway.get(&path).bearer_auth(token(&json!("u")));
        let refused = problem(request).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn what_is_set_aside_is_listed_page_by_page() {
    let system = with_prices().await;
    place(&system, "1", micros(10_000)).await;
    place(&system, "2", search()).await;
    let first = system.json("u", "/api/billing/holds?limit=1").await;
    let hold = &first["holds"][0];
    assert_eq!(
        (&hold["tool"], &hold["amount_usd"], &hold["price_version"]),
        (&json!(SEARCH), &json!(0.05), &json!(1))
    );
    assert_eq!(hold["request_id"], "request-2");
    let time = |name: &str| hold[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(time("created_at") < time("expires_at"), "{hold}");
    let before = first["pagination"]["next_before"].as_str().unwrap();
    let path = format!("/api/billing/holds?limit=1&before={before}");
    let second = system.json("u", &path).await;
    assert_eq!(second["holds"][0]["tool"], Value::Null);
    assert_eq!(second["holds"][0]["amount_usd"], json!(0.01));
    let end = json!({"limit": 1, "count": 1, "next_before": null});
    assert_eq!(second["pagination"], end);
    let others = system.json("v", "/api/billing/holds").await;
    assert_eq!(others["holds"], json!([]));
}

#[tokio::test]
async fn statistics_and_chart_add_up_to_what_was_spent_and_leave_no_day_out() {
    let system = with_prices().await;
    let none = system.json("u", "/api/billing/statistics?period=7d").await;
    assert_eq!(none["statistics"]["average_usd"], Value::Null);
    charge(&system, "1", search()).await;
    charge(&system, "2", search()).await;
    charge(&system, "3", micros(10_001)).await;
    let statistics = system.json("u", "/api/billing/statistics").await;
    assert_eq!(statistics["period"], "30d");
    let expected = json!({
        "spent_usd": 0.110_001,
        "requests": 3,
        "average_usd": 0.036_667,
        "top_tools": [
            {"tool": SEARCH, "spent_usd": 0.1, "requests": 2},
            {"tool": null, "spent_usd": 0.010_001, "requests": 1},
        ],
        "topped_up_usd": 0,
    });
    assert_eq!(statistics["statistics"], expected);
    let chart = system.json("u", "/api/billing/usage-chart?days=90").await;
    let days = chart["chart"].as_array().unwrap();
    let dates: Vec<_> = days
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    // One more where midnight fell in between.
    assert!((90..=91).contains(&dates.len()), "{}", dates.len());
    let first = today.checked_sub(89.days()).unwrap();
    assert!(dates[0] == first.to_string() || dates[1] == first.to_string());
    assert!(dates.is_sorted());
    let requests: i64 = days
        .iter()
        .map(|day| day["requests"].as_i64().unwrap())
        .sum();
    assert_eq!(requests, 3);
    assert_eq!(chart["time_zone"], "UTC");
    for (path, field) in [
        ("usage-chart?days=91", "days"),
        ("usage-chart?days=0", "days"),
        ("statistics?period=1d", "period"),
    ] {
        let path = format!("/api/billing/{path}");
        let request = system.gateway.get(&path).bearer_auth(token(&json!("u")));
        let refused = problem(request).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn what_tools_cost_is_told_exactly() {
    let system = with_prices().await;
    let mut answer = system.json("u", "/api/billing/pricing-info").await;
    let tools = answer["tools"].as_array_mut().unwrap();
    for tool in tools.iter_mut() {
        let from = tool["valid_from"].take();
        assert!(from.as_str().unwrap().parse::<Timestamp>().is_ok());
    }
    let tool = |name: &str, free: bool, units: Value, fixed: Value| {
        json!({"tool": name, "free": free, "free_calls_per_day": 0, "units": units, "fixed_usd": fixed,
               "version": 1, "valid_from": null})
    };
    let words = json!([{"unit": "words", "price_usd": 0.15, "per_units": 1_000_000}]);
    let expected = json!([
        tool("help", true, json!([]), json!(null)),
        tool(SEARCH, false, json!([]), json!(0.05)),
        tool("translate", false, words, json!(null)),
    ]);
    assert_eq!(answer["tools"], expected);
}

async fn put(system: &System, body: Value) -> Value {
    let response = sent(system.gateway.put_settings(&body.to_string())).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_switch_of_later_pages_does_what_it_says_or_is_named_as_ignored() {
    let system = System::start().await;
    let preferences = async || {
        let answer = system.json("u", "/api/billing/email-preferences").await;
        assert_eq!(answer["email_known"], false);
        answer["preferences"].clone()
    };
    let wanted = |low: bool, success: bool, failure: bool| {
        json!({"email_notifications": low || success || failure, "notify_low_balance": low,
               "notify_payment_success": success, "notify_payment_failure": failure,
               "notify_monthly_report": false})
    };
    assert_eq!(preferences().await, wanted(true, true, true));
    let answer = put(
        &system,
        json!({"notify_payment_failure": false, "notify_monthly_report": true}),
    )
    .await;
    assert_eq!(answer["ignored"], json!(["notify_monthly_report"]));
    assert_eq!(answer["settings"]["mail_payment_failures"], false);
    assert_eq!(preferences().await, wanted(true, true, false));
    let answer = put(
        &system,
        json!({"email_notifications": false, "notify_low_balance": true}),
    )
    .await;
    assert_eq!(answer["ignored"], json!([]));
    assert_eq!(preferences().await, wanted(false, false, false));
    put(
        &system,
        json!({"email_notifications": true, "notify_low_balance": false}),
    )
    .await;
    assert_eq!(preferences().await, wanted(false, true, true));
    for (body, field) in [
        (
            json!({"notify_monthly_report": true}),
            "notify_monthly_report",
        ),
        (json!({"notify_low_balance": 1}), "notify_low_balance"),
        (
            json!({"notify_low_balance": true, "mail_low_balance": true}),
            "notify_low_balance",
        ),
        (json!({"email_notifications": null}), "email_notifications"),
    ] {
        let refused = problem(system.gateway.put_settings(&body.to_string())).await;
        assert_eq!(refused["status"], 400, "{refused}");
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    assert_eq!(preferences().await, wanted(false, true, true));
}

#[tokio::test]
async fn a_balance_says_that_it_is_low_or_below_nothing() {
    let system = System::start().await;
    system.core.grant(&account("u"), 1_000_000).await;
    put(&system, json!({"low_balance_threshold_usd": 0.9})).await;
    let billing = async || system.json("u", "/api/billing/balance").await["billing"].take();
    assert_eq!(billing().await["low_balance"], false);
    charge(&system, "1", micros(200_000)).await;
    let low = billing().await;
    assert_eq!(
        (&low["low_balance"], &low["debt_usd"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test]
async fn a_token_is_told_whose_it_is() {
    let system = System::start().await;
    let admin_token = format!("--core-admin-token={}", system.core.admin_token);
    let flags = [
        &admin_token,
        "--jwt-email-claim=email",
        "--jwt-name-claim=name",
        "--jwt-admin-claim=role",
        "--jwt-admin-value=admin",
    ];
    let core = &system.core;
    let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
    let claims = json!({"userId": "u", "email": "u@mail.example", "role": "admin"});
    for (claims, expected) in [
        (
            claims,
            json!({"success": true, "user_id": "u", "tenant_id": TENANT, "email": "u@mail.example",
                   "name": null, "is_admin": true}),
        ),
        (
            json!({"userId": "v", "role": "user"}),
            json!({"success": true, "user_id": "v", "tenant_id": TENANT, "email": null, "name": null,
                   "is_admin": false}),
        ),
    ] {
        let request = gateway
            .get("/api/billing/me")
            .bearer_auth(token_of(&claims));
        let answer: Value = sent(request).await.json().await.unwrap();
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn what_later_pages_ask_for_is_answered_with_a_token_alone_and_what_is_not_there_is_404() {
    let system = System::start().await;
    for path in [
        "me",
        "balance",
        "history?type=topup",
        "history.csv",
        "holds",
        "usage",
        "statistics?period=90d",
        "usage-chart?days=30",
        "pricing-info",
        "email-preferences",
        "settings",
        "payments",
        "payment/available-providers",
    ] {
        let path = format!("/api/billing/{path}");
        let refused = problem(system.gateway.get(&path)).await;
        assert_eq!(refused["status"], 401, "{path}");
        system.text("new", &path).await;
    }
    let none = system
        .json("u", "/api/billing/payment/available-providers")
        .await;
    assert_eq!(none["providers"], json!([]));
    for (method, path) in [
        (Method::GET, "invoices"),
        (Method::GET, "payment-methods"),
        (Method::POST, "payment/monobank/create"),
    ] {
        let path = format!("/api/billing/{path}");
        let request = system.gateway.request(method, &path);
        let request = request.bearer_auth(token(&json!("u"))).json(&json!({}));
        assert_eq!(problem(request).await["status"], 404, "{path}");
    }
}
