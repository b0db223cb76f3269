//! Checkout Sessions: made by a request, paid on their page, told by events.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::page::{page, press};
use crate::stage::{Stage, read};

const ITEM: [(&str, &str); 9] = [
    ("mode", "payment"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "2500"),
    (
        "line_items[0][price_data][product_data][name]",
        "Support <us>",
    ),
    ("line_items[0][quantity]", "1"),
    ("metadata[payment_id]", "p1"),
    ("payment_intent_data[metadata][payment_id]", "p1"),
    ("client_reference_id", "p1"),
    (
        "success_url",
        "https://example.org/thanks?session={CHECKOUT_SESSION_ID}",
    ),
];

/// A session that is open; its id.
async fn open(stage: &Stage) -> String {
    let (status, session) = stage.post("checkout/sessions", &ITEM).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    session["id"].as_str().unwrap().to_owned()
}

async fn found(stage: &Stage, id: &str) -> Value {
    stage.get(&format!("checkout/sessions/{id}")).await
}

fn states(session: &Value) -> (&str, &str) {
    let text = |name: &str| session[name].as_str().unwrap();
    (text("status"), text("payment_status"))
}

#[tokio::test]
async fn a_session_has_no_payment_until_it_is_paid_and_then_a_real_one() {
    let mut stage = Stage::open().await;
    let id = open(&stage).await;
    let session = found(&stage, &id).await;
    assert_eq!(states(&session), ("open", "unpaid"));
    assert_eq!(session["payment_intent"], Value::Null);
    assert_eq!(session["amount_total"], 2500);
    let path = format!("/c/pay/{id}");
    assert!(session["url"].as_str().unwrap().ends_with(&path));
    let (_, html) = page(&stage, &path).await;
    assert!(!html.contains("<us>"), "{html}");
    let answer = press(&stage, &html, "Decline").await;
    assert_eq!(answer.headers()["location"], path.as_str());
    stage.received_of("payment_intent.payment_failed").await;
    let session = found(&stage, &id).await;
    assert_eq!(states(&session), ("open", "unpaid"));
    let intent = session["payment_intent"].as_str().unwrap().to_owned();
    press(&stage, &html, "Pay").await;
    for event_type in [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ] {
        stage.received_of(event_type).await;
    }
    let session = found(&stage, &id).await;
    assert_eq!(states(&session), ("complete", "paid"));
    assert_eq!(session["payment_intent"], intent.as_str());
    assert_eq!(session["url"], Value::Null);
    let (_, html) = page(&stage, &path).await;
    let thanks = format!("https://example.org/thanks?session={id}");
    assert!(html.contains(&thanks), "{html}");
    let paid = stage.get(&format!("payment_intents/{intent}")).await;
    assert_eq!(
        (&paid["amount_received"], &paid["metadata"]["payment_id"]),
        (&json!(2500), &json!("p1"))
    );
    let (status, refund) = stage.post("refunds", &[("payment_intent", &intent)]).await;
    assert_eq!((status, &refund["amount"]), (StatusCode::OK, &json!(2500)));
    assert_eq!(states(&found(&stage, &id).await), ("complete", "paid"));
}

#[tokio::test]
async fn a_payer_passes_three_d_secure_on_the_sessions_page() {
    let mut stage = Stage::open().await;
    let id = open(&stage).await;
    let card = json!({"card": "4000000000003220"});
    stage.control(&format!("sessions/{id}/pay"), card).await;
    stage.received_of("payment_intent.requires_action").await;
    assert_eq!(found(&stage, &id).await["status"], "open");
    let (_, html) = page(&stage, &format!("/c/pay/{id}")).await;
    press(&stage, &html, "Authenticate").await;
    stage.received_of("checkout.session.completed").await;
    assert_eq!(states(&found(&stage, &id).await), ("complete", "paid"));
}

#[tokio::test]
async fn what_is_paid_later_is_complete_and_unpaid_until_the_money_arrives_or_does_not() {
    let mut stage = Stage::open().await;
    for (label, told, then) in [
        (
            "The money arrives",
            "checkout.session.async_payment_succeeded",
            "paid",
        ),
        (
            "It does not",
            "checkout.session.async_payment_failed",
            "unpaid",
        ),
    ] {
        let id = open(&stage).await;
        let path = format!("/c/pay/{id}");
        let (_, html) = page(&stage, &path).await;
        press(&stage, &html, "Pay later").await;
        let completed = stage
            .received_of("checkout.session.completed")
            .await
            .event();
        assert_eq!(completed["data"]["object"]["payment_status"], "unpaid");
        let (_, html) = page(&stage, &path).await;
        press(&stage, &html, label).await;
        let event = stage.received_of(told).await.event();
        assert_eq!(event["data"]["object"]["payment_status"], then);
        assert_eq!(states(&found(&stage, &id).await), ("complete", then));
    }
}

