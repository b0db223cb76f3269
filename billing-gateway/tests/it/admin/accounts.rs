//! Accounts: found, shown, adjusted, limited, suspended.

use std::collections::BTreeSet;

use billing_proto::v1::Decision;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::gateway::{account, problem, sent, token_of};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

const ADJUST: &str = "users/u/adjust-balance";

#[tokio::test]
async fn an_adjustment_shows_before_and_after_and_stands_in_history_and_audit() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 10_000_000).await;
    let change = json!({"amount": -2.500_001, "reason": "booked twice"});
    let answer = good(stage.post(ADJUST, &change)).await;
    assert_eq!(answer["balance_before_usd"].to_string(), "10", "{answer}");
    assert_eq!(answer["balance_after_usd"].to_string(), "7.499999");
    let gift = json!({"amount": 1, "reason": "with regrets", "kind": "grant"});
    let given = good(stage.post(ADJUST, &gift)).await;
    assert_eq!(given["balance_after_usd"].to_string(), "8.499999");

    let seen = stage.get("u", "/api/billing/history").await;
    let newest = &seen["transactions"][1];
    assert_eq!(newest["id"], answer["entry_id"], "{seen}");
    assert_eq!(newest["type"], "adjustment");
    assert_eq!(newest["description"], "booked twice");
    let shown = stage.read("users/u").await;
    assert_eq!(shown["user"]["balance_usd"].to_string(), "8.499999");
    assert_eq!(shown["recent_transactions"], seen["transactions"]);

    let of_user = stage.read("users/u/changes").await;
    let of_tenant = stage.read("audit").await;
    assert_eq!(of_user["changes"], of_tenant["changes"]);
    let changes = of_user["changes"].as_array().unwrap();
    let actions: Vec<_> = changes.iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, ["grant", "adjustment", "grant"], "{of_user}");
    let change = &changes[1];
    assert_eq!(change["actor"], "root");
    assert_eq!(change["user_id"], "u");
    assert_eq!(change["reason"], "booked twice");
    assert_eq!(change["entry_id"], answer["entry_id"]);
    assert_eq!(change["before"], json!({"settled_usd": "10"}));
    assert_eq!(change["after"], json!({"settled_usd": "7.499999"}));
}

#[tokio::test]
async fn one_key_moves_money_once_one_after_the_other_and_at_the_same_time() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 1_000_000).await;
    let change = json!({"amount": 5, "reason": "once"});
    let mut asked = JoinSet::new();
    for _ in 0..8 {
        let request = stage.post(ADJUST, &change).header("idempotency-key", "k");
        asked.spawn(good(request));
    }
    let mut answers = asked.join_all().await;
    let again = stage.post(ADJUST, &change).header("idempotency-key", "k");
    answers.push(good(again).await);
    let firsts = answers.iter().filter(|one| one["replayed"] == false);
    assert_eq!(firsts.count(), 1, "{answers:?}");
    let entries: BTreeSet<_> = answers.iter().map(|one| one["entry_id"].as_str()).collect();
    assert_eq!(entries.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|one| one["balance_after_usd"] == 6));
    assert_eq!(stage.balance("u").await, "6");
    let other = json!({"amount": 6, "reason": "once"});
    let other = stage.post(ADJUST, &other).header("idempotency-key", "k");
    assert_eq!(problem(other).await["code"], "IDEMPOTENCY_KEY_REUSED");
    // Without a key each is a change of its own.
    for _ in 0..2 {
        good(stage.post(ADJUST, &change)).await;
    }
    assert_eq!(stage.balance("u").await, "16");
}

