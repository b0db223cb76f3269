//! How a subscription ends, and the portal.

use reqwest::Method;
use serde_json::{Value, json};

use super::life::{GIVER, Life, PAYS, SUBSCRIPTION, monthly, once, text};
use crate::gateway::{Gateway, problem, sent, token};
use crate::stage::good;

const PORTAL: &str = "/api/v1/stripe/portal";

#[tokio::test]
async fn a_cancellation_lets_it_run_until_what_is_paid_for_is_over_and_may_be_repeated() {
    let life = Life::begun().await;
    let planned = good(life.cancel(&json!({}))).await;
    assert_eq!(planned["status"], "active");
    assert_eq!(planned["cancel_at"], planned["current_period_end"]);
    assert_eq!(
        good(life.cancel(&json!({"at_period_end": true}))).await,
        planned
    );
    life.advance(life.period_end().await).await;
    let ended = life
        .becomes(SUBSCRIPTION, |seen| seen["status"] == "cancelled")
        .await;
    assert_eq!(ended["cancel_at"], Value::Null);
    assert!(ended["ended_at"].is_string(), "{ended}");
    life.has_given(1, 2_500).await;
    // And begins anew, if they like.
    let second = life.subscribes(5_000).await;
    assert_ne!(ended["ulid"], second.ulid.as_str());
    life.has_given(2, 7_500).await;
}

#[tokio::test]
async fn a_cancellation_ends_it_now_where_that_is_asked_for_and_only_once() {
    let life = Life::begun().await;
    let now = json!({"atPeriodEnd": false});
    let (one, other) = tokio::join!(sent(life.cancel(&now)), sent(life.cancel(&now)));
    assert_eq!((one.status().as_u16(), other.status().as_u16()), (200, 200));
    let ended = good(life.cancel(&now)).await;
    assert_eq!(
        (&ended["status"], &ended["cancel_at"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert_eq!(good(life.cancel(&json!({}))).await, ended);
    assert_eq!(life.subscription().await["status"], "canceled");
    life.stage.delivered().await;
    life.all_is_booked().await;
    life.has_given(1, 2_500).await;
}

#[tokio::test]
async fn whatever_was_done_in_the_portal_meanwhile_is_told_and_stays() {
    let life = Life::begun().await;
    life.in_portal("cancel").await;
    let planned = life
        .becomes(SUBSCRIPTION, |seen| seen["cancel_at"].is_string())
        .await;
    assert_eq!(planned["cancel_at"], planned["current_period_end"]);
    life.in_portal("resume").await;
    life.becomes(SUBSCRIPTION, |seen| seen["cancel_at"].is_null())
        .await;
    life.stage.delivered().await;
    for body in [json!({}), json!({"at_period_end": false})] {
        let life = Life::begun().await;
        life.stage.delivered().await;
        life.withhold().await;
        life.in_portal("cancel_now").await;
        assert_eq!(life.seen(SUBSCRIPTION).await["status"], "active");
        assert_eq!(
            good(life.cancel(&body)).await["status"],
            "cancelled",
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_cancellation_that_stripe_did_not_answer_is_carried_out_by_the_repeat() {
    let life = Life::begun().await;
    life.withhold().await;
    let fault =
        json!({"fault": "bad_gateway_after_commit", "request": "cancel_subscription", "times": 9});
    life.stage.control("faults", fault).await;
    let now = json!({"at_period_end": false});
    let refused = problem(life.cancel(&now)).await;
    assert_eq!(refused["code"], "PAYMENT_PROVIDER_UNAVAILABLE", "{refused}");
    life.stage.control("faults/forget", json!({})).await;
    assert_eq!(good(life.cancel(&now)).await["status"], "cancelled");
}

#[tokio::test]
async fn a_cancellation_that_a_later_asking_was_faster_than_is_told_all_the_same() {
    let life = Life::begun().await;
    life.stage.delivered().await;
    life.withhold().await;
    // Something that is asked about when it is told.
    life.card(PAYS).await;
    let slow = json!({"fault": "slow", "request": "update_subscription", "ms": 3_000});
    life.stage.control("faults", slow).await;
    let meanwhile = async {
        life.faults_have_begun().await;
        life.deliver_all_of("customer.subscription.updated").await;
        // It was asked after the cancellation began, and before that took effect.
        assert_eq!(life.seen(SUBSCRIPTION).await["cancel_at"], Value::Null);
    };
    let (planned, ()) = tokio::join!(good(life.cancel(&json!({}))), meanwhile);
    assert!(planned["cancel_at"].is_string(), "{planned}");
    assert_eq!(planned["cancel_at"], planned["current_period_end"]);
}

#[tokio::test]
async fn who_gives_nothing_monthly_has_nothing_to_end() {
    let life = Life::set().await;
    for request in [
        life.get(SUBSCRIPTION),
        life.cancel(&json!({})),
        life.get(PORTAL),
    ] {
        assert_eq!(problem(request).await["status"], 404);
    }
    // A page that nobody has paid on is no subscription.
    life.at_page(&monthly(2_500)).await;
    for request in [life.get(SUBSCRIPTION), life.cancel(&json!({}))] {
        assert_eq!(problem(request).await["status"], 404);
    }
    let mut yearly = once(2_500);
    yearly["interval"] = json!("year");
    for (request, field) in [
        (life.checkout(&yearly), "interval"),
        (
            life.cancel(&json!({"at_period_end": "no"})),
            "at_period_end",
        ),
    ] {
        let refused = problem(request).await;
        assert_eq!(
            (&refused["status"], &refused["errors"][0]["field"]),
            (&json!(400), &json!(field))
        );
    }
    let path = "/api/v1/nobody/portal";
    assert_eq!(problem(life.get(path)).await["status"], 404);
}

#[tokio::test]
async fn the_portal_is_of_the_giver_and_leads_back_to_where_people_give() {
    let life = Life::begun().await;
    let url = text(&good(life.get(PORTAL)).await["url"]);
    assert!(
        url.starts_with(&format!("{}/p/session/", life.stage.sandbox.url())),
        "{url}"
    );
    let page = sent(life.stage.client.get(&url))
        .await
        .text()
        .await
        .unwrap();
    assert!(page.contains("\"https://a.example/support\""), "{page}");
    assert!(page.contains("Cancel at the end of the month"), "{page}");
}

#[tokio::test]
async fn what_was_begun_can_be_ended_where_nothing_is_given_any_more() {
    let life = Life::begun().await;
    let closed = Gateway::start(life.stage.config(&[])).await;
    let bearer = token(&json!(GIVER));
    let request = closed
        .request(Method::POST, "/api/v1/contributions/subscription/cancel")
        .bearer_auth(&bearer)
        .json(&json!({"at_period_end": false}));
    assert_eq!(good(request).await["status"], "cancelled");
    let checkout = closed
        .request(Method::POST, "/api/v1/contributions/checkout")
        .bearer_auth(&bearer)
        .json(&monthly(2_500));
    assert_eq!(problem(checkout).await["code"], "PAYMENTS_OFF");
}
