//! Payments, refunds and figures of the tenant.

use billing_proto::v1::ChargeRequest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{account, micros, problem};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

/// The transaction in the user's history.
async fn charged(stage: &Stage<Stripe>, user: &str, amount: i64) -> String {
    let request = ChargeRequest {
        account: Some(account(user)),
        idempotency_key: format!("charge of {amount}"),
        cost: Some(micros(amount)),
        ..ChargeRequest::default()
    };
    let answer = stage.core.balance().charge(request).await.unwrap();
    answer.into_inner().entry_id
}

#[tokio::test]
async fn payments_of_the_tenant_are_listed_and_given_back() {
    let stage = Stage::<Stripe>::start().await;
    let paid = stage.paid("u").await;
    let begun = stage.begun("v").await;
    let listed = stage.read("transactions").await;
    let of = |at: usize, member: &str| listed["transactions"][at][member].clone();
    assert_eq!(
        (of(0, "id"), of(1, "id")),
        (json!(begun.payment_id), json!(paid.payment_id))
    );
    assert_eq!(
        (of(1, "user_id"), of(1, "type")),
        (json!("u"), json!("topup"))
    );
    assert_eq!(
        (of(1, "status"), of(0, "status")),
        (json!("succeeded"), json!("pending"))
    );
    assert_eq!(
        (of(0, "amount_usd"), of(1, "amount")),
        (json!(25), json!(25))
    );
    let count = async |query: &str| {
        let listed = stage.read(&format!("transactions?{query}")).await;
        listed["pagination"]["count"].clone()
    };
    assert_eq!(count("status=succeeded&type=topup").await, 1);
    assert_eq!(count("status=failed").await, 0);
    assert_eq!(count("userId=v&status=pending").await, 1);
    assert_eq!(count("userId=u&type=topup").await, 1);
    assert_eq!(count("userId=u&type=charge").await, 0);
    // In part by our name, and the rest by the top-up in the user's history.
    let path = format!("transactions/{}/refund", paid.payment_id);
    let part = json!({"amount_usd": 10, "reason": "asked for"});
    let ask = || stage.post(&path, &part).header("idempotency-key", "1");
    let (one, other) = tokio::join!(good(ask()), good(ask()));
    assert_eq!(one["refund"]["refund_id"], other["refund"]["refund_id"]);
    assert_eq!(good(ask()).await["refund"]["status"], "succeeded");
    assert_eq!(stage.balance("u").await, "15");
    let history = stage.get("u", "/api/billing/history").await;
    let top_up = history["transactions"][1]["id"].as_str().unwrap();
    let path = format!("transactions/{top_up}/refund");
    let rest = json!({"reason": "the rest", "user_id": "u"});
    let refund = good(stage.post(&path, &rest)).await;
    assert_eq!(refund["refund"]["payment_id"], json!(paid.payment_id));
    assert_eq!(refund["refund"]["amount"], 15, "{refund}");
    assert_eq!(stage.balance("u").await, "0");
    // The user reads why.
    let history = stage.get("u", "/api/billing/history").await;
    let why = |at: usize| &history["transactions"][at]["description"];
    assert_eq!((why(0), why(1)), (&json!("the rest"), &json!("asked for")));
    let changes = stage.read("users/u/changes").await;
    let newest = &changes["changes"][0];
    assert_eq!(newest["action"], "payment_refund", "{changes}");
    assert_eq!(
        (&newest["actor"], &newest["reason"]),
        (&json!("root"), &json!("the rest"))
    );
    assert_eq!(newest["refund_id"], refund["refund"]["refund_id"]);
    assert_eq!(newest["after"]["amount"], "15", "{changes}");
}

