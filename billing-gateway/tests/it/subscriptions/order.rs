//! Webhooks that are lost, come twice, or overtake each other.

use billing_gateway::Tally;
use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::life::{DAY, FAILS_LATER, FLAGS, Life, MINE, PAYS, SUBSCRIPTION, monthly};
use crate::gateway::Gateway;

const DUE: &str = "update payment set next_check_at = clock_timestamp(), leased_until = null
    where subscription_id = payment_id";

impl Life {
    async fn reconciled(&self) -> Tally {
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        let config = self.stage.config(&FLAGS);
        billing_gateway::reconcile(&config, since).await.unwrap()
    }

    /// All that was withheld comes after all, and changes nothing.
    async fn comes_late(&self, before: &Value) {
        self.stage.control("release", json!({})).await;
        self.stage.delivered().await;
        assert_eq!(self.seen(MINE).await, *before);
        self.all_is_booked().await;
    }
}

#[tokio::test]
async fn months_of_which_no_webhook_comes_are_found_when_they_are_due() {
    let life = Life::set().await;
    life.withhold().await;
    let page = life.at_page(&monthly(2_500)).await;
    life.pays(&page).await;
    assert_eq!(life.seen(MINE).await["data"][0]["status"], "pending");
    let tally = life.reconciled().await;
    assert!(tally.is_good(), "{tally}");
    assert_eq!(life.seen(SUBSCRIPTION).await["status"], "active");
    life.has_given(1, 2_500).await;
    for _ in 0..2 {
        life.next_month().await;
    }
    life.stage.sql(DUE).await;
    let flags = [&FLAGS[..], &["--reconcile-secs=1"]].concat();
    let _gateway = Gateway::start(life.stage.config(&flags)).await;
    let mine = life.has_given(3, 7_500).await;
    // The last word of the same asking: until it is applied, one that is due by now is not asked about again.
    let end = Timestamp::from_second(life.period_end().await).unwrap();
    let end = end.to_string();
    life.becomes(SUBSCRIPTION, |seen| {
        seen["current_period_end"] == end.as_str()
    })
    .await;
    life.in_portal("cancel_now").await;
    life.stage.sql(DUE).await;
    life.becomes(SUBSCRIPTION, |seen| seen["status"] == "cancelled")
        .await;
    life.comes_late(&mine).await;
}

#[tokio::test]
async fn a_page_that_is_paid_unheard_after_an_attempt_was_declined_is_the_subscription() {
    let life = Life::set().await;
    let page = life.at_page(&monthly(2_500)).await;
    life.does(&page, "decline").await;
    life.stage.delivered().await;
    life.withhold().await;
    life.pays(&page).await;
    let tally = life.reconciled().await;
    assert!(tally.is_good(), "{tally}");
    assert_eq!(life.seen(SUBSCRIPTION).await["status"], "active");
    let mine = life.has_given(1, 2_500).await;
    life.comes_late(&mine).await;
}

#[tokio::test]
async fn the_operators_run_finds_the_months_and_what_was_taken_back_of_them() {
    let life = Life::begun().await;
    life.stage.delivered().await;
    life.withhold().await;
    life.next_month().await;
    let intent = life.newest_intent().await;
    life.stage.sql(DUE).await;
    life.reconciled().await;
    life.has_given(2, 5_000).await;
    life.refunds(&intent, json!({"amount": 1_000})).await;
    life.stage
        .sql("update payment set leased_until = null")
        .await;
    let tally = life.reconciled().await;
    assert!(tally.is_good(), "{tally}");
    let mine = life.has_given(2, 4_000).await;
    life.comes_late(&mine).await;
}

#[tokio::test]
async fn what_is_taken_back_before_its_payment_is_known_is_booked_at_once() {
    for (action, kind, left) in [
        ("refund", "refund.created", 4_000),
        ("dispute", "charge.dispute.funds_withdrawn", 2_500),
    ] {
        let life = Life::begun().await;
        life.stage.delivered().await;
        life.withhold().await;
        life.next_month().await;
        let path = format!("payments/{}/{action}", life.newest_intent().await);
        let fields = match action {
            "refund" => json!({"amount": 1_000}),
            _ => json!({}),
        };
        life.stage.control(&path, fields).await;
        life.deliver_all_of(kind).await;
        let mine = life.has_given(2, left).await;
        life.comes_late(&mine).await;
    }
}

#[tokio::test]
async fn the_first_month_too_may_be_given_back_before_it_is_known_to_be_paid() {
    let life = Life::set().await;
    life.withhold().await;
    let page = life.at_page(&monthly(2_500)).await;
    life.pays(&page).await;
    life.refunds(&life.newest_intent().await, json!({})).await;
    life.deliver_all_of("refund.created").await;
    let mine = life.has_given(1, 0).await;
    assert_eq!(mine["data"][0]["status"], "refunded");
    life.comes_late(&mine).await;
}

#[tokio::test]
async fn a_month_is_known_by_its_payment_where_its_invoice_was_not_told_of() {
    let life = Life::begun().await;
    life.stage.delivered().await;
    life.withhold().await;
    life.next_month().await;
    life.deliver_all_of("payment_intent.succeeded").await;
    let mine = life.has_given(2, 5_000).await;
    life.comes_late(&mine).await;
}

#[tokio::test]
async fn in_whatever_order_its_webhooks_come_and_how_often_it_ends_at_the_same() {
    for seed in 0..3 {
        let life = Life::set().await;
        life.withhold().await;
        let page = life.at_page(&monthly(2_500)).await;
        life.pays(&page).await;
        life.next_month().await;
        life.card(FAILS_LATER).await;
        let at = life.next_month().await;
        life.in_portal("cancel").await;
        life.card(PAYS).await;
        life.advance(at + 3 * DAY).await;
        life.refunds(&life.newest_intent().await, json!({"amount": 500}))
            .await;
        life.deliver_shuffled(&mut StdRng::seed_from_u64(seed))
            .await;
        let mine = life.seen(MINE).await;
        let sums = [&mine["total"], &mine["total_cents"]];
        assert_eq!(sums, [&json!(3), &json!(7_000)], "seed {seed}: {mine}");
        let seen = life.seen(SUBSCRIPTION).await;
        assert_eq!(seen["status"], "active", "seed {seed}: {seen}");
        assert_eq!(seen["cancel_at"], seen["current_period_end"], "seed {seed}");
        life.all_is_booked().await;
    }
}

#[tokio::test]
async fn while_stripe_cannot_be_asked_nothing_is_believed_and_all_of_it_comes_again() {
    let life = Life::begun().await;
    life.stage.delivered().await;
    let fault = json!({"fault": "bad_gateway", "request": "retrieve", "times": 9999});
    life.stage.control("faults", fault).await;
    // What the test asks of Stripe itself fails too.
    life.stage.control("clock/advance", json!({})).await;
    life.stage.control("clock/advance", json!({})).await;
    life.has_given(1, 2_500).await;
    life.stage.control("faults/forget", json!({})).await;
    life.has_given(2, 5_000).await;
    life.stage.delivered().await;
    life.all_is_booked().await;
}
