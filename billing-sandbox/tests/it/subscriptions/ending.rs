//! How a subscription ends.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::life::{HOUR, Life, period};
use crate::stage::{encoded, read};

#[tokio::test]
async fn a_cancellation_in_the_portal_sets_a_time_and_can_be_taken_back_until_then() {
    let life = Life::begin().await;
    let end = life.period_end().await;
    let planned = life.press_in_portal("Cancel at the end of the month").await;
    assert_eq!(
        (&planned["status"], &planned["cancel_at"]),
        (&json!("active"), &json!(end))
    );
    // As at Stripe: `cancel_at_period_end` alone does not tell that a subscription ends.
    assert_eq!(planned["cancel_at_period_end"], false);
    assert_eq!(
        life.update(&[("cancel_at_period_end", "false")]).await["cancel_at"],
        end
    );
    let kept = life.press_in_portal("Keep it").await;
    assert_eq!(
        (&kept["cancel_at"], &kept["canceled_at"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        life.advance(end)
            .await
            .contains(&"invoice.created".to_owned())
    );
    let next = life.period_end().await;
    life.press_in_portal("Cancel at the end of the month").await;
    assert_eq!(
        life.advance(next).await.last().unwrap(),
        "customer.subscription.deleted"
    );
    let ended = life.found().await;
    assert_eq!(
        (&ended["status"], &ended["ended_at"]),
        (&json!("canceled"), &json!(next))
    );
    assert_eq!(life.invoices().await.len(), 2);
}

#[tokio::test]
async fn a_cancellation_at_the_periods_end_by_the_api_is_planned_taken_back_and_kept() {
    let life = Life::begin().await;
    let end = life.period_end().await;
    let planned = life
        .update(&[
            ("cancel_at_period_end", "true"),
            ("cancellation_details[comment]", "enough"),
        ])
        .await;
    assert_eq!(
        (&planned["cancel_at_period_end"], &planned["cancel_at"]),
        (&json!(true), &json!(end))
    );
    assert_eq!(
        planned["cancellation_details"]["reason"],
        "cancellation_requested"
    );
    let kept = life.update(&[("cancel_at_period_end", "false")]).await;
    assert_eq!(
        (&kept["cancel_at"], &kept["cancellation_details"]["reason"]),
        (&Value::Null, &Value::Null)
    );
    life.update(&[("cancel_at", "min_period_end")]).await;
    assert_eq!(
        life.update(&[("cancel_at", "")]).await["cancel_at"],
        Value::Null
    );
    life.update(&[("cancel_at_period_end", "true")]).await;
    assert_eq!(
        life.advance(end).await.last().unwrap(),
        "customer.subscription.deleted"
    );
    let ended = life.found().await;
    assert_eq!(ended["cancellation_details"]["comment"], "enough");
    let path = format!("subscriptions/{}", life.subscription);
    let (status, _) = life
        .stage
        .post(&path, &[("cancel_at_period_end", "false")])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_cancel_now_ends_it_once_and_leaves_what_was_paid() {
    let mut life = Life::begin().await;
    let cancel = async |life: &Life| {
        let path = format!("subscriptions/{}", life.subscription);
        let details = [("cancellation_details[feedback]", "too_expensive")];
        let url = format!("{path}?{}", encoded(&details));
        let request = life.stage.api(Method::DELETE, &url, &[]);
        read(request.send().await.unwrap()).await
    };
    let (status, ended) = cancel(&life).await;
    assert_eq!(
        (status, &ended["status"]),
        (StatusCode::OK, &json!("canceled"))
    );
    assert_eq!(ended["cancellation_details"]["feedback"], "too_expensive");
    life.stage
        .received_of("customer.subscription.deleted")
        .await;
    assert_eq!(cancel(&life).await.0, StatusCode::NOT_FOUND);
    let invoices = life.invoices().await;
    assert_eq!(
        (invoices.len(), &invoices[0]["status"]),
        (1, &json!("paid"))
    );
    let end = period(&ended).1;
    assert!(life.advance(end + HOUR).await.is_empty());
    let again = life.stage.get("subscriptions?status=ended").await;
    assert_eq!(again["data"][0]["id"], life.subscription.as_str());
}
