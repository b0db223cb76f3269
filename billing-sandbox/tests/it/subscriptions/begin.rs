//! How a subscription begins: on a session's page.

use http::StatusCode;
use serde_json::{Value, json};

use super::life::{Life, MONTHLY, period, text};
use crate::page::{page, press};
use crate::stage::Stage;

#[tokio::test]
async fn a_subscription_is_incomplete_until_its_first_invoice_is_paid_on_the_sessions_page() {
    let mut stage = Stage::open().await;
    let (_, session) = stage.post("checkout/sessions", &MONTHLY).await;
    let id = text(&session["id"]);
    assert_eq!(session["mode"], "subscription");
    let (_, html) = page(&stage, &format!("/c/pay/{id}")).await;
    press(&stage, &html, "Decline").await;
    let begun = stage.received_of("customer.subscription.created").await;
    let begun = begun.event()["data"]["object"].clone();
    assert_eq!(begun["status"], "incomplete");
    stage.received_of("invoice.payment_failed").await;
    let open = stage.get(&format!("checkout/sessions/{id}")).await;
    let hidden = [
        &open["subscription"],
        &open["invoice"],
        &open["payment_intent"],
    ];
    assert_eq!(
        (&open["status"], hidden),
        (&json!("open"), [&Value::Null; 3])
    );
    press(&stage, &html, "Pay").await;
    for kind in [
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
        "checkout.session.completed",
    ] {
        let event = stage.received_of(kind).await.event();
        if kind == "customer.subscription.updated" {
            assert_eq!(event["data"]["previous_attributes"]["status"], "incomplete");
        }
    }
    let session = stage.get(&format!("checkout/sessions/{id}")).await;
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&json!("complete"), &json!("paid"))
    );
    assert_eq!(session["subscription"], begun["id"]);
    let path = format!("subscriptions/{}", text(&begun["id"]));
    assert_eq!(stage.get(&path).await["status"], "active");
    let invoice = stage
        .get(&format!("invoices/{}", text(&session["invoice"])))
        .await;
    assert_eq!(
        (&invoice["billing_reason"], &invoice["attempt_count"]),
        (&json!("subscription_create"), &json!(1))
    );
}

#[tokio::test]
async fn a_subscription_its_invoice_and_its_payment_are_found_from_each_other() {
    let life = Life::begin().await;
    let path = format!(
        "subscriptions/{}?expand[]=latest_invoice.payments&expand[]=customer.subscriptions",
        life.subscription
    );
    let subscription = life.stage.get(&path).await;
    assert_eq!(subscription["metadata"]["contribution_id"], "c1");
    assert_eq!(
        subscription["customer"]["subscriptions"]["data"][0]["id"],
        subscription["id"]
    );
    let invoice = &subscription["latest_invoice"];
    assert_eq!(
        (&invoice["amount_paid"], &invoice["amount_remaining"]),
        (&json!(500), &json!(0))
    );
    let parent = &invoice["parent"]["subscription_details"];
    assert_eq!(parent["subscription"], subscription["id"]);
    assert_eq!(parent["metadata"]["contribution_id"], "c1");
    let paid_for = &invoice["lines"]["data"][0]["period"];
    let (start, end) = period(&subscription);
    assert_eq!(
        (&paid_for["start"], &paid_for["end"]),
        (&json!(start), &json!(end))
    );
    let payment = &invoice["payments"]["data"][0];
    let intent = text(&payment["payment"]["payment_intent"]);
    let by_payment =
        format!("invoice_payments?payment[type]=payment_intent&payment[payment_intent]={intent}");
    assert_eq!(life.stage.get(&by_payment).await["data"], json!([payment]));
    let (status, _) = life
        .stage
        .post(&format!("payment_intents/{intent}/cancel"), &[])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_session_that_ends_unpaid_takes_its_subscription_with_it() {
    let mut stage = Stage::open().await;
    let (_, session) = stage.post("checkout/sessions", &MONTHLY).await;
    let id = text(&session["id"]);
    stage
        .control(&format!("sessions/{id}/decline"), json!({}))
        .await;
    stage
        .control(&format!("sessions/{id}/expire"), json!({}))
        .await;
    let ended = stage
        .received_of("customer.subscription.updated")
        .await
        .event();
    assert_eq!(ended["data"]["object"]["status"], "incomplete_expired");
    stage.received_of("invoice.voided").await;
    stage.received_of("checkout.session.expired").await;
}

#[tokio::test]
async fn a_payment_and_a_subscription_are_not_mixed_in_a_session() {
    let stage = Stage::open().await;
    for (name, value) in [
        ("mode", "payment"),
        ("line_items[0][price_data][recurring][interval]", "year"),
        ("line_items[0][price_data][unit_amount]", "0"),
        ("payment_intent_data[metadata][a]", "b"),
        ("customer_creation", "always"),
    ] {
        let mut fields: Vec<(&str, &str)> = MONTHLY.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        let (status, error) = stage.post("checkout/sessions", &fields).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {error}");
    }
}
