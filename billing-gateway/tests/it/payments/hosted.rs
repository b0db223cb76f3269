//! Top-ups that are paid on a page of Stripe's, where the request asks for it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::stage::{SECRET_KEY, Stage, good};
use crate::gateway::{problem, sent};

const WEB: &str = "--web-url=https://billing.example.com/";

/// A page that was begun.
struct Begun {
    payment_id: String,
    session: String,
}

impl Stage {
    async fn with_pages() -> Self {
        Self::start_with(&[WEB, "--cors-origins=https://app.example.com"]).await
    }

    /// Every payment is asked about.
    async fn looked_after(&self) {
        self.sql("update payment set leased_until = null").await;
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        let tally = billing_gateway::reconcile(&self.config(&[WEB]), since).await;
        let tally = tally.unwrap();
        assert!(tally.is_good(), "{tally}");
    }

    async fn hosted(&self, user: &str, key: &str) -> Value {
        let body = json!({"amount_usd": 25, "hosted": true});
        good(self.creation(user, &body, Some(key))).await
    }

    async fn begun_page(&self, user: &str) -> Begun {
        Begun::of(&self.hosted(user, "1").await)
    }

    async fn do_at(&self, page: &Begun, action: &str, fields: Value) -> Value {
        self.control(&format!("sessions/{}/{action}", page.session), fields)
            .await
    }

    /// Payments that Stripe has, made in our own page or on its.
    async fn intents(&self) -> usize {
        let url = format!("{}/v1/payment_intents?limit=100", self.sandbox.url());
        let listed = sent(self.client.get(url).bearer_auth(SECRET_KEY)).await;
        let listed: Value = listed.json().await.unwrap();
        listed["data"].as_array().unwrap().len()
    }
}

impl Begun {
    fn of(answer: &Value) -> Self {
        let url = answer["paymentUrl"].as_str().unwrap();
        Self {
            payment_id: answer["payment_id"].as_str().unwrap().to_owned(),
            session: url.rsplit('/').next().unwrap().to_owned(),
        }
    }
}

