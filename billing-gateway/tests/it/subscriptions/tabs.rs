//! A giver who begins more than one thing.

use serde_json::json;

use super::life::{Begun, Life, MINE, SUBSCRIPTION, monthly, once};
use crate::gateway::{problem, sent};
use crate::stage::good;

#[tokio::test]
async fn who_gives_monthly_begins_no_second_subscription_and_is_told_which_one_it_is() {
    let life = Life::set().await;
    let first = life.subscribes(2_500).await;
    for cents in [2_500, 5_000] {
        let refused = problem(life.checkout(&monthly(cents))).await;
        assert_eq!(refused["status"], 409);
        assert_eq!(refused["code"], "SUBSCRIPTION_EXISTS");
        assert_eq!(refused["subscription_ulid"], first.ulid.as_str());
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("cancel"), "{message}");
    }
    // Once is always welcome.
    let gift = life.at_page(&once(5_000)).await;
    life.pays(&gift).await;
    let mine = life.has_given(2, 7_500).await;
    let recurring = [0_usize, 1].map(|place| mine["data"][place]["is_recurring"].clone());
    assert_eq!(recurring, [json!(false), json!(true)]);
    good(life.cancel(&json!({"at_period_end": false}))).await;
    life.subscribes(5_000).await;
}

#[tokio::test]
async fn of_two_tabs_that_begin_a_subscription_one_can_be_paid() {
    let life = Life::set().await;
    let tab = async || Begun::of(&good(life.checkout(&monthly(2_500))).await);
    let (one, same) = tokio::join!(tab(), tab());
    assert_eq!(one, same);
    let other = life.at_page(&monthly(5_000)).await;
    assert!(!life.may_pay(&one).await);
    life.pays(&other).await;
    life.becomes(SUBSCRIPTION, |seen| seen["amount_cents"] == 5_000)
        .await;
    let single = life.at_page(&once(2_500)).await;
    assert!(life.may_pay(&single).await);
    life.becomes(MINE, |mine| mine["total_cents"] == 7_500)
        .await;
    life.stage.delivered().await;
    life.all_is_booked().await;
}

#[tokio::test]
async fn a_page_on_which_an_attempt_was_declined_is_ended_by_what_is_begun_after_it() {
    let life = Life::set().await;
    let first = life.at_page(&monthly(2_500)).await;
    life.does(&first, "decline").await;
    life.stage.delivered().await;
    let second = life.at_page(&monthly(5_000)).await;
    assert!(!life.may_pay(&first).await);
    life.pays(&second).await;
    life.becomes(SUBSCRIPTION, |seen| seen["amount_cents"] == 5_000)
        .await;
    life.stage.delivered().await;
    life.all_is_booked().await;
}

#[tokio::test]
async fn monthly_and_once_end_each_others_open_page() {
    let life = Life::set().await;
    let first = life.at_page(&monthly(2_500)).await;
    let second = life.at_page(&once(2_500)).await;
    assert_ne!(first.ulid, second.ulid);
    assert!(!life.may_pay(&first).await);
    let third = life.at_page(&monthly(2_500)).await;
    assert!(!life.may_pay(&second).await);
    assert!(life.may_pay(&third).await);
    life.becomes(SUBSCRIPTION, |seen| seen["ulid"] == third.ulid.as_str())
        .await;
}

#[tokio::test]
async fn a_page_that_was_paid_unheard_is_the_subscription_and_no_second_one_is_begun() {
    let life = Life::set().await;
    life.withhold().await;
    let first = life.at_page(&monthly(2_500)).await;
    life.pays(&first).await;
    for cents in [5_000, 2_500] {
        let refused = problem(life.checkout(&monthly(cents))).await;
        assert_eq!(refused["code"], "SUBSCRIPTION_EXISTS", "{refused}");
        assert_eq!(refused["subscription_ulid"], first.ulid.as_str());
    }
    assert_eq!(life.seen(SUBSCRIPTION).await["status"], "active");
    // Of the page that was refused nothing is left that could be paid.
    let open = life.stripe("checkout/sessions?status=open&limit=10").await;
    assert_eq!(open["data"], json!([]));
    life.stage.control("release", json!({})).await;
    life.stage.delivered().await;
    life.all_is_booked().await;
    assert_eq!(life.seen(MINE).await["total_cents"], 2_500);
}

#[tokio::test]
async fn whatever_tabs_begin_at_once_one_subscription_is_paid_at_most() {
    let life = Life::set().await;
    let tab = async |cents| sent(life.checkout(&monthly(cents))).await;
    let tabs: [_; 3] = tokio::join!(tab(2_500), tab(5_000), tab(7_500)).into();
    for answer in tabs {
        assert!([200, 409].contains(&answer.status().as_u16()));
    }
    let open = life.stripe("checkout/sessions?status=open&limit=10").await;
    let open = open["data"].as_array().unwrap().len();
    assert!(open <= 1, "{open}");
}
