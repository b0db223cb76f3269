//! What Stripe tells us: once, twice, late, in any order, wrongly, or not at all Stripe.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sqlx::Connection;
use tokio::task::JoinSet;

use super::stage::{Begun, Stage, good, signature};
use crate::gateway::{Gateway, config, nobody, problem, sent};

/// A success of the payment as Stripe would tell it, under this event id.
fn success(event_id: &str, begun: &Begun, amount: i64) -> String {
    json!({
        "id": event_id, "object": "event", "api_version": "2026-09-30.endive",
        "created": Timestamp::now().as_second(), "livemode": false,
        "type": "payment_intent.succeeded",
        "data": {"object": {
            "id": begun.reference, "object": "payment_intent", "amount": amount,
            "amount_received": amount, "currency": "usd", "status": "succeeded", "livemode": false,
            "metadata": {"payment_id": begun.payment_id},
        }},
    })
    .to_string()
}

#[tokio::test]
async fn what_is_not_signed_by_stripe_is_refused_and_stored_nowhere() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.delivered().await;
    let stored = stage.events().await.len();
    let body = success("evt_forged", &begun, 2500);
    let now = Timestamp::now().as_second();
    let secret = "whsec_of_the_tests";
    for (header, code) in [
        (
            signature("whsec_other", now, &body),
            "WEBHOOK_SIGNATURE_INVALID",
        ),
        (signature(secret, now, "{}"), "WEBHOOK_SIGNATURE_INVALID"),
        (format!("t={now}"), "WEBHOOK_SIGNATURE_INVALID"),
        (
            signature(secret, now - 310, &body),
            "WEBHOOK_TIMESTAMP_OUT_OF_RANGE",
        ),
        (
            signature(secret, now + 310, &body),
            "WEBHOOK_TIMESTAMP_OUT_OF_RANGE",
        ),
    ] {
        let problem = problem(stage.signed(&body, &header)).await;
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(400), &json!(code))
        );
    }
    let unsigned = stage
        .gateway
        .request(reqwest::Method::POST, "/webhooks/stripe")
        .body(body);
    assert_eq!(problem(unsigned).await["code"], "WEBHOOK_SIGNATURE_INVALID");
    let large = stage.webhook(&"x".repeat(1024 * 1024 + 1));
    assert_eq!(problem(large).await["status"], 413);
    assert_eq!(stage.events().await.len(), stored);
    assert_eq!(stage.balance("u").await, "0");
}