#[tokio::test]
async fn a_top_up_on_stripes_page_is_credited_once_and_its_payer_comes_back_to_the_dashboard() {
    let stage = Stage::with_pages().await;
    let answer = stage.hosted("u", "1").await;
    assert_eq!(answer["protocol"], "stripe");
    assert_eq!(
        (&answer["status"], &answer["clientSecret"]),
        (&json!("pending"), &Value::Null)
    );
    let page = Begun::of(&answer);
    let id = &page.payment_id;
    stage.control("mode", json!({"copies": 2})).await;
    let paid = stage.do_at(&page, "pay", json!({})).await;
    let app = "https://billing.example.com/app/top-up";
    assert_eq!(paid["success_url"], format!("{app}/return?payment={id}"));
    assert_eq!(paid["cancel_url"], format!("{app}?cancelled={id}"));
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    let shown = stage.status("u", id).await;
    assert_eq!(shown["status"], "succeeded");
    assert!(shown["reference"].as_str().unwrap().starts_with("pi_"));
    // Who sends the request again is not led to a page that is over.
    let again = stage.hosted("u", "1").await;
    assert_eq!(
        (&again["payment_id"], &again["status"], &again["paymentUrl"]),
        (&answer["payment_id"], &json!("succeeded"), &Value::Null)
    );
    let refund = json!({"amount_usd": 10, "reason": "asked for"});
    let refund = good(stage.refund(id, &refund, "1")).await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(stage.balance("u").await, "15");
    assert_eq!(stage.history("u").await.len(), 2);
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_page_while_it_can_be_paid() {
    let stage = Stage::with_pages().await;
    stage.control("mode", json!({"withhold": true})).await;
    let first = stage.hosted("u", "1").await;
    assert_eq!(stage.hosted("u", "1").await, first);
    for other in [
        json!({"amount_usd": 25}),
        json!({"amount_usd": 25, "hosted": false}),
        json!({"amount_usd": 25, "hosted": true, "return_url": "https://app.example.com/pay"}),
    ] {
        let refused = problem(stage.creation("u", &other, Some("1"))).await;
        assert_eq!(refused["code"], "IDEMPOTENCY_KEY_REUSED", "{other}");
    }
    let pages = [
        ("expire", "expired"),
        ("pay_later", "pending"),
        ("pay", "succeeded"),
    ];
    for (user, (action, status)) in ["a", "b", "c"].into_iter().zip(pages) {
        let page = stage.begun_page(user).await;
        stage.do_at(&page, action, json!({})).await;
        let again = stage.hosted(user, "1").await;
        assert_eq!(again["status"], status, "{action}");
        assert_eq!(again["paymentUrl"], Value::Null, "{action}");
    }
    assert_eq!(stage.balance("c").await, "25");
    stage.control("release", json!({})).await;
    stage.delivered().await;
    assert_eq!(stage.balance("c").await, "25");
}

#[tokio::test]
async fn a_page_that_stripe_made_and_did_not_tell_of_is_found_and_is_the_only_one() {
    let stage = Stage::with_pages().await;
    stage.control("mode", json!({"withhold": true})).await;
    let fault = json!({"fault": "bad_gateway_after_commit", "request": "create_checkout_session", "times": 9});
    stage.control("faults", fault).await;
    let also = json!({"fault": "bad_gateway", "request": "retrieve", "times": 9});
    stage.control("faults", also).await;
    let body = json!({"amount_usd": 25, "hosted": true});
    let refused = problem(stage.creation("u", &body, Some("1"))).await;
    assert_eq!(refused["status"], 502, "{refused}");
    stage.control("faults/forget", json!({})).await;
    stage.looked_after().await;
    assert_eq!((stage.open_pages().await, stage.intents().await), (1, 0));
    let page = stage.begun_page("u").await;
    assert_eq!((stage.open_pages().await, stage.intents().await), (1, 0));
    stage.do_at(&page, "pay", json!({})).await;
    stage.looked_after().await;
    assert_eq!(stage.balance("u").await, "25");
}

#[tokio::test]
async fn what_stripe_never_heard_of_is_made_by_the_repeat_in_the_way_that_it_asks_for() {
    let stage = Stage::with_pages().await;
    for (user, hosted) in [("a", true), ("b", false)] {
        let fault = json!({"fault": "bad_gateway", "times": 9});
        stage.control("faults", fault).await;
        let body = json!({"amount_usd": 25, "hosted": hosted});
        let refused = problem(stage.creation(user, &body, Some("1"))).await;
        assert_eq!(refused["status"], 502, "{refused}");
        stage.control("faults/forget", json!({})).await;
        stage.looked_after().await;
        assert_eq!(stage.only_payment(user).await["status"], "created");
        let made = good(stage.creation(user, &body, Some("1"))).await;
        assert_eq!(made["paymentUrl"].is_string(), hosted, "{made}");
        assert_eq!(made["clientSecret"].is_string(), !hosted, "{made}");
    }
    assert_eq!((stage.open_pages().await, stage.intents().await), (1, 1));
}

#[tokio::test]
async fn payers_come_back_to_pages_that_may_call_and_pages_are_there_where_they_are_set_up() {
    let stage = Stage::with_pages().await;
    let body = |url: &str| json!({"amount_usd": 25, "hosted": true, "return_url": url});
    let own = body("https://app.example.com/pay?tab=1");
    let page = Begun::of(&good(stage.creation("u", &own, None)).await);
    let made = stage.do_at(&page, "expire", json!({})).await;
    let back = "https://app.example.com/pay?tab=1";
    let id = &page.payment_id;
    assert_eq!(made["success_url"], format!("{back}&payment={id}"));
    assert_eq!(made["cancel_url"], format!("{back}&cancelled={id}"));
    for (body, field) in [
        (body("https://evil.example/pay"), "return_url"),
        (
            json!({"amount_usd": 25, "return_url": "https://app.example.com/"}),
            "return_url",
        ),
        (json!({"amount_usd": 25, "hosted": "yes"}), "hosted"),
    ] {
        let refused = problem(stage.creation("u", &body, None)).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let told = async |stage: &Stage| {
        let path = "/api/billing/payment/available-providers";
        let answer = stage.get("u", path).await;
        answer["providers"].clone()
    };
    let expected = json!({
        "provider": "stripe", "protocol": "stripe", "currencies": ["USD"], "min_amount": 1,
        "max_amount": 1_000, "presets": [10, 25, 50, 100], "publishable_key": null, "hosted": true,
    });
    assert_eq!(told(&stage).await, json!([expected]));
    let flags = ["--stripe-publishable-key=pk_test_1", "--topup-max-usd=30"];
    let without = Stage::start_with(&flags).await;
    let mut expected = expected;
    expected["hosted"] = json!(false);
    expected["publishable_key"] = json!("pk_test_1");
    expected["max_amount"] = json!(30);
    expected["presets"] = json!([10, 25]);
    assert_eq!(told(&without).await, json!([expected]));
    let hosted = json!({"amount_usd": 25, "hosted": true});
    let refused = problem(without.creation("u", &hosted, None)).await;
    assert_eq!(refused["errors"][0]["field"], "hosted");
}