#[tokio::test]
async fn whatever_is_wrong_is_named_and_changes_nothing() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 1_000_000).await;
    let long = "x".repeat(501);
    let with_reason = |reason: &str| json!({"amount": 1, "reason": reason}).to_string();
    let refusals = [
        (r#"{"reason": "r"}"#.to_owned(), "amount"),
        (r#"{"amount": 0, "reason": "r"}"#.to_owned(), "amount"),
        (r#"{"amount": null, "reason": "r"}"#.to_owned(), "amount"),
        (r#"{"amount": "5", "reason": "r"}"#.to_owned(), "amount"),
        (r#"{"amount": "NaN", "reason": "r"}"#.to_owned(), "amount"),
        (r#"{"amount": 1e400, "reason": "r"}"#.to_owned(), "amount"),
        (
            r#"{"amount": 0.0000001, "reason": "r"}"#.to_owned(),
            "amount",
        ),
        (
            r#"{"amount": 1000000001, "reason": "r"}"#.to_owned(),
            "amount",
        ),
        (r#"{"amount": 1}"#.to_owned(), "reason"),
        (with_reason("  "), "reason"),
        (with_reason("\u{200b}"), "reason"),
        (with_reason(&long), "reason"),
        (
            r#"{"amount": -1, "reason": "r", "kind": "grant"}"#.to_owned(),
            "amount",
        ),
        (
            r#"{"amount": 1, "reason": "r", "kind": "gift"}"#.to_owned(),
            "kind",
        ),
    ];
    for (body, field) in refusals {
        let request = stage.admin(Method::POST, ADJUST).body(body.clone());
        let refused = problem(request.header("content-type", "application/json")).await;
        assert_eq!(refused["errors"][0]["field"], field, "{body}: {refused}");
    }
    let no_json = stage.admin(Method::POST, ADJUST);
    let no_json = no_json.header("content-type", "application/json");
    let no_json = problem(no_json.body(r#"{"amount": NaN, "reason": "r"}"#)).await;
    assert_eq!(no_json["code"], "INVALID_REQUEST");
    assert_eq!(stage.balance("u").await, "1");
    let changes = stage.read("users/u/changes").await;
    assert_eq!(changes["pagination"]["count"], 1, "{changes}");
}

#[tokio::test]
async fn what_is_wrong_with_a_suspension_or_a_limit_is_named() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 1_000_000).await;
    for (path, body, field) in [
        ("users/u/suspend", json!({}), "reason"),
        ("users/u/resume", json!({"reason": ""}), "reason"),
        ("users/u/limits", json!({}), "dailyLimitUsd"),
        (
            "users/u/limits",
            json!({"dailyLimitUsd": 5, "monthlyLimitUSD": 7}),
            "monthlyLimitUSD",
        ),
        (
            "users/u/limits",
            json!({"dailyLimitUsd": -1}),
            "dailyLimitUsd",
        ),
        (
            "users/u/limits",
            json!({"monthlyLimitUsd": "1"}),
            "monthlyLimitUsd",
        ),
    ] {
        let method = match path {
            "users/u/limits" => Method::PUT,
            _ => Method::POST,
        };
        let refused = problem(stage.admin(method, path).json(&body)).await;
        assert_eq!(refused["errors"][0]["field"], field, "{path}: {refused}");
    }
}

#[tokio::test]
async fn nothing_is_changed_of_somebody_who_was_never_seen() {
    let stage = Stage::<Stripe>::start().await;
    let adjustment = json!({"amount": 5, "reason": "a slip"});
    let reason = json!({"reason": "a slip"});
    let limits = json!({"dailyLimitUsd": 1});
    for (method, path, change) in [
        (Method::GET, "users/nobody", &reason),
        (Method::POST, "users/nobody/adjust-balance", &adjustment),
        (Method::POST, "users/nobody/suspend", &reason),
        (Method::POST, "users/nobody/resume", &reason),
        (Method::PUT, "users/nobody/limits", &limits),
    ] {
        let refused = problem(stage.admin(method, path).json(change)).await;
        assert_eq!(refused["code"], "NOT_FOUND", "{path}");
    }
    assert_eq!(stage.read("users").await["pagination"]["count"], 0);
}

#[tokio::test]
async fn a_suspended_user_holds_nothing_until_resumed() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 10_000_000).await;
    let reason = json!({"reason": "a stolen card"});
    let suspended = good(stage.post("users/u/suspend", &reason)).await;
    assert_eq!(suspended["user"]["suspended"], true, "{suspended}");
    let denied = stage.holds("u", "1", 1_000_000).await;
    assert_eq!(denied, Decision::AccountSuspended);
    let of_status = async |status: &str| {
        let listed = stage.read(&format!("users?status={status}")).await;
        listed["pagination"]["count"].clone()
    };
    assert_eq!(of_status("suspended").await, 1);
    assert_eq!(of_status("active").await, 0);
    let resumed = good(stage.post("users/u/resume", &json!({"reason": "theirs"}))).await;
    assert_eq!(resumed["user"]["suspended"], false);
    let allowed = stage.holds("u", "2", 1_000_000).await;
    assert_eq!(allowed, Decision::Allowed);
    let shown = stage.read("users/u").await;
    assert_eq!(shown["user"]["held_usd"], 1);
    assert_eq!(shown["holds"][0]["amount_usd"], 1, "{shown}");
    let changes = stage.read("users/u/changes").await;
    let told: Vec<_> = (0..2)
        .map(|at| {
            (
                &changes["changes"][at]["action"],
                &changes["changes"][at]["reason"],
            )
        })
        .collect();
    let expected = [
        (&json!("resume"), &json!("theirs")),
        (&json!("suspend"), &json!("a stolen card")),
    ];
    assert_eq!(told, expected, "{changes}");
}

#[tokio::test]
async fn limits_that_an_administrator_sets_hold_and_what_is_absent_stays() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 500_000_000).await;
    let limits = json!({"dailyLimitUsd": 1.5, "reason": "asked for"});
    let set = good(stage.put("users/u/limits", &limits)).await;
    let expected = json!({"daily_usd": 1.5, "monthly_usd": 100});
    assert_eq!(set["user"]["limits"], expected, "{set}");
    let denied = stage.holds("u", "1", 2_000_000).await;
    assert_eq!(denied, Decision::DailyLimitExceeded);
    let none = json!({"dailyLimitUsd": null, "monthlyLimitUsd": 200});
    let set = good(stage.put("users/u/limits", &none)).await;
    let expected = json!({"daily_usd": null, "monthly_usd": 200});
    assert_eq!(set["user"]["limits"], expected);
    let allowed = stage.holds("u", "2", 150_000_000).await;
    assert_eq!(allowed, Decision::Allowed);
    let changes = stage.read("users/u/changes").await;
    let newest = &changes["changes"][0];
    assert_eq!(newest["action"], "settings", "{changes}");
    assert_eq!(newest["reason"], Value::Null);
    assert_eq!(newest["before"]["daily_limit_usd"], "1.5");
    assert_eq!(newest["after"]["monthly_limit_usd"], "200");
    assert_eq!(changes["changes"][1]["reason"], "asked for");
}

/// Not what another one has made of it meanwhile.
#[tokio::test]
async fn administrators_at_once_are_told_what_their_own_changes_left() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 1_000_000).await;
    let mut asked = JoinSet::new();
    for number in 1..=10 {
        let reason = json!({"reason": "theirs"});
        for (path, suspended) in [("users/u/suspend", true), ("users/u/resume", false)] {
            let request = stage.post(path, &reason);
            asked.spawn(async move {
                let answer = good(request).await;
                assert_eq!(answer["user"]["suspended"], suspended, "{answer}");
            });
        }
        let request = stage.put("users/u/limits", &json!({"dailyLimitUsd": number}));
        asked.spawn(async move {
            let answer = good(request).await;
            assert_eq!(answer["user"]["limits"]["daily_usd"], number, "{answer}");
        });
    }
    while let Some(told) = asked.join_next().await {
        told.unwrap();
    }
}

