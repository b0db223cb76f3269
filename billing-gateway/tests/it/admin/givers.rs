//! People who gave something and have no account.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{problem, token_of};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

const FLAGS: [&str; 3] = [
    "--stripe-success-url=https://a.example/support/thank-you?contribution={CHECKOUT_SESSION_ID}",
    "--stripe-cancel-url=https://a.example/support?cancelled=true",
    "--jwt-name-claim=name",
];

/// Gives 25 dollars and does nothing else. The contribution's ULID.
async fn gives(stage: &Stage<Stripe>, user: &str) -> String {
    let gift = json!({
        "amount_cents": 2_500,
        "is_anonymous": false,
        "public_display_consent": true,
        "message": "Well done!",
    });
    let checkout = stage
        .gateway
        .request(Method::POST, "/api/v1/contributions/checkout")
        .bearer_auth(token_of(&json!({"userId": user, "name": "Alice Johnson"})))
        .json(&gift);
    let begun = good(checkout).await;
    let url = begun["checkout_url"].as_str().unwrap();
    let session = url.rsplit('/').next().unwrap();
    let path = format!("sessions/{session}/pay");
    stage.control(&path, json!({})).await;
    let ulid = begun["contribution_ulid"].as_str().unwrap().to_owned();
    becomes(stage, &ulid, "completed").await;
    ulid
}

async fn becomes(stage: &Stage<Stripe>, ulid: &str, status: &str) {
    let since = Instant::now();
    loop {
        let path = format!("/api/v1/contributions/{ulid}");
        let shown = good(stage.gateway.get(&path)).await;
        if shown["status"] == status {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{shown}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether the giver is told that the wall has their message.
async fn message_is_shown(stage: &Stage<Stripe>, user: &str) -> Value {
    let given = stage.get(user, "/api/v1/contributions/me").await;
    given["data"][0]["message_is_shown"].clone()
}

#[tokio::test]
async fn who_only_gave_something_is_found_and_shown_and_given_it_back() {
    let stage = Stage::<Stripe>::start_with(&FLAGS).await;
    let ulid = gives(&stage, "u").await;
    let shown = stage.read("users/u").await;
    assert_eq!(shown["user"]["balance_usd"].to_string(), "0", "{shown}");
    assert_eq!(shown["user"]["created_at"], Value::Null, "no account yet");
    assert_eq!(shown["recent_transactions"], json!([]));
    assert_eq!(shown["payments"][0]["status"], "succeeded", "{shown}");
    let id = shown["payments"][0]["payment_id"].as_str().unwrap();
    let found = stage.read("users?search=u").await;
    assert_eq!(found["users"][0]["user_id"], "u", "{found}");
    for query in [
        "userId=u",
        "userId=u&status=all",
        "userId=u&status=succeeded",
    ] {
        let listed = stage.read(&format!("transactions?{query}")).await;
        let listed = &listed["transactions"][0];
        assert_eq!(listed["id"], id, "{query}: {listed}");
        assert_eq!(listed["type"], "contribution");
    }
    let none = stage.read("transactions?userId=u&status=failed").await;
    assert_eq!(none["transactions"], json!([]));

    let approval = json!({"approved": true});
    good(stage.put(&format!("messages/{ulid}"), &approval)).await;
    assert_eq!(message_is_shown(&stage, "u").await, true);
    let back = json!({"amount_usd": 25, "reason": "asked for", "user_id": "u"});
    let refund = good(stage.post(&format!("transactions/{id}/refund"), &back)).await;
    assert_eq!(refund["refund"]["amount"], 25, "{refund}");
    becomes(&stage, &ulid, "refunded").await;
    assert_eq!(message_is_shown(&stage, "u").await, false);
    let changes = stage.read("users/u/changes").await;
    assert_eq!(changes["changes"][0]["action"], "payment_refund");
}

/// Whatever the page of a giver offers opens the account that it is done to.
#[tokio::test]
async fn a_giver_is_granted_credit_and_has_an_account_then() {
    let stage = Stage::<Stripe>::start_with(&FLAGS).await;
    gives(&stage, "u").await;
    let grant = json!({"amount": 5, "reason": "thank you", "kind": "grant"});
    let granted = good(stage.post("users/u/adjust-balance", &grant)).await;
    assert_eq!(granted["balance_after_usd"], 5, "{granted}");
    let shown = stage.read("users/u").await;
    assert!(shown["user"]["created_at"].is_string(), "{shown}");
    let booked = stage.read("transactions?userId=u").await;
    assert_eq!(booked["transactions"][0]["type"], "adjustment", "{booked}");
    // What they gave is found all the same.
    let paid = stage.read("transactions?userId=u&status=all").await;
    assert_eq!(paid["transactions"][0]["type"], "contribution", "{paid}");
    // Who gave nothing is nobody.
    let nobody = problem(stage.post("users/v/adjust-balance", &grant)).await;
    assert_eq!(nobody["code"], "NOT_FOUND");
}
