//! What Fondy tells us: once, twice, late, wrongly, or not at all Fondy.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::said::{said, signed};
use super::stage::{Stage, good};
use crate::gateway::{Gateway, config, nobody, problem, sent};

/// As long as an MD5, with which Fondy does not sign.
const MD5: &str = "e61485e797415bbc9386258a5f783476";

#[tokio::test]
async fn what_is_not_signed_by_fondy_is_refused_and_stored_nowhere() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    let stored = stage.outcomes().await;
    let honest = signed(said(&begun.id, "approved", 100_000));
    let with = |name: &str, value: Value| {
        let mut body = honest.clone();
        body[name] = value;
        body
    };
    for body in [
        said(&begun.id, "approved", 100_000),
        with("signature", json!("")),
        with("signature", json!(MD5)),
        with(
            "signature",
            json!(honest["signature"].as_str().unwrap().to_uppercase()),
        ),
        with("amount", json!("100001")),
        with("a_newer_field", json!("x")),
    ] {
        let refused = problem(stage.callback(&body)).await;
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(400), &json!("WEBHOOK_SIGNATURE_INVALID")),
            "{body}"
        );
    }
    for path in ["/webhooks/fondy", "/api/v1/fondy/webhook"] {
        let unsigned = stage.gateway.request(reqwest::Method::POST, path).body("{");
        assert_eq!(problem(unsigned).await["status"], 400, "{path}");
    }
    assert_eq!(stage.outcomes().await, stored);
}

#[tokio::test]
async fn md5_and_no_signature_of_fondys_own_are_refused_until_it_signs() {
    for oddity in ["md5_signature", "no_signature", "wrong_signature"] {
        let stage = Stage::start().await;
        let begun = stage.begun("u").await;
        let fault = json!({"fault": oddity, "event": "fondy.approved"});
        stage.control("faults", fault).await;
        stage.order(&begun.id, "pay").await;
        let is_refused = |one: &Value| one["attempts"].to_string().contains("400");
        stage.deliveries_become(is_refused).await;
        assert_eq!(stage.balance("u").await, "0", "{oddity}");
        assert_eq!(stage.outcomes().await.len(), 0, "{oddity}");
        // Money is not lost for it: Fondy says so when it is asked.
        assert!(stage.reconcile().await.is_good());
        assert_eq!(stage.balance("u").await, "25", "{oddity}");
    }
}

#[tokio::test]
async fn callbacks_come_as_json_and_as_forms_on_both_paths() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"form": true})).await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    let body = signed(said(&begun.id, "approved", 0));
    let again = stage
        .gateway
        .request(reqwest::Method::POST, "/api/v1/fondy/webhook")
        .header("content-type", "application/json")
        .body(body.to_string());
    assert_eq!(good(again).await, json!({"received": true}));
    assert_eq!(stage.history("u").await.len(), 1);
}

#[tokio::test]
async fn a_thousand_callbacks_at_once_over_two_gateways_are_one_credit() {
    let stage = Stage::start().await;
    let second = Gateway::start(stage.config(&[])).await;
    stage.control("mode", json!({"withhold": true})).await;
    let begun = stage.begun("u").await;
    stage.order(&begun.id, "pay").await;
    let body = signed(said(&begun.id, "approved", 0)).to_string();
    let mut deliveries = JoinSet::new();
    for number in 0..1_000 {
        let gateway = if number % 2 == 0 {
            &stage.gateway
        } else {
            &second
        };
        let request = gateway
            .request(reqwest::Method::POST, "/webhooks/fondy")
            .body(body.clone());
        deliveries.spawn(async move { sent(request).await.status() });
    }
    while let Some(status) = deliveries.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(stage.balance("u").await, "25");
    assert_eq!(
        stage.history("u").await,
        [("topup".to_owned(), "25".to_owned())]
    );
}

