//! How a subscription goes on: paid by the card, or failing.

use http::StatusCode;
use serde_json::{Value, json};

use super::life::{DAY, HOUR, Life, MONTHLY, hold_clock, period, second, text};
use crate::stage::Stage;

#[tokio::test]
async fn a_renewal_is_a_draft_for_an_hour_and_then_is_paid() {
    let life = Life::begin().await;
    let (start, end) = period(&life.found().await);
    assert_eq!(end, second("2027-02-28T10:00:00Z"));
    let told = life.advance(end).await;
    assert_eq!(told, ["invoice.created", "customer.subscription.updated"]);
    let draft = life.invoices().await.remove(0);
    assert_eq!(
        (&draft["status"], &draft["billing_reason"]),
        (&json!("draft"), &json!("subscription_cycle"))
    );
    assert_eq!(draft["automatically_finalizes_at"], end + HOUR);
    // The period in which it grew, not the one that it pays for.
    assert_eq!(
        (&draft["period_start"], &draft["period_end"]),
        (&json!(start), &json!(end))
    );
    assert_eq!(draft["lines"]["data"][0]["period"]["start"], end);
    let told = life.advance(end + HOUR).await;
    let expected = [
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ];
    assert_eq!(told, expected);
    let paid = life.invoices().await.remove(0);
    assert_eq!(
        (&paid["id"], &paid["status"]),
        (&draft["id"], &json!("paid"))
    );
    assert_eq!(paid["status_transitions"]["paid_at"], end + HOUR);
    assert_eq!(life.found().await["latest_invoice"], draft["id"]);
}

#[tokio::test]
async fn two_years_of_renewals_are_each_paid_once_and_keep_to_the_31st() {
    let life = Life::begin().await;
    let mut ends = Vec::new();
    for _ in 0..24 {
        let end = life.period_end().await;
        ends.push(end);
        let told = life.advance(end + HOUR).await;
        assert_eq!(
            told.iter().filter(|kind| *kind == "invoice.paid").count(),
            1
        );
    }
    let expected = ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"];
    let expected = expected.map(|day| second(&format!("{day}T10:00:00Z")));
    assert_eq!(ends[..4], expected);
    assert_eq!(
        ends[12..14],
        ["2028-02-29", "2028-03-31"].map(|day| second(&format!("{day}T10:00:00Z")))
    );
    let invoices = life.invoices().await;
    assert_eq!(invoices.len(), 25);
    assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"));
    assert_eq!(
        invoices[0]["number"]
            .as_str()
            .unwrap()
            .split_once('-')
            .unwrap()
            .1,
        "0025"
    );
    let starts = invoices
        .iter()
        .rev()
        .map(|invoice| &invoice["lines"]["data"][0]["period"]["start"]);
    let starts: Vec<i64> = starts.map(|start| start.as_i64().unwrap()).collect();
    assert_eq!(starts[1..], ends);
}

