//! How a subscription goes on, month after month.

use serde_json::{Value, json};

use super::life::{DAY, FAILS_LATER, GIVER, Life, MINE, PAYS, SUBSCRIPTION, monthly, text};
use crate::gateway::problem;

#[tokio::test]
async fn three_months_are_three_contributions_of_one_subscription() {
    let life = Life::set().await;
    let first = life.subscribes(2_500).await;
    for months in 2..=3 {
        life.next_month().await;
        life.has_given(months, 2_500 * i64::try_from(months).unwrap())
            .await;
    }
    let mine = life.seen(MINE).await;
    for contribution in mine["data"].as_array().unwrap() {
        assert_eq!(contribution["status"], "completed");
        assert_eq!(contribution["is_recurring"], true);
        assert_eq!(contribution["subscription_ulid"], first.ulid.as_str());
    }
    assert_eq!(mine["data"][2]["ulid"], first.ulid.as_str());
    assert_eq!(mine["badge_level"], "bronze");
    let end = jiff::Timestamp::from_second(life.period_end().await)
        .unwrap()
        .to_string();
    let seen = life
        .becomes(SUBSCRIPTION, |seen| {
            seen["current_period_end"] == end.as_str()
        })
        .await;
    let said = [
        "ulid",
        "status",
        "amount_cents",
        "currency",
        "interval",
        "cancel_at",
        "ended_at",
    ];
    assert_eq!(
        said.map(|member| seen[member].clone()),
        [
            json!(first.ulid),
            json!("active"),
            json!(2_500),
            json!("USD"),
            json!("month"),
            Value::Null,
            Value::Null,
        ]
    );
    let supporter = life.wall("active").await["supporters"]["bronze"][0].clone();
    assert_eq!(
        (&supporter["name"], &supporter["monthly"]),
        (&json!("Alice Johnson"), &json!(true))
    );
    assert_eq!(life.wall("past").await["total_count"], 0);
    life.stage.delivered().await;
    life.all_is_booked().await;
}

#[tokio::test]
async fn a_month_that_the_card_does_not_pay_is_past_due_until_a_later_attempt_takes_it() {
    let life = Life::begun().await;
    life.card(FAILS_LATER).await;
    let at = life.next_month().await;
    life.becomes(SUBSCRIPTION, |seen| seen["status"] == "past_due")
        .await;
    life.stage.delivered().await;
    life.has_given(1, 2_500).await;
    life.card(PAYS).await;
    life.advance(at + 3 * DAY).await;
    life.becomes(SUBSCRIPTION, |seen| seen["status"] == "active")
        .await;
    life.has_given(2, 5_000).await;
    life.stage.delivered().await;
    life.all_is_booked().await;
}

#[tokio::test]
async fn a_month_that_is_never_paid_ends_it_and_the_wall_says_so() {
    let life = Life::begun().await;
    life.card(FAILS_LATER).await;
    let at = life.next_month().await;
    for days in [3, 8, 15] {
        life.advance(at + days * DAY).await;
    }
    let ended = life
        .becomes(SUBSCRIPTION, |seen| seen["status"] == "cancelled")
        .await;
    assert!(ended["ended_at"].is_string(), "{ended}");
    life.has_given(1, 2_500).await;
    assert_eq!(life.wall("active").await["total_count"], 0);
    let past = life.wall("past").await;
    assert_eq!(past["total_count"], 1);
    assert_eq!(life.wall("all").await["total_count"], 1);
    let refused = problem(life.stage.gateway.get("/api/v1/supporters?support=some")).await;
    assert_eq!(refused["errors"][0]["field"], "support");
}

#[tokio::test]
async fn a_month_that_is_given_back_counts_no_more_and_the_next_one_does() {
    let life = Life::begun().await;
    life.next_month().await;
    life.has_given(2, 5_000).await;
    life.refunds(&life.newest_intent().await, json!({})).await;
    let mine = life.has_given(2, 2_500).await;
    assert_eq!(mine["data"][0]["status"], "refunded");
    life.next_month().await;
    life.has_given(3, 5_000).await;
    let badge = life
        .seen(&format!("/api/v1/supporters/demo/{GIVER}/badge"))
        .await;
    assert_eq!(badge["total_cents"], 5_000);
}

#[tokio::test]
async fn an_attempt_that_is_declined_counts_and_its_page_can_be_paid_all_the_same() {
    let life = Life::set().await;
    let page = life.at_page(&monthly(2_500)).await;
    life.does(&page, "decline").await;
    life.stage.delivered().await;
    let mut owner = life.stage.database.connect_as_owner().await;
    let declines: i64 = sqlx::query_scalar("select count(*) from payment_decline")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(declines, 1);
    assert_eq!(problem(life.get(SUBSCRIPTION)).await["status"], 404);
    life.pays(&page).await;
    life.has_given(1, 2_500).await;
    life.stage.delivered().await;
    life.all_is_booked().await;
}

#[tokio::test]
async fn a_page_that_ends_unpaid_begins_nothing() {
    let life = Life::set().await;
    let page = life.at_page(&monthly(2_500)).await;
    for action in ["decline", "expire"] {
        life.does(&page, action).await;
    }
    life.becomes(MINE, |mine| mine["data"][0]["status"] == "failed")
        .await;
    assert_eq!(problem(life.get(SUBSCRIPTION)).await["status"], 404);
    life.stage.delivered().await;
    life.all_is_booked().await;
    life.subscribes(2_500).await;
}

#[tokio::test]
async fn stripe_is_told_whose_it_is_and_nothing_of_a_person() {
    let life = Life::begun().await;
    let subscription = life.subscription().await;
    let names: Vec<&String> = subscription["metadata"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["account_id", "payment_id"]);
    let price = &subscription["items"]["data"][0]["price"];
    assert_eq!(price["recurring"]["interval"], "month");
    assert!(text(&subscription["customer"]).starts_with("cus_"));
}