#[tokio::test]
async fn an_approval_that_fondy_does_not_confirm_credits_nothing_and_is_looked_at() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    for body in [
        said(&begun.id, "approved", 0),
        said(&begun.id, "approved", 5_000),
        said(&begun.id, "reversed", 100_000),
    ] {
        let answer = good(stage.callback(&signed(body))).await;
        assert_eq!(answer, json!({"received": true}));
    }
    assert_eq!(stage.outcomes().await, ["contradiction"; 3]);
    assert!(stage.needs_review(&begun.id).await);
    assert_eq!(stage.balance("u").await, "0");
    // It is paid after all: the true callback has the same id, and counts.
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn what_contradicts_fondy_or_the_record_credits_nothing() {
    for oddity in [
        "other_amount",
        "other_currency",
        "other_merchant",
        "unconfirmed",
    ] {
        let stage = Stage::start().await;
        let begun = stage.begun("u").await;
        let fault = json!({"fault": oddity, "event": "fondy.approved"});
        stage.control("faults", fault).await;
        stage.order(&begun.id, "pay").await;
        stage.delivered().await;
        assert_eq!(stage.outcomes().await, ["contradiction"], "{oddity}");
        assert!(stage.needs_review(&begun.id).await, "{oddity}");
        assert_eq!(stage.balance("u").await, "0", "{oddity}");
    }
}

#[tokio::test]
async fn less_than_ordered_is_credited_at_the_payments_rate_whoever_tells_it_first() {
    for withheld in [false, true] {
        let stage = Stage::start().await;
        let begun = stage.begun("u").await;
        stage.control("mode", json!({"withhold": withheld})).await;
        // A third of 1000 UAH, at 40 for a dollar.
        let path = format!("orders/{}/pay", begun.id);
        stage.control(&path, json!({"amount": 33_333})).await;
        if withheld {
            assert!(!stage.reconcile().await.is_good());
            assert_eq!(stage.balance("u").await, "8.33325");
            stage.control("mode", json!({"withhold": false})).await;
            stage.control("release", json!({})).await;
        }
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "8.33325");
        assert!(stage.needs_review(&begun.id).await);
        assert!(stage.outcomes().await.contains(&"contradiction".to_owned()));
        let status = stage.status("u", &begun.id).await;
        assert_eq!(
            (&status["amount"], &status["received"]),
            (&json!(1000), &json!(333.33))
        );
        // All that came goes back.
        stage.order(&begun.id, "reverse").await;
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, "0");
    }
}

#[tokio::test]
async fn whatever_else_is_authentic_is_stored_and_answered_with_200() {
    let stage = Stage::start().await;
    let mut unreadable = said("x", "approved", 0);
    unreadable["amount"] = json!("some");
    let mut nameless = said("", "approved", 0);
    nameless["a"] = json!("é\u{1}".repeat(1_000));
    for (body, outcome) in [
        (said("order-of-a-shop", "teleported", 0), "ignored"),
        (said("order-of-a-shop", "expired", 0), "unmatched"),
        (said("order-of-a-shop", "approved", 0), "contradiction"),
        (unreadable, "unreadable"),
        (nameless, "unreadable"),
    ] {
        let before = stage.outcomes().await.len();
        good(stage.callback(&signed(body))).await;
        let after = stage.outcomes().await;
        assert_eq!(after.len(), before + 1);
        assert_eq!(after.last().unwrap(), outcome);
    }
}

