//! One subscription, and what is done to it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::page::{page, press};
use crate::stage::Stage;

pub const MONTHLY: [(&str, &str); 8] = [
    ("mode", "subscription"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "500"),
    ("line_items[0][price_data][recurring][interval]", "month"),
    ("line_items[0][price_data][product_data][name]", "Support"),
    ("metadata[contribution_id]", "c1"),
    ("subscription_data[metadata][contribution_id]", "c1"),
    ("success_url", "https://example.org/thanks"),
];

pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 24 * HOUR;

/// A sandbox whose clock is held, with one subscription that is paid for its first month.
pub struct Life {
    pub stage: Stage,
    pub clock: String,
    pub subscription: String,
    pub customer: String,
}

impl Life {
    /// On the last day of a January.
    pub async fn begin() -> Self {
        let stage = Stage::open().await;
        let clock = hold_clock(&stage, "2027-01-31T10:00:00Z").await;
        let (status, session) = stage.post("checkout/sessions", &MONTHLY).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let id = text(&session["id"]);
        let session = stage
            .control(&format!("sessions/{id}/pay"), json!({}))
            .await;
        Self {
            clock,
            subscription: text(&session["subscription"]),
            customer: text(&session["customer"]),
            stage,
        }
    }

    pub async fn found(&self) -> Value {
        let path = format!("subscriptions/{}", self.subscription);
        self.stage.get(&path).await
    }

    pub async fn period_end(&self) -> i64 {
        period(&self.found().await).1
    }

    /// What happens meanwhile, in order.
    pub async fn advance(&self, to: i64) -> Vec<String> {
        let path = format!("test_helpers/test_clocks/{}/advance", self.clock);
        let to = to.to_string();
        let (status, clock) = self.stage.post(&path, &[("frozen_time", &to)]).await;
        assert_eq!(status, StatusCode::OK, "{clock}");
        assert_eq!(clock["status"], "advancing");
        let listed = self.stage.get("events?limit=100").await;
        let newest_first = listed["data"].as_array().unwrap().iter();
        let types = newest_first.map(|event| text(&event["type"])).skip(1);
        let clocks = "test_helpers.test_clock.advancing";
        let mut types: Vec<String> = types.take_while(|kind| kind != clocks).collect();
        types.reverse();
        types
    }

    pub async fn invoices(&self) -> Vec<Value> {
        let path = format!("invoices?limit=100&subscription={}", self.subscription);
        let mut listed = self.stage.get(&path).await;
        serde_json::from_value(listed["data"].take()).unwrap()
    }

    pub async fn card(&self, number: &str) {
        let path = format!("customers/{}/card", self.customer);
        self.stage.control(&path, json!({ "card": number })).await;
    }

    pub async fn update(&self, fields: &[(&str, &str)]) -> Value {
        let path = format!("subscriptions/{}", self.subscription);
        let (status, subscription) = self.stage.post(&path, fields).await;
        assert_eq!(status, StatusCode::OK, "{subscription}");
        subscription
    }

    /// Opens the portal; its page's path.
    pub async fn portal(&self) -> String {
        let fields = [
            ("customer", self.customer.as_str()),
            ("return_url", "https://example.org/me"),
        ];
        let (status, session) = self.stage.post("billing_portal/sessions", &fields).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let url = text(&session["url"]);
        url.strip_prefix(&self.stage.sandbox.url())
            .unwrap()
            .to_owned()
    }

    pub async fn press_in_portal(&self, label: &str) -> Value {
        let path = self.portal().await;
        let (_, html) = page(&self.stage, &path).await;
        assert!(html.contains("https://example.org/me"), "{html}");
        let answer = press(&self.stage, &html, label).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{label}");
        assert_eq!(answer.headers()["location"], path.as_str());
        self.found().await
    }
}

pub async fn hold_clock(stage: &Stage, at: &str) -> String {
    let at = second(at).to_string();
    let path = "test_helpers/test_clocks";
    let (status, clock) = stage.post(path, &[("frozen_time", &at)]).await;
    assert_eq!(status, StatusCode::OK, "{clock}");
    assert_eq!(stage.get(path).await["data"][0]["id"], clock["id"]);
    text(&clock["id"])
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn second(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_second()
}

pub fn period(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    let at = |name: &str| item[name].as_i64().unwrap();
    (at("current_period_start"), at("current_period_end"))
}