#[tokio::test]
async fn whatever_is_authentic_is_stored_and_answered_well() {
    let stage = Stage::start().await;
    let unknown = Begun {
        payment_id: "somebody-else".to_owned(),
        reference: "pi_of_somebody".to_owned(),
    };
    let long = format!("evt_{}", "x".repeat(300));
    let bodies = [
        (
            "ignored",
            json!({"id": "evt_1", "object": "event", "type": "never.heard.of"}).to_string(),
        ),
        (
            "ignored",
            json!({"id": "evt_2", "object": "v2.core.event", "type": "v1.payment_intent.succeeded",
                "created": "2026-11-21T09:00:00Z"})
            .to_string(),
        ),
        ("unmatched", success("evt_3", &unknown, 2500)),
        (
            "unreadable",
            json!({"id": "evt_4", "type": "payment_intent.succeeded"}).to_string(),
        ),
        ("unreadable", "not JSON\u{0}".to_owned()),
        ("unreadable", "[1]".to_owned()),
        (
            "ignored",
            json!({"id": long, "type": "x".repeat(500), "account": "é\u{0}"}).to_string(),
        ),
        (
            "ignored",
            json!({"id": "evt_5", "type": "a\u{0}b"}).to_string(),
        ),
        ("unreadable", success("evt_6", &unknown, -1)),
        (
            "ignored",
            format!("{{\"pad\": \"{}\"}}", "x".repeat(1024 * 1024 - 11)),
        ),
    ];
    let mut expected = Vec::new();
    for (outcome, body) in bodies {
        assert_eq!(
            good(stage.webhook(&body)).await,
            json!({"received": true}),
            "{outcome}"
        );
        expected.push(outcome);
    }
    let outcomes: Vec<_> = stage
        .events()
        .await
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn the_path_of_the_sponsorship_api_receives_the_same() {
    let stage = Stage::start().await;
    let other_path = stage
        .gateway
        .request(reqwest::Method::POST, "/api/v1/stripe/webhook");
    let body = json!({"id": "evt_7", "type": "x"}).to_string();
    let header = signature("whsec_of_the_tests", Timestamp::now().as_second(), &body);
    good(other_path.header("stripe-signature", header).body(body)).await;
    assert_eq!(stage.events().await.len(), 1);
}

#[tokio::test]
async fn a_thousand_deliveries_at_once_over_two_gateways_are_one_credit() {
    let stage = Stage::start().await;
    let second = Gateway::start(stage.config(&[])).await;
    let begun = stage.begun("u").await;
    let body = success("evt_1", &begun, 2500);
    let mut deliveries = JoinSet::new();
    for number in 0..1_000 {
        let gateway = if number % 2 == 0 {
            &stage.gateway
        } else {
            &second
        };
        let now = Timestamp::now().as_second();
        let request = gateway
            .request(reqwest::Method::POST, "/webhooks/stripe")
            .header(
                "stripe-signature",
                signature("whsec_of_the_tests", now, &body),
            )
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

/// Sent again where it is put off, as Stripe does.
async fn deliver(request: RequestBuilder) {
    loop {
        let status = sent(request.try_clone().unwrap()).await.status();
        if status == 200 {
            return;
        }
        assert_eq!(status, 503);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn webhooks_that_wait_keep_no_other_request_out() {
    let stage = Stage::start_with(&["--max-requests=4"]).await;
    let begun = stage.begun("u").await;
    stage.delivered().await;
    let mut session = stage.database.connect_as_owner().await;
    let mut transaction = session.begin().await.unwrap();
    sqlx::query("lock table provider_event in exclusive mode")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let mut deliveries = JoinSet::new();
    for number in 0..40 {
        let body = success(&format!("evt_{number}"), &begun, 2500);
        deliveries.spawn(deliver(stage.webhook(&body)));
    }
    stage.database_waits().await;
    // None of them can be answered.
    for _ in 0..100 {
        assert_eq!(stage.balance("u").await, "0");
    }
    transaction.rollback().await.unwrap();
    deliveries.join_all().await;
    assert_eq!(stage.balance("u").await, "25");
    let stored = stage.events().await;
    for number in 0..40 {
        let id = format!("evt_{number}");
        assert!(stored.iter().any(|(stored, _)| *stored == id), "{id}");
    }
}

#[tokio::test]
async fn events_that_come_doubled_and_in_reverse_are_one_credit() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let mode = json!({"withhold": true, "reverse": true, "copies": 3});
    stage.control("mode", mode).await;
    let decline = format!("payments/{}/decline", begun.reference);
    stage.control(&decline, json!({})).await;
    stage.pay(&begun.reference).await;
    assert_eq!(stage.balance("u").await, "0");
    stage.control("release", json!({})).await;
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    assert_eq!(
        stage.history("u").await,
        [("topup".to_owned(), "25".to_owned())]
    );
    assert_eq!(
        stage.status("u", &begun.payment_id).await["status"],
        "succeeded"
    );
}

#[tokio::test]
async fn what_contradicts_the_record_credits_nothing() {
    for oddity in ["other_amount", "other_currency", "livemode"] {
        let stage = Stage::start().await;
        let begun = stage.begun("u").await;
        stage.delivered().await;
        stage.control("faults", json!({"fault": oddity})).await;
        stage.pay(&begun.reference).await;
        stage.delivered().await;
        let events = stage.events().await;
        let contradictions = events
            .iter()
            .filter(|(_, outcome)| outcome == "contradiction");
        assert_eq!(contradictions.count(), 1, "{oddity}: {events:?}");
        assert_eq!(stage.balance("u").await, "0", "{oddity}");
    }
}

#[tokio::test]
async fn less_than_ordered_is_credited_as_far_as_it_goes_and_shown() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    stage.delivered().await;
    let short = success("evt_1", &begun, 2500)
        .replace(r#""amount_received":2500"#, r#""amount_received":1234"#);
    good(stage.webhook(&short)).await;
    assert_eq!(stage.balance("u").await, "12.34");
    let status = stage.status("u", &begun.payment_id).await;
    assert_eq!(
        (&status["status"], &status["amount"], &status["received"]),
        (&json!("succeeded"), &json!(25), &json!(12.34))
    );
    assert_eq!(
        stage.events().await.last(),
        Some(&("evt_1".to_owned(), "contradiction".to_owned()))
    );
    // No more than that is given back.
    let over = json!({"amount_usd": 12.35, "reason": "asked for"});
    let refused = problem(stage.refund(&begun.payment_id, &over, "1")).await;
    assert_eq!(refused["code"], "REFUND_EXCEEDS_PAYMENT");
}

#[tokio::test]
async fn events_of_other_versions_are_read_or_kept() {
    for (oddity, balance) in [
        ("old_shape", "25"),
        ("thin", "0"),
        ("null_object", "0"),
        ("foreign", "0"),
    ] {
        let stage = Stage::start().await;
        let begun = stage.begun("u").await;
        stage.control("faults", json!({"fault": oddity})).await;
        stage.pay(&begun.reference).await;
        stage.delivered().await;
        assert_eq!(stage.balance("u").await, balance, "{oddity}");
        // What the event did not say, Stripe says when it is asked.
        let since = Timestamp::now() - jiff::SignedDuration::from_hours(1);
        let tally = billing_gateway::reconcile(&stage.config(&[]), since)
            .await
            .unwrap();
        assert!(tally.is_good(), "{oddity}: {tally}");
        assert_eq!(stage.balance("u").await, "25", "{oddity}");
    }
}

#[tokio::test]
async fn a_provider_is_asked_to_come_again_while_the_core_is_away() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    let flags = [
        "--stripe-secret-key=sk_test_1",
        "--stripe-webhook-secret=whsec_old whsec_of_the_tests",
    ];
    let without_core = Gateway::start(config(&nobody().await, "unused", &flags)).await;
    let body = success("evt_1", &begun, 2500);
    let header = signature("whsec_of_the_tests", Timestamp::now().as_second(), &body);
    let request = without_core
        .request(reqwest::Method::POST, "/webhooks/stripe")
        .header("stripe-signature", header)
        .body(body.clone());
    let refused = problem(request).await;
    assert_eq!(refused["status"], 503);
    assert_eq!(refused["code"], "BILLING_UNAVAILABLE");
    good(stage.webhook(&body)).await;
    assert_eq!(stage.balance("u").await, "25");
}

#[tokio::test]
async fn what_could_not_be_applied_is_applied_when_it_is_replayed() {
    let stage = Stage::start().await;
    let begun = stage.begun("u").await;
    // Stripe tells of the payment by a name that is attached only later.
    let early = Begun {
        payment_id: String::new(),
        reference: "pi_attached_later".to_owned(),
    };
    good(stage.webhook(&success("evt_early", &early, 2500))).await;
    assert_eq!(stage.balance("u").await, "0");
    let attach = billing_proto::v1::AttachProviderReferenceRequest {
        payment_id: begun.payment_id,
        provider_reference: early.reference,
        customer_reference: String::new(),
        ..Default::default()
    };
    stage
        .core
        .payments()
        .attach_provider_reference(attach)
        .await
        .unwrap();
    let config = stage.config(&[]);
    let tally = billing_gateway::replay(&config, None).await.unwrap();
    assert_eq!((tally.looked_at, tally.applied), (1, 1), "{tally}");
    assert!(tally.is_good());
    assert_eq!(stage.balance("u").await, "25");
    let again = billing_gateway::replay(&config, None).await.unwrap();
    assert_eq!(again.looked_at, 0, "{again}");
    let stored: Vec<Value> = stage
        .events()
        .await
        .into_iter()
        .map(|(id, _)| json!(id))
        .collect();
    assert!(stored.contains(&json!("evt_early")));
}

#[tokio::test]
async fn a_success_is_credited_whatever_stands_in_the_members_that_nobody_needs() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let nested = format!("{}{}", "[".repeat(130), "]".repeat(130));
    let metadata = |extra: &str| format!("\"metadata\":{{{extra},");
    for (user, mark, extra) in [
        ("a", "\u{feff}", r#""x":1"#.to_owned()),
        ("b", "", r#""name":"\ud800""#.to_owned()),
        ("c", "", format!("\"deep\":{nested}")),
    ] {
        let begun = stage.begun(user).await;
        let body = success(&format!("evt_{user}"), &begun, 2500);
        assert!(body.contains("\"metadata\":{") && body.contains(":2500,"));
        let body = body
            .replace("\"metadata\":{", &metadata(&extra))
            .replace(":2500,", ":2500.0,");
        good(stage.webhook(&format!("{mark}{body}"))).await;
        assert_eq!(stage.balance(user).await, "25", "{body}");
    }
}
