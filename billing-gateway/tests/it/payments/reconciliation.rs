//! What no webhook told is asked for.

use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::process::Command;

use super::stage::Stage;
use crate::gateway::Gateway;

fn an_hour_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}

#[tokio::test]
async fn a_payment_of_which_no_webhook_comes_is_credited_once() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let begun = stage.begun("u").await;
    stage.pay(&begun.reference).await;
    let config = stage.config(&[]);
    let tally = billing_gateway::reconcile(&config, an_hour_ago())
        .await
        .unwrap();
    assert_eq!((tally.looked_at, tally.failed), (1, 0), "{tally}");
    assert_eq!(stage.balance("u").await, "25");
    // The webhooks come after all.
    stage.control("release", json!({})).await;
    stage.delivered().await;
    assert_eq!(
        stage.history("u").await,
        [("topup".to_owned(), "25".to_owned())]
    );
}

#[tokio::test]
async fn a_run_goes_through_more_payments_than_it_asks_about_at_once() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    for _ in 0..45 {
        let begun = stage.begun("u").await;
        stage.pay(&begun.reference).await;
    }
    let tally = billing_gateway::reconcile(&stage.config(&[]), an_hour_ago())
        .await
        .unwrap();
    assert_eq!((tally.looked_at, tally.applied), (45, 45), "{tally}");
    assert_eq!(stage.balance("u").await, "1125");
}

#[tokio::test]
async fn open_payments_are_asked_about_by_themselves_by_one_gateway_each() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    for user in ["a", "b", "c"] {
        let begun = stage.begun(user).await;
        stage.pay(&begun.reference).await;
    }
    // Their first check is due.
    stage
        .sql("update payment set next_check_at = clock_timestamp()")
        .await;
    let _gateways = [
        Gateway::start(stage.config(&["--reconcile-secs=1"])).await,
        Gateway::start(stage.config(&["--reconcile-secs=1"])).await,
    ];
    for user in ["a", "b", "c"] {
        stage.balance_becomes(user, "25").await;
        assert_eq!(stage.history(user).await.len(), 1);
    }
}

#[tokio::test]
async fn what_nobody_paid_for_a_day_is_canceled_but_not_what_was_paid() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let unpaid = stage.begun("a").await;
    let paid = stage.begun("b").await;
    stage.pay(&paid.reference).await;
    stage
        .sql(
            "update payment set next_check_at = clock_timestamp(),
            created_at = clock_timestamp() - interval '25 hours'",
        )
        .await;
    let _gateway = Gateway::start(stage.config(&["--reconcile-secs=1"])).await;
    stage.balance_becomes("b", "25").await;
    let since = Instant::now();
    while stage.status("a", &unpaid.payment_id).await["status"] != "canceled" {
        assert!(since.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stage.balance("a").await, "0");
}

#[tokio::test]
async fn refunds_and_disputes_that_no_webhook_told_are_found() {
    let stage = Stage::start().await;
    let refunded = stage.paid("a").await;
    let disputed = stage.paid("b").await;
    stage.delivered().await;
    stage.control("mode", json!({"withhold": true})).await;
    let path = format!("payments/{}/refund", refunded.reference);
    stage.control(&path, json!({"amount": 1000})).await;
    let path = format!("payments/{}/dispute", disputed.reference);
    let dispute = stage.control(&path, json!({})).await;
    let config = stage.config(&[]);
    let tally = billing_gateway::reconcile(&config, an_hour_ago())
        .await
        .unwrap();
    assert!(tally.is_good(), "{tally}");
    assert_eq!(stage.balance("a").await, "15");
    assert_eq!(stage.balance("b").await, "0");
    let path = format!("disputes/{}/win", dispute["id"].as_str().unwrap());
    stage.control(&path, json!({})).await;
    stage.sql("update payment set leased_until = null").await;
    billing_gateway::reconcile(&config, an_hour_ago())
        .await
        .unwrap();
    assert_eq!(stage.balance("b").await, "25");
    // And what the webhooks then tell is nothing new.
    stage.control("release", json!({})).await;
    stage.delivered().await;
    assert_eq!(
        (stage.balance("a").await, stage.balance("b").await),
        ("15".into(), "25".into())
    );
}

#[tokio::test]
async fn the_operators_commands_say_what_they_did_and_fail_where_something_did() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let begun = stage.begun("u").await;
    stage.pay(&begun.reference).await;
    let url = stage.sandbox.url();
    let run = async |arguments: &[&str], stripe_url: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_billing-gateway"))
            .args(arguments)
            .env_clear()
            .env("JWT_SECRET", "0123456789abcdef0123456789abcdef")
            .env("BILLING_DEFAULT_TENANT", "demo")
            .env("BILLING_CORE_URL", stage.core.url())
            .env("BILLING_CORE_TOKEN", &stage.core.gateway_token)
            .env("STRIPE_SECRET_KEY", "sk_test_of_the_tests")
            .env("STRIPE_WEBHOOK_SECRET", "whsec_of_the_tests")
            .env("STRIPE_API_URL", stripe_url)
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let since = an_hour_ago().to_string();
    let reconcile = ["reconcile", "--since", since.as_str()];
    let (code, said) = run(&reconcile, "http://127.0.0.1:1").await;
    assert_eq!(
        (code, said.trim()),
        (
            Some(1),
            "looked at 1, applied 0, contradictions 0, failed 1"
        )
    );
    stage.sql("update payment set leased_until = null").await;
    let (code, said) = run(&reconcile, &url).await;
    assert_eq!(
        (code, said.trim()),
        (
            Some(0),
            "looked at 1, applied 1, contradictions 0, failed 0"
        )
    );
    assert_eq!(stage.balance("u").await, "25");
    let (code, said) = run(&["replay"], &url).await;
    assert_eq!(
        (code, said.trim()),
        (
            Some(0),
            "looked at 0, applied 0, contradictions 0, failed 0"
        )
    );
}
