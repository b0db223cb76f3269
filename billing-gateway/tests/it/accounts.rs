//! Balance and settings of real accounts.

use billing_proto::v1::{ChargeRequest, Decision, PlaceHoldRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gateway::{Gateway, System, account, config, micros, problem, sent, token};

async fn charge(system: &System, user: &str, key: &str, amount: i64) -> Decision {
    let request = ChargeRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        cost: Some(micros(amount)),
        ..ChargeRequest::default()
    };
    let answer = system.core.balance().charge(request).await.unwrap();
    answer.into_inner().decision()
}

async fn put(system: &System, user: &str, body: &str) -> Value {
    let request = system.gateway.put_settings_of(user, body);
    let response = sent(request).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_user_who_was_never_seen_has_a_new_account() {
    let system = System::start().await;
    let expected = json!({
        "success": true,
        "billing": {
            "balance_usd": 0,
            "balance_uah": null,
            "uah_rate": null,
            "available_usd": 0,
            "held_usd": 0,
            "debt_usd": 0,
            "low_balance": false,
            "total_spent_usd": 0,
            "total_requests": 0,
            "limits": {"daily_usd": 10, "monthly_usd": 100},
            "usage": {"today_usd": 0, "month_usd": 0},
            "last_request_at": null,
            "billing_enabled": true,
            "suspended": false,
            "time_zone": "UTC",
        },
        "payments_paused": false,
        "payments_paused_reason": null,
    });
    let mut balance = system.json("new", "/api/billing/balance").await;
    let resets = balance["billing"]["limits_reset"].take();
    let at = |name: &str| resets[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(Timestamp::now() < at("daily_at"), "{resets}");
    assert!(at("daily_at") <= at("monthly_at"), "{resets}");
    balance["billing"]
        .as_object_mut()
        .unwrap()
        .remove("limits_reset");
    assert_eq!(balance, expected);
}

#[tokio::test]
async fn a_balance_is_exact_to_the_micro() {
    let system = System::start().await;
    for _ in 0..9 {
        system
            .core
            .grant(&account("rich"), 1_000_000_000_000_000)
            .await;
    }
    system.core.grant(&account("rich"), 7_199_254_740_994).await;
    let hold = PlaceHoldRequest {
        account: Some(account("rich")),
        idempotency_key: "hold".to_owned(),
        cost: Some(micros(500_000)),
        ..PlaceHoldRequest::default()
    };
    system.core.balance().place_hold(hold).await.unwrap();
    assert_eq!(
        charge(&system, "rich", "charge", 1).await,
        Decision::Allowed
    );
    // 2^53 + 1 micros: through an f64 the last digit would change.
    let text = system.text("rich", "/api/billing/balance").await;
    for member in [
        r#""balance_usd":9007199254.740993,"#,
        r#""available_usd":9007199254.240993,"#,
        r#""held_usd":0.5,"#,
        r#""total_spent_usd":0.000001,"#,
        r#""total_requests":1,"#,
        r#""usage":{"today_usd":0.500001,"month_usd":0.500001}"#,
    ] {
        assert!(text.contains(member), "{member} in {text}");
    }
}

#[tokio::test]
async fn a_setting_that_is_absent_stays_and_null_is_no_limit() {
    let system = System::start().await;
    let all = r#"{"daily_limit_usd": 2.50, "monthly_limit_usd": 20, "unknown": [{}],
                  "low_balance_threshold_usd": 0.000001, "time_zone": "Europe/Kyiv"}"#;
    let answer = put(&system, "u", all).await;
    assert_eq!(answer["success"], true);
    assert!(answer["message"].is_string());
    let set = json!({
        "daily_limit_usd": 2.5,
        "monthly_limit_usd": 20,
        "low_balance_threshold_usd": 0.000_001,
        "time_zone": "Europe/Kyiv",
        "locale": "en",
        "mail_payments": true,
        "mail_low_balance": true,
        "mail_payment_failures": true,
        "has_email": false,
    });
    assert_eq!(answer["settings"], set);
    assert_eq!(answer["ignored"], json!(["unknown"]));
    assert_eq!(put(&system, "u", "{}").await["settings"], set);
    let less = put(&system, "u", r#"{"monthly_limit_usd": null}"#).await;
    assert_eq!(less["settings"]["monthly_limit_usd"], Value::Null);
    let balance = system.json("u", "/api/billing/balance").await;
    assert_eq!(
        balance["billing"]["limits"],
        json!({"daily_usd": 2.5, "monthly_usd": null})
    );
    assert_eq!(balance["billing"]["time_zone"], "Europe/Kyiv");
}

#[tokio::test]
async fn a_limit_that_a_user_sets_is_the_one_that_the_core_enforces() {
    let system = System::start().await;
    system.core.grant(&account("u"), 5_000_000).await;
    put(&system, "u", r#"{"daily_limit_usd": 1.5}"#).await;
    assert_eq!(
        charge(&system, "u", "1", 1_500_000).await,
        Decision::Allowed
    );
    assert_eq!(
        charge(&system, "u", "2", 1).await,
        Decision::DailyLimitExceeded
    );
    put(&system, "u", r#"{"daily_limit_usd": null}"#).await;
    assert_eq!(charge(&system, "u", "3", 1).await, Decision::Allowed);
    put(&system, "u", r#"{"daily_limit_usd": 0}"#).await;
    assert_eq!(
        charge(&system, "u", "4", 1).await,
        Decision::DailyLimitExceeded
    );
}

#[tokio::test]
async fn what_only_the_core_can_refuse_is_named_too() {
    let system = System::start().await;
    for zone in ["Atlantis/Capital", ""] {
        let body = json!({ "time_zone": zone }).to_string();
        let problem = problem(system.gateway.put_settings(&body)).await;
        assert_eq!(problem["status"], 400, "{problem}");
        assert_eq!(problem["errors"][0]["field"], "time_zone", "{problem}");
    }
    let user = token(&json!("u"));
    for (query, field) in [
        ("usage?from=2026-03-01&to=2026-02-01", "from"),
        ("usage?from=2020-01-01&to=2026-01-01", "from"),
        ("history?before=nonsense", "before"),
        ("payments?before=nonsense", "before"),
    ] {
        let request = system
            .gateway
            .get(&format!("/api/billing/{query}"))
            .bearer_auth(&user);
        let problem = problem(request).await;
        assert_eq!(problem["status"], 400, "{problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert!(!problem.to_string().contains("page_token"), "{problem}");
    }
}

#[tokio::test]
async fn a_user_sees_the_account_of_his_own_tenant_only() {
    let system = System::start().await;
    system.core.grant(&account("42"), 1_000_000).await;
    let by_claim = ["--jwt-tenant-claim", "tenantId", "--jwt-user-claim", "id"];
    let core = &system.core;
    let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &by_claim)).await;
    for (tenant, balance) in [("demo", 1), ("other", 0)] {
        let token = crate::gateway::token_of(&json!({"id": 42, "tenantId": tenant}));
        let request = gateway.get("/api/billing/balance").bearer_auth(token);
        let answer: Value = sent(request).await.json().await.unwrap();
        assert_eq!(answer["billing"]["balance_usd"], balance, "{tenant}");
    }
}

#[tokio::test]
async fn a_gateway_whose_token_the_core_does_not_know_is_unavailable() {
    let system = System::start().await;
    let gateway = Gateway::start(config(&system.core.url(), "not-a-token", &[])).await;
    let request = gateway
        .get("/api/billing/balance")
        .bearer_auth(token(&json!("u")));
    assert_eq!(problem(request).await["code"], "BILLING_UNAVAILABLE");
}

#[tokio::test]
async fn a_gateway_is_ready_while_its_core_serves() {
    let System { core, gateway, .. } = System::start().await;
    assert_eq!(sent(gateway.get("/ready")).await.status(), 200);
    core.stop().await;
    let request = gateway
        .get("/api/billing/balance")
        .bearer_auth(token(&json!("u")));
    assert_eq!(problem(request).await["code"], "BILLING_UNAVAILABLE");
    // The last answer is kept for a second.
    loop {
        if sent(gateway.get("/ready")).await.status() == 503 {
            break;
        }
        tokio::task::yield_now().await;
    }
}
