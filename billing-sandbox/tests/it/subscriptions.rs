//! Subscriptions: begun on a session's page, renewed by the clock, failing, changed and ended.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::page::{page, press};
use crate::stage::{Stage, encoded, read};

const MONTHLY: [(&str, &str); 8] = [
    ("mode", "subscription"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "500"),
    ("line_items[0][price_data][recurring][interval]", "month"),
    ("line_items[0][price_data][product_data][name]", "Support"),
    ("metadata[contribution_id]", "c1"),
    ("subscription_data[metadata][contribution_id]", "c1"),
    ("success_url", "https://example.org/thanks"),
];

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A sandbox whose clock is held, with one subscription that is paid for its first month.
struct Life {
    stage: Stage,
    clock: String,
    subscription: String,
    customer: String,
}

impl Life {
    /// On the last day of a January.
    async fn begin() -> Self {
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

    async fn found(&self) -> Value {
        let path = format!("subscriptions/{}", self.subscription);
        self.stage.get(&path).await
    }

    async fn period_end(&self) -> i64 {
        period(&self.found().await).1
    }

    /// What happens meanwhile, in order.
    async fn advance(&self, to: i64) -> Vec<String> {
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

    async fn invoices(&self) -> Vec<Value> {
        let path = format!("invoices?limit=100&subscription={}", self.subscription);
        let mut listed = self.stage.get(&path).await;
        serde_json::from_value(listed["data"].take()).unwrap()
    }

    async fn card(&self, number: &str) {
        let path = format!("customers/{}/card", self.customer);
        self.stage.control(&path, json!({ "card": number })).await;
    }

    async fn update(&self, fields: &[(&str, &str)]) -> Value {
        let path = format!("subscriptions/{}", self.subscription);
        let (status, subscription) = self.stage.post(&path, fields).await;
        assert_eq!(status, StatusCode::OK, "{subscription}");
        subscription
    }

    /// Opens the portal; its page's path.
    async fn portal(&self) -> String {
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

    async fn press_in_portal(&self, label: &str) -> Value {
        let path = self.portal().await;
        let (_, html) = page(&self.stage, &path).await;
        assert!(html.contains("https://example.org/me"), "{html}");
        let answer = press(&self.stage, &html, label).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{label}");
        assert_eq!(answer.headers()["location"], path.as_str());
        self.found().await
    }
}

async fn hold_clock(stage: &Stage, at: &str) -> String {
    let at = second(at).to_string();
    let path = "test_helpers/test_clocks";
    let (status, clock) = stage.post(path, &[("frozen_time", &at)]).await;
    assert_eq!(status, StatusCode::OK, "{clock}");
    assert_eq!(stage.get(path).await["data"][0]["id"], clock["id"]);
    text(&clock["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn second(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn period(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    let at = |name: &str| item[name].as_i64().unwrap();
    (at("current_period_start"), at("current_period_end"))
}

#[tokio::test]
async fn a_subscription_is_incomplete_until_its_first_invoice_is_paid_on_the_sessions_page() {
    let mut stage = Stage::open().await;
    let (_, session) = stage.post("checkout/sessions", &MONTHLY).await;
    let id = text(&session["id"]);
    assert_eq!(session["mode"], "subscription");
    let (_, html) = page(&stage, &format!("/c/pay/{id}")).await;
    press(&stage, &html, "Decline").await;
    let begun = stage.received_of("customer.subscription.created").await;
    let begun = begun.event()["data"]["object"].clone();
    assert_eq!(begun["status"], "incomplete");
    stage.received_of("invoice.payment_failed").await;
    let open = stage.get(&format!("checkout/sessions/{id}")).await;
    let hidden = [
        &open["subscription"],
        &open["invoice"],
        &open["payment_intent"],
    ];
    assert_eq!(
        (&open["status"], hidden),
        (&json!("open"), [&Value::Null; 3])
    );
    press(&stage, &html, "Pay").await;
    for kind in [
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
        "checkout.session.completed",
    ] {
        let event = stage.received_of(kind).await.event();
        if kind == "customer.subscription.updated" {
            assert_eq!(event["data"]["previous_attributes"]["status"], "incomplete");
        }
    }
    let session = stage.get(&format!("checkout/sessions/{id}")).await;
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&json!("complete"), &json!("paid"))
    );
    assert_eq!(session["subscription"], begun["id"]);
    let path = format!("subscriptions/{}", text(&begun["id"]));
    assert_eq!(stage.get(&path).await["status"], "active");
    let invoice = stage
        .get(&format!("invoices/{}", text(&session["invoice"])))
        .await;
    assert_eq!(
        (&invoice["billing_reason"], &invoice["attempt_count"]),
        (&json!("subscription_create"), &json!(1))
    );
}

#[tokio::test]
async fn a_subscription_its_invoice_and_its_payment_are_found_from_each_other() {
    let life = Life::begin().await;
    let path = format!(
        "subscriptions/{}?expand[]=latest_invoice.payments&expand[]=customer.subscriptions",
        life.subscription
    );
    let subscription = life.stage.get(&path).await;
    assert_eq!(subscription["metadata"]["contribution_id"], "c1");
    assert_eq!(
        subscription["customer"]["subscriptions"]["data"][0]["id"],
        subscription["id"]
    );
    let invoice = &subscription["latest_invoice"];
    assert_eq!(
        (&invoice["amount_paid"], &invoice["amount_remaining"]),
        (&json!(500), &json!(0))
    );
    let parent = &invoice["parent"]["subscription_details"];
    assert_eq!(parent["subscription"], subscription["id"]);
    assert_eq!(parent["metadata"]["contribution_id"], "c1");
    let paid_for = &invoice["lines"]["data"][0]["period"];
    let (start, end) = period(&subscription);
    assert_eq!(
        (&paid_for["start"], &paid_for["end"]),
        (&json!(start), &json!(end))
    );
    let payment = &invoice["payments"]["data"][0];
    let intent = text(&payment["payment"]["payment_intent"]);
    let by_payment =
        format!("invoice_payments?payment[type]=payment_intent&payment[payment_intent]={intent}");
    assert_eq!(life.stage.get(&by_payment).await["data"], json!([payment]));
    let (status, _) = life
        .stage
        .post(&format!("payment_intents/{intent}/cancel"), &[])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_session_that_ends_unpaid_takes_its_subscription_with_it() {
    let mut stage = Stage::open().await;
    let (_, session) = stage.post("checkout/sessions", &MONTHLY).await;
    let id = text(&session["id"]);
    stage
        .control(&format!("sessions/{id}/decline"), json!({}))
        .await;
    stage
        .control(&format!("sessions/{id}/expire"), json!({}))
        .await;
    let ended = stage
        .received_of("customer.subscription.updated")
        .await
        .event();
    assert_eq!(ended["data"]["object"]["status"], "incomplete_expired");
    stage.received_of("invoice.voided").await;
    stage.received_of("checkout.session.expired").await;
}

#[tokio::test]
async fn a_payment_and_a_subscription_are_not_mixed_in_a_session() {
    let stage = Stage::open().await;
    for (name, value) in [
        ("mode", "payment"),
        ("line_items[0][price_data][recurring][interval]", "year"),
        ("line_items[0][price_data][unit_amount]", "0"),
        ("payment_intent_data[metadata][a]", "b"),
        ("customer_creation", "always"),
    ] {
        let mut fields: Vec<(&str, &str)> = MONTHLY.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        let (status, error) = stage.post("checkout/sessions", &fields).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {error}");
    }
}

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

#[tokio::test]
async fn the_clock_goes_forward_only_and_two_months_at_most() {
    let life = Life::begin().await;
    let path = format!("test_helpers/test_clocks/{}", life.clock);
    let now = life.stage.get(&path).await["frozen_time"].as_i64().unwrap();
    for to in [now - 1, now, second("2027-03-31T10:00:01Z")] {
        let advance = format!("{path}/advance");
        let (status, _) = life
            .stage
            .post(&advance, &[("frozen_time", &to.to_string())])
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{to}");
    }
    let (status, _) = life
        .stage
        .post("test_helpers/test_clocks", &[("frozen_time", "1")])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "there is one already");
    let deleted = life
        .stage
        .api(Method::DELETE, &path, &[])
        .send()
        .await
        .unwrap();
    assert_eq!(read(deleted).await.1["deleted"], true);
    assert_eq!(life.found().await["status"], "canceled");
    let listed = life.stage.get("test_helpers/test_clocks").await;
    assert_ne!(listed["data"][0]["id"], life.clock.as_str());
}

#[tokio::test]
async fn events_of_subscriptions_are_doubled_and_turned_round_and_told_oddly_like_others() {
    let mut life = Life::begin().await;
    life.stage.received_of("checkout.session.completed").await;
    let stage = &life.stage;
    stage
        .control(
            "mode",
            json!({ "withhold": true, "reverse": true, "copies": 2 }),
        )
        .await;
    for (oddity, event) in [
        ("old_shape", "invoice.paid"),
        ("foreign", "invoice.payment_succeeded"),
        ("old_shape", "customer.subscription.updated"),
    ] {
        stage
            .control("faults", json!({ "fault": oddity, "event": event }))
            .await;
    }
    let end = life.period_end().await;
    let path = format!("test_helpers/test_clocks/{}/advance", life.clock);
    let to = (end + HOUR).to_string();
    life.stage.post(&path, &[("frozen_time", &to)]).await;
    assert!(life.stage.nothing_is_received());
    life.stage.control("release", json!({})).await;
    let mut seen = Vec::new();
    while seen
        .last()
        .is_none_or(|(kind, _): &(String, Value)| kind != "test_helpers.test_clock.advancing")
    {
        let received = life.stage.received().await;
        seen.push((received.event_type(), received.event()));
    }
    let place = |kind: &str| seen.iter().position(|(told, _)| told == kind).unwrap();
    assert!(place("invoice.paid") < place("invoice.created"));
    let object = |kind: &str| &seen[place(kind)].1["data"]["object"];
    assert_eq!(
        object("invoice.paid")["subscription"],
        life.subscription.as_str()
    );
    assert_eq!(object("invoice.paid").get("parent"), None);
    assert_eq!(object("invoice.payment_succeeded")["parent"], Value::Null);
    let period_end = &object("customer.subscription.updated")["current_period_end"];
    assert_eq!(*period_end, life.period_end().await);
}
