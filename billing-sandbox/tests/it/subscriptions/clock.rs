//! The clock, and the events of what it brings.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::life::{HOUR, Life, second};
use crate::stage::read;

#[tokio::test]
async fn the_clock_goes_forward_only_and_two_months_at_most() {
    let life = Life::begin().await;
    let path = format!("test_helpers/test_clocks/{}", life.clock);
    let now = life.stage.get(&path).await["frozen_time"].as_i64().unwrap();
    for to in [now - 1, now, second("2027-03-31T10:00:01Z")] {
        let advance = format!("{path}/advance");
        let (status, _) = life
            .stage
            .post(&advance, &[("frozen_time", &to.to_string())])
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{to}");
    }
    let (status, _) = life
        .stage
        .post("test_helpers/test_clocks", &[("frozen_time", "1")])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "there is one already");
    let deleted = life
        .stage
        .api(Method::DELETE, &path, &[])
        .send()
        .await
        .unwrap();
    assert_eq!(read(deleted).await.1["deleted"], true);
    assert_eq!(life.found().await["status"], "canceled");
    let listed = life.stage.get("test_helpers/test_clocks").await;
    assert_ne!(listed["data"][0]["id"], life.clock.as_str());
}

#[tokio::test]
async fn events_of_subscriptions_are_doubled_and_turned_round_and_told_oddly_like_others() {
    let mut life = Life::begin().await;
    life.stage.received_of("checkout.session.completed").await;
    let stage = &life.stage;
    stage
        .control(
            "mode",
            json!({ "withhold": true, "reverse": true, "copies": 2 }),
        )
        .await;
    for (oddity, event) in [
        ("old_shape", "invoice.paid"),
        ("foreign", "invoice.payment_succeeded"),
        ("old_shape", "customer.subscription.updated"),
    ] {
        stage
            .control("faults", json!({ "fault": oddity, "event": event }))
            .await;
    }
    let end = life.period_end().await;
    let path = format!("test_helpers/test_clocks/{}/advance", life.clock);
    let to = (end + HOUR).to_string();
    life.stage.post(&path, &[("frozen_time", &to)]).await;
    assert!(life.stage.nothing_is_received());
    life.stage.control("release", json!({})).await;
    let mut seen = Vec::new();
    while seen
        .last()
        .is_none_or(|(kind, _): &(String, Value)| kind != "test_helpers.test_clock.advancing")
    {
        let received = life.stage.received().await;
        seen.push((received.event_type(), received.event()));
    }
    let place = |kind: &str| seen.iter().position(|(told, _)| told == kind).unwrap();
    assert!(place("invoice.paid") < place("invoice.created"));
    let object = |kind: &str| &seen[place(kind)].1["data"]["object"];
    assert_eq!(
        object("invoice.paid")["subscription"],
        life.subscription.as_str()
    );
    assert_eq!(object("invoice.paid").get("parent"), None);
    assert_eq!(object("invoice.payment_succeeded")["parent"], Value::Null);
    let period_end = &object("customer.subscription.updated")["current_period_end"];
    assert_eq!(*period_end, life.period_end().await);
}