#[tokio::test]
async fn fondy_is_asked_to_come_again_while_it_cannot_be_asked_or_the_core_is_away() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    for fault in ["bad_gateway", "failure_body"] {
        let planned = json!({"fault": fault, "request": "fondy_status", "times": 2});
        stage.control("faults", planned).await;
        let body = signed(said(&begun.id, "approved", 0));
        let refused = problem(stage.callback(&body)).await;
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(503), &json!("BILLING_UNAVAILABLE")),
            "{fault}"
        );
        stage.control("faults/forget", json!({})).await;
    }
    assert_eq!(stage.outcomes().await.len(), 0);
    let flags = [
        "--fondy-merchant-id=1396424",
        "--fondy-secret-key=fondy_of_the_tests",
        "--backend-url=http://127.0.0.1:1",
    ];
    let without_core = Gateway::start(config(&nobody().await, "unused", &flags)).await;
    let declined = without_core
        .request(reqwest::Method::POST, "/webhooks/fondy")
        .body(signed(said(&begun.id, "declined", 0)).to_string());
    assert_eq!(problem(declined).await["status"], 503);
    // Fondy itself repeats until it is answered well.
    let planned = json!({"fault": "bad_gateway", "request": "fondy_status", "times": 4});
    stage.control("faults", planned).await;
    stage.order(&begun.id, "pay").await;
    stage.balance_becomes("u", "25").await;
}

#[tokio::test]
async fn what_was_only_recorded_is_booked_when_it_is_replayed() {
    let stage = Stage::start().await;
    let (paid, reversed) = (stage.begun("u").await, stage.begun("v").await);
    stage.switch("webhooks", false, "an incident").await;
    outcomes_become(&stage, "off", "recorded").await;
    for id in [&paid.id, &reversed.id] {
        stage.order(id, "pay").await;
    }
    let path = format!("orders/{}/reverse", reversed.id);
    stage.control(&path, json!({"amount": 40_000})).await;
    stage.delivered().await;
    let outcomes = stage.outcomes().await;
    let recorded = outcomes.iter().filter(|one| *one == "recorded");
    assert!(recorded.count() >= 4, "{outcomes:?}");
    assert!(!outcomes.contains(&"applied".to_owned()), "{outcomes:?}");
    assert_eq!(stage.balance("u").await, "0");
    stage.switch("webhooks", true, "it is over").await;
    outcomes_become(&stage, "on", "unmatched").await;
    let tally = billing_gateway::replay(&stage.config(&[]), None)
        .await
        .unwrap();
    assert!(tally.is_good() && tally.looked_at >= 3, "{tally}");
    assert_eq!(stage.balance("u").await, "25");
    assert_eq!(stage.balance("v").await, "15");
    let again = billing_gateway::replay(&stage.config(&[]), None)
        .await
        .unwrap();
    assert_eq!(again.applied, 0, "{again}");
    assert_eq!(stage.balance("v").await, "15");
}

/// Cores follow a switch within a second: until then callbacks of no payment of ours are sent.
async fn outcomes_become(stage: &Stage, run: &str, expected: &str) {
    let since = Instant::now();
    for number in 0.. {
        let probe = said(&format!("probe-{run}-{number}"), "expired", 0);
        good(stage.callback(&signed(probe))).await;
        if stage
            .outcomes()
            .await
            .last()
            .is_some_and(|one| one == expected)
        {
            return;
        }
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "never {expected}"
        );
    }
}

#[tokio::test]
async fn a_self_test_is_known_whatever_its_fields_are_called_and_holds_for_five_minutes() {
    let stage = Stage::start().await;
    let of = |secs_ago: i64, order: &str, mark: &str| {
        let made = Timestamp::now().as_second() - secs_ago;
        let mut body = said("", "created", 0);
        body[order] = json!(format!("self-test-{made}-0123456789abcdef"));
        body[mark] = json!("billing_gateway.self_test");
        signed(body)
    };
    for (order, mark) in [
        ("order_id", "self_test"),
        ("order_id", "self_tesu"),
        ("order_ie", "self_tesu"),
    ] {
        let answer = good(stage.callback(&of(0, order, mark))).await;
        assert!(answer["self_test"].is_object(), "{order} {mark}: {answer}");
        let late = problem(stage.callback(&of(301, order, mark))).await;
        assert_eq!(late["code"], "WEBHOOK_TIMESTAMP_OUT_OF_RANGE", "{late}");
    }
    let nameless = signed(said("self-test-0123456789abcdef", "created", 0));
    assert_eq!(problem(stage.callback(&nameless)).await["status"], 400);
    assert!(stage.outcomes().await.is_empty());
}