#[tokio::test]
async fn only_an_open_session_is_expired_and_its_payment_ends_with_it() {
    let mut stage = Stage::open().await;
    let id = open(&stage).await;
    stage
        .control(&format!("sessions/{id}/decline"), json!({}))
        .await;
    let session = found(&stage, &id).await;
    let intent = session["payment_intent"].as_str().unwrap().to_owned();
    let (status, refused) = stage
        .post(&format!("payment_intents/{intent}/cancel"), &[])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let expire = format!("checkout/sessions/{id}/expire");
    let (status, expired) = stage.post(&expire, &[]).await;
    assert_eq!(
        (status, states(&expired)),
        (StatusCode::OK, ("expired", "unpaid"))
    );
    stage.received_of("checkout.session.expired").await;
    let canceled = stage.get(&format!("payment_intents/{intent}")).await;
    assert_eq!(canceled["status"], "canceled");
    let (status, refused) = stage.post(&expire, &[]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refused["error"]["type"], "invalid_request_error");
    assert_eq!(
        refused["error"]["message"],
        "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session \
         has a status of `expired`."
    );
    let url = format!("{}/sandbox/sessions/{id}/pay", stage.sandbox.url());
    let (status, _) = read(stage.http.post(url).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_session_that_stripe_would_not_make_is_refused() {
    let stage = Stage::open().await;
    let now = jiff::Timestamp::now().as_second();
    let soon = (now + 1700).to_string();
    let late = (now + 86_500).to_string();
    for (name, value, code, param) in [
        ("mode", "setup", None, Some("mode")),
        (
            "success_url",
            "not a url",
            Some("url_invalid"),
            Some("success_url"),
        ),
        ("expires_at", &soon, None, Some("expires_at")),
        ("expires_at", &late, None, Some("expires_at")),
        (
            "customer",
            "cus_x",
            Some("resource_missing"),
            Some("customer"),
        ),
        ("nonsense", "1", Some("parameter_unknown"), Some("nonsense")),
        (
            "payment_method_types[0]",
            "card",
            Some("parameter_unknown"),
            Some("payment_method_types"),
        ),
        (
            "line_items[0][price_data][unit_amount]",
            "49",
            Some("amount_too_small"),
            None,
        ),
        (
            "line_items[0][nonsense]",
            "1",
            Some("parameter_unknown"),
            Some("line_items[0][nonsense]"),
        ),
    ] {
        let mut fields = ITEM.to_vec();
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let (status, refused) = stage.post("checkout/sessions", &fields).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {refused}");
        let error = &refused["error"];
        assert_eq!(
            (error["code"].as_str(), error["param"].as_str()),
            (code, param),
            "{name}"
        );
    }
    for name in ["mode", "success_url", "line_items[0][price_data][currency]"] {
        let mut fields = ITEM.to_vec();
        fields.retain(|(known, _)| *known != name);
        let (status, refused) = stage.post("checkout/sessions", &fields).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
        assert_eq!(refused["error"]["code"], "parameter_missing", "{name}");
    }
}

#[tokio::test]
async fn faults_strike_sessions_too() {
    let stage = Stage::open().await;
    for (fault, status, made) in [
        ("bad_gateway", StatusCode::BAD_GATEWAY, 0),
        ("fail_after_commit", StatusCode::INTERNAL_SERVER_ERROR, 1),
    ] {
        let planned = json!({"fault": fault, "request": "create_checkout_session"});
        stage.control("faults", planned).await;
        let request = stage.api(Method::POST, "checkout/sessions", &ITEM);
        assert_eq!(request.send().await.unwrap().status(), status);
        let listed = stage.get("checkout/sessions").await;
        assert_eq!(listed["data"].as_array().unwrap().len(), made, "{fault}");
    }
}

#[tokio::test]
async fn a_payer_takes_more_where_the_quantity_is_adjustable() {
    let stage = Stage::open().await;
    let mut fields = ITEM.to_vec();
    fields.push(("line_items[0][adjustable_quantity][enabled]", "true"));
    fields.push(("line_items[0][adjustable_quantity][maximum]", "4"));
    let (_, session) = stage.post("checkout/sessions", &fields).await;
    let id = session["id"].as_str().unwrap();
    let pay = format!("sessions/{id}/pay");
    let paid = stage.control(&pay, json!({"quantity": 3})).await;
    assert_eq!(
        (&paid["amount_total"], &paid["payment_status"]),
        (&json!(7500), &json!("paid"))
    );
    let items = stage
        .get(&format!("checkout/sessions/{id}/line_items"))
        .await;
    assert_eq!(items["data"][0]["quantity"], 3);
}