#[tokio::test]
async fn a_filter_that_lists_nothing_of_everybody_is_named() {
    let stage = Stage::<Stripe>::start().await;
    for (query, field) in [
        ("type=charge", "type"),
        ("type=gift", "type"),
        ("status=done", "status"),
        ("userId=u&type=charge&status=succeeded", "status"),
    ] {
        let refused = problem(stage.admin(Method::GET, &format!("transactions?{query}"))).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn a_charge_is_given_back_once_for_each_key_and_never_more_than_it_was() {
    let stage = Stage::<Stripe>::start().await;
    stage.core.grant(&account("u"), 5_000_000).await;
    stage.core.grant(&account("v"), 5_000_000).await;
    let entry = charged(&stage, "u", 1_234_567).await;
    let path = format!("transactions/{entry}/refund");
    let refused = problem(stage.post(&path, &json!({"reason": "r"}))).await;
    assert_eq!(refused["errors"][0]["field"], "user_id", "{refused}");
    let of_other = json!({"reason": "r", "user_id": "v"});
    assert_eq!(
        problem(stage.post(&path, &of_other)).await["code"],
        "NOT_FOUND"
    );
    let no_such = format!("{}-99", entry.split_once('-').unwrap().0);
    let whole = json!({"reason": "the tool failed", "user_id": "u"});
    let no_such = stage.post(&format!("transactions/{no_such}/refund"), &whole);
    assert_eq!(problem(no_such).await["code"], "NOT_FOUND");
    // Where nothing would mean all of it, a misspelt amount is none.
    let misspelt = json!({"reason": "r", "user_id": "u", "amount": 0.01});
    let refused = problem(stage.post(&path, &misspelt)).await;
    assert_eq!(refused["errors"][0]["field"], "amount", "{refused}");
    let uah = json!({"reason": "r", "userId": "u", "amount_uah": 1});
    let refused = problem(stage.post(&path, &uah)).await;
    assert_eq!(refused["errors"][0]["field"], "amount_uah");

    let part = json!({"amount_usd": 0.034_567, "reason": "a part", "user_id": "u"});
    good(stage.post(&path, &part)).await;
    let ask = || stage.post(&path, &whole).header("idempotency-key", "1");
    let (one, other) = tokio::join!(good(ask()), good(ask()));
    assert_eq!(one, other);
    assert_eq!(one["refund"]["amount"].to_string(), "1.2", "{one}");
    assert_eq!(one["refund"]["status"], "succeeded");
    assert_eq!(stage.balance("u").await, "5");
    let over = problem(stage.post(&path, &part)).await;
    assert_eq!(over["code"], "REFUND_EXCEEDS_CHARGE", "{over}");
    assert_eq!(
        over["message"],
        "more than what is left of the charge: 0 USD"
    );
    // A grant is nothing that was paid.
    let history = stage.get("u", "/api/billing/history").await;
    let entries = history["transactions"].as_array().unwrap();
    let grant = entries.last().unwrap()["id"].as_str().unwrap();
    let refused = problem(stage.post(&format!("transactions/{grant}/refund"), &whole)).await;
    assert_eq!(refused["code"], "PAYMENT_NOT_REFUNDABLE", "{refused}");
    let changes = stage.read("users/u/changes").await;
    assert_eq!(
        changes["changes"][0]["action"], "charge_refund",
        "{changes}"
    );
    assert_eq!(changes["changes"][0]["actor"], "root");
}

#[tokio::test]
async fn figures_are_those_of_what_was_paid_and_spent() {
    let stage = Stage::<Stripe>::start().await;
    let paid = stage.paid("u").await;
    charged(&stage, "u", 2_000_000).await;
    let path = format!("transactions/{}/refund", paid.payment_id);
    good(stage.post(&path, &json!({"amount_usd": 5, "reason": "asked for"}))).await;
    let overview = stage.read("stats/overview").await;
    let overview = &overview["overview"];
    for (member, expected) in [
        ("accounts", 1),
        ("revenue_today_usd", 20),
        ("revenue_month_usd", 20),
        ("spent_today_usd", 2),
        ("spent_month_usd", 2),
        ("payments_in_review", 0),
        ("undelivered_mail", 0),
    ] {
        assert_eq!(overview[member], expected, "{member} of {overview}");
    }
    assert!(overview["as_of"].is_string());
    let revenue = stage.read("stats/revenue-chart?days=1").await;
    let day = &revenue["chart"][0];
    assert_eq!(
        (&day["provider"], &day["currency"]),
        (&json!("stripe"), &json!("USD"))
    );
    let amounts = [
        "received",
        "refunded",
        "disputed",
        "credited_usd",
        "net_usd",
        "payments",
    ];
    let amounts: Vec<_> = amounts.iter().map(|name| day[*name].to_string()).collect();
    assert_eq!(amounts, ["25", "5", "0", "20", "20", "1"], "{revenue}");
    let tools = stage.read("stats/cost-breakdown?days=90").await;
    let expected = json!([{"tool": null, "spent_usd": 2, "requests": 1}]);
    assert_eq!(tools["tools"], expected, "{tools}");
    let users = stage.read("stats/users-costs?limit=5").await;
    let expected = json!([{"user_id": "u", "spent_usd": 2, "requests": 1}]);
    assert_eq!(users["users"], expected, "{users}");
    for path in ["revenue-chart", "cost-breakdown", "users-costs"] {
        for days in ["0", "91", "x"] {
            let path = format!("stats/{path}?days={days}");
            let refused = problem(stage.admin(Method::GET, &path)).await;
            assert_eq!(refused["errors"][0]["field"], "days", "{refused}");
        }
    }
    assert_eq!(stage.read("review").await["payments"], json!([]));
    assert_eq!(stage.read("mail").await["mail"], Value::Array(Vec::new()));
}