#[tokio::test]
async fn users_are_found_by_the_beginning_of_their_id_or_by_their_address() {
    let stage = Stage::<Stripe>::set(&["--jwt-email-claim=email"]).await;
    for user in ["anna", "andrii", "bo/b", "зоя"] {
        stage.core.grant(&account(user), 1_000_000).await;
    }
    let claims = json!({"userId": "bo/b", "email": "Bob@mail.example"});
    let settings = stage.gateway.request(Method::PUT, "/api/billing/settings");
    let settings = settings.bearer_auth(token_of(&claims));
    let known = sent(settings.json(&json!({"low_balance_threshold_usd": 0.5}))).await;
    assert_eq!(known.status(), 200);
    let debt = json!({"amount": -3, "reason": "a dispute"});
    good(stage.post("users/%D0%B7%D0%BE%D1%8F/adjust-balance", &debt)).await;
    let found = async |query: &str| {
        let answer = stage.read(&format!("users?{query}")).await;
        let users = answer["users"].as_array().unwrap();
        let ids = users
            .iter()
            .map(|user| user["user_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["andrii", "anna", "bo/b", "зоя"]);
    assert_eq!(found("search=an").await, ["andrii", "anna"]);
    assert_eq!(found("search=bob@mail.example").await, ["bo/b"]);
    assert_eq!(found("search=%25").await, Vec::<String>::new());
    assert_eq!(found("status=in_debt").await, ["зоя"]);
    assert_eq!(found("limit=2&offset=1&status=all").await, ["anna", "bo/b"]);
    let first = stage.read("users?limit=3").await;
    let next = first["pagination"]["next_before"].as_str().unwrap();
    assert_eq!(found(&format!("before={next}")).await, ["зоя"]);
    for (query, field) in [
        ("status=good", "status"),
        ("limit=201", "limit"),
        ("offset=x", "offset"),
    ] {
        let refused = problem(stage.admin(Method::GET, &format!("users?{query}"))).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let shown = stage.read("users/bo%2Fb").await;
    assert_eq!(shown["user"]["email"], "Bob@mail.example", "{shown}");
    assert_eq!(
        shown["user"]["low_balance_threshold_usd"].to_string(),
        "0.5"
    );
    assert_eq!(shown["user"]["preferences"]["locale"], "en");
    let in_debt = stage.read("users/%D0%B7%D0%BE%D1%8F").await;
    assert_eq!(in_debt["user"]["debt_usd"], 2);
}