#[tokio::test]
async fn a_card_that_fails_is_tried_after_3_5_and_7_days_and_then_the_subscription_ends() {
    let life = Life::begin().await;
    life.card("4000000000000341").await;
    let mut at = life.period_end().await + HOUR;
    let mut told = life.advance(at).await;
    for (attempts, days) in [(1, 3), (2, 5), (3, 7)] {
        assert!(
            told.contains(&"invoice.payment_failed".to_owned()),
            "{told:?}"
        );
        let became_past_due = told.last().unwrap() == "customer.subscription.updated";
        assert_eq!(became_past_due, attempts == 1, "{told:?}");
        let invoice = life.invoices().await.remove(0);
        assert_eq!(
            (&invoice["status"], &invoice["attempt_count"]),
            (&json!("open"), &json!(attempts))
        );
        assert_eq!(invoice["next_payment_attempt"], at + days * DAY);
        assert_eq!(life.found().await["status"], "past_due");
        at += days * DAY;
        assert!(life.advance(at - 1).await.is_empty());
        told = life.advance(at).await;
    }
    let ending = [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.deleted",
    ];
    assert_eq!(told, ending);
    let ended = life.found().await;
    assert_eq!(
        (&ended["status"], &ended["ended_at"]),
        (&json!("canceled"), &json!(at))
    );
    assert_eq!(ended["cancellation_details"]["reason"], "payment_failed");
    let invoice = life.invoices().await.remove(0);
    assert_eq!(
        (&invoice["status"], &invoice["next_payment_attempt"]),
        (&json!("open"), &Value::Null)
    );
    assert!(life.advance(at + 50 * DAY).await.is_empty());
    let listed = life
        .stage
        .get(&format!("subscriptions?customer={}", life.customer))
        .await;
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_new_card_in_the_portal_brings_a_failing_subscription_back() {
    let life = Life::begin().await;
    let first = life.found().await["default_payment_method"].clone();
    life.card("4000000000000341").await;
    let at = life.period_end().await + HOUR;
    life.advance(at).await;
    let portal = life.portal().await;
    let refused = format!(
        "{}/sandbox/customers/{}/card",
        life.stage.sandbox.url(),
        life.customer
    );
    let declined = json!({ "card": "4000000000000002" });
    let answer = life
        .stage
        .http
        .post(refused)
        .json(&declined)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED, "{portal}");
    let changed = life.press_in_portal("Pay with this card").await;
    assert_eq!(changed["status"], "past_due");
    assert_ne!(changed["default_payment_method"], first);
    let told = life.advance(at + 3 * DAY).await;
    assert_eq!(told.last().unwrap(), "customer.subscription.updated");
    assert_eq!(life.found().await["status"], "active");
    assert_eq!(life.invoices().await[0]["attempt_count"], 2);
    // Or they need not wait for it.
    life.card("4000000000000341").await;
    let at = life.period_end().await + HOUR;
    life.advance(at).await;
    life.press_in_portal("Pay with this card").await;
    assert_eq!(life.press_in_portal("Pay now").await["status"], "active");
    assert!(
        life.advance(at + 3 * DAY)
            .await
            .iter()
            .all(|kind| !kind.starts_with("invoice"))
    );
}

#[tokio::test]
async fn an_authentication_that_renewals_need_is_given_once_or_missed_each_time() {
    for (card, status) in [
        ("4000002500003155", "active"),
        ("4000000000003220", "past_due"),
    ] {
        let stage = Stage::open().await;
        let clock = hold_clock(&stage, "2027-03-15T00:00:00Z").await;
        let (_, session) = stage.post("checkout/sessions", &MONTHLY).await;
        let id = text(&session["id"]);
        stage
            .control(&format!("sessions/{id}/pay"), json!({ "card": card }))
            .await;
        let session = stage
            .control(&format!("sessions/{id}/authenticate"), json!({}))
            .await;
        let (subscription, customer) = (text(&session["subscription"]), text(&session["customer"]));
        let life = Life {
            stage,
            clock,
            subscription,
            customer,
        };
        let end = life.period_end().await;
        let told = life.advance(end + HOUR).await;
        let asked = told.contains(&"invoice.payment_action_required".to_owned());
        assert_eq!(
            (life.found().await["status"].as_str().unwrap(), asked),
            (status, status == "past_due")
        );
    }
}

#[tokio::test]
async fn an_invoice_that_is_given_up_is_owed_no_more() {
    for (action, status) in [("void", "void"), ("mark_uncollectible", "uncollectible")] {
        let life = Life::begin().await;
        life.card("4000000000000341").await;
        let at = life.period_end().await + HOUR;
        life.advance(at).await;
        let invoice = text(&life.found().await["latest_invoice"]);
        let (code, _) = life
            .stage
            .post(&format!("invoices/{invoice}/pay"), &[])
            .await;
        assert_eq!(code, StatusCode::PAYMENT_REQUIRED);
        let (code, given_up) = life
            .stage
            .post(&format!("invoices/{invoice}/{action}"), &[])
            .await;
        assert_eq!(
            (code, &given_up["status"]),
            (StatusCode::OK, &json!(status))
        );
        // A person's attempt does not move the schedule.
        assert_eq!(given_up["attempt_count"], 1);
        assert_eq!(life.found().await["status"], "active");
        assert!(life.advance(at + 20 * DAY).await.is_empty());
    }
}
