//! People who give monthly, and the clock of the sandbox.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::gateway::{sent, token, token_of};
use crate::payments::{SECRET_KEY, StripeStage};
use crate::stage::{PATIENCE, good};

pub(super) const FLAGS: [&str; 3] = [
    "--stripe-success-url=https://a.example/support/thank-you",
    "--stripe-cancel-url=https://a.example/support?cancelled=true",
    "--jwt-name-claim=name",
];

pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 24 * HOUR;

/// Can be left for later payments, and is declined then.
pub(super) const FAILS_LATER: &str = "4000000000000341";
pub(super) const PAYS: &str = "4242424242424242";

/// Whoever is not named otherwise.
pub(super) const GIVER: &str = "u";
pub(super) const MINE: &str = "/api/v1/contributions/me?limit=100";
pub(super) const SUBSCRIPTION: &str = "/api/v1/contributions/me/subscription";
const CANCEL: &str = "/api/v1/contributions/subscription/cancel";

/// Everything that a month's giver meets, and what they do there.
pub(super) struct Life {
    pub(super) stage: StripeStage,
}

/// A contribution that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) ulid: String,
    session: String,
}

impl Begun {
    pub(super) fn of(answer: &Value) -> Self {
        let url = answer["checkout_url"].as_str().unwrap();
        Self {
            ulid: text(&answer["contribution_ulid"]),
            session: url.rsplit('/').next().unwrap().to_owned(),
        }
    }
}

pub(super) fn monthly(cents: i64) -> Value {
    json!({"amount_cents": cents, "public_display_consent": true, "interval": "month"})
}

pub(super) fn once(cents: i64) -> Value {
    json!({"amount_cents": cents, "public_display_consent": true, "interval": null})
}

impl Life {
    pub(super) async fn set() -> Self {
        Self {
            stage: StripeStage::start_with(&FLAGS).await,
        }
    }

    /// One that has given 25 dollars for the first month.
    pub(super) async fn begun() -> Self {
        let life = Self::set().await;
        life.subscribes(2_500).await;
        life
    }

    /// The giver begins a subscription, and pays the first month of it.
    pub(super) async fn subscribes(&self, cents: i64) -> Begun {
        let page = self.at_page(&monthly(cents)).await;
        self.pays(&page).await;
        self.becomes(SUBSCRIPTION, |seen| {
            seen["ulid"] == page.ulid.as_str() && seen["status"] == "active"
        })
        .await;
        page
    }

    pub(super) fn checkout(&self, body: &Value) -> RequestBuilder {
        self.stage
            .gateway
            .request(Method::POST, "/api/v1/contributions/checkout")
            .bearer_auth(token_of(&json!({"userId": GIVER, "name": "Alice Johnson"})))
            .json(body)
    }

    pub(super) async fn at_page(&self, body: &Value) -> Begun {
        Begun::of(&good(self.checkout(body)).await)
    }

    pub(super) async fn pays(&self, page: &Begun) {
        self.does(page, "pay").await;
    }

    pub(super) async fn does(&self, page: &Begun, action: &str) {
        let path = format!("sessions/{}/{action}", page.session);
        self.stage.control(&path, json!({})).await;
    }

    /// Whether somebody can pay there.
    pub(super) async fn may_pay(&self, page: &Begun) -> bool {
        let url = format!(
            "{}/sandbox/sessions/{}/pay",
            self.stage.sandbox.url(),
            page.session
        );
        let answer = sent(self.stage.client.post(url).json(&json!({}))).await;
        answer.status().is_success()
    }

    pub(super) fn cancel(&self, body: &Value) -> RequestBuilder {
        self.stage
            .gateway
            .request(Method::POST, CANCEL)
            .bearer_auth(token(&json!(GIVER)))
            .json(body)
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        let request = self.stage.gateway.get(path);
        request.bearer_auth(token(&json!(GIVER)))
    }

    pub(super) async fn seen(&self, path: &str) -> Value {
        sent(self.get(path)).await.json().await.unwrap()
    }

    /// Waits until it is so.
    pub(super) async fn becomes(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let seen = self.seen(path).await;
            if is_so(&seen) {
                return seen;
            }
            assert!(since.elapsed() < PATIENCE, "{seen}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until so many contributions are there, and so much is left of them.
    pub(super) async fn has_given(&self, count: usize, cents: i64) -> Value {
        self.becomes(MINE, |mine| {
            mine["total"] == count && mine["total_cents"] == cents
        })
        .await
    }

    /// Waits until each fault that was planned has its request.
    pub(super) async fn faults_have_begun(&self) {
        let url = format!("{}/sandbox/state", self.stage.sandbox.url());
        let since = Instant::now();
        while good(self.stage.client.get(&url)).await["faults_left"] != 0 {
            assert!(since.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stripe's own word.
    pub(super) async fn stripe(&self, path: &str) -> Value {
        let url = format!("{}/v1/{path}", self.stage.sandbox.url());
        good(self.stage.client.get(url).bearer_auth(SECRET_KEY)).await
    }

    /// The newest subscription, as Stripe has it.
    pub(super) async fn subscription(&self) -> Value {
        let listed = self.stripe("subscriptions?status=all&limit=1").await;
        listed["data"][0].clone()
    }

    pub(super) async fn period_end(&self) -> i64 {
        let subscription = self.subscription().await;
        let item = &subscription["items"]["data"][0];
        item["current_period_end"].as_i64().unwrap()
    }

    /// What pays the newest invoice.
    pub(super) async fn newest_intent(&self) -> String {
        let invoice = text(&self.subscription().await["latest_invoice"]);
        let paid = self
            .stripe(&format!("invoice_payments?invoice={invoice}"))
            .await;
        text(&paid["data"][0]["payment"]["payment_intent"])
    }

    pub(super) async fn refunds(&self, intent: &str, fields: Value) {
        let path = format!("payments/{intent}/refund");
        self.stage.control(&path, fields).await;
    }

    pub(super) async fn advance(&self, to: i64) {
        self.stage.control("clock/advance", json!({"to": to})).await;
    }

    /// The next month begins, and its invoice has been a draft for an hour. Where that is.
    pub(super) async fn next_month(&self) -> i64 {
        let at = self.period_end().await + HOUR;
        self.advance(at).await;
        at
    }

    pub(super) async fn card(&self, number: &str) {
        let customer = text(&self.subscription().await["customer"]);
        let path = format!("customers/{customer}/card");
        self.stage.control(&path, json!({"card": number})).await;
    }

    /// What the giver does in the portal.
    pub(super) async fn in_portal(&self, action: &str) {
        let id = text(&self.subscription().await["id"]);
        let path = format!("subscriptions/{id}/{action}");
        self.stage.control(&path, json!({})).await;
    }

    /// From now on nothing is told until it is asked for.
    pub(super) async fn withhold(&self) {
        self.stage.control("mode", json!({"withhold": true})).await;
    }

    /// What is withheld, the oldest first, with its type.
    pub(super) async fn withheld(&self) -> Vec<(i64, String)> {
        let mut deliveries = self.stage.deliveries().await;
        deliveries.retain(|one| one["state"] == "withheld");
        deliveries.reverse();
        let id = |one: &Value| (one["id"].as_i64().unwrap(), text(&one["type"]));
        deliveries.iter().map(id).collect()
    }

    /// Tells these, once more where they were told already, and waits until all of them are taken.
    pub(super) async fn deliver(&self, ids: &[i64]) {
        for id in ids {
            let path = format!("deliveries/{id}/redeliver");
            self.stage.control(&path, json!({})).await;
        }
        self.stage
            .deliveries_become(|one| one["state"] == "delivered" || one["state"] == "withheld")
            .await;
    }

    pub(super) async fn deliver_all_of(&self, kind: &str) {
        let withheld = self.withheld().await.into_iter();
        let of_kind = withheld.filter(|(_, of)| of == kind);
        let ids: Vec<i64> = of_kind.map(|(id, _)| id).collect();
        assert!(!ids.is_empty(), "no {kind}");
        self.deliver(&ids).await;
    }

    /// All that is withheld, in any order, and some of it twice.
    pub(super) async fn deliver_shuffled(&self, random: &mut StdRng) {
        let withheld = self.withheld().await.into_iter();
        let mut ids: Vec<i64> = withheld.map(|(id, _)| id).collect();
        let twice = ids.len() / 3;
        ids.shuffle(random);
        ids.extend_from_within(..twice);
        ids.shuffle(random);
        self.deliver(&ids).await;
    }

    /// No event contradicts another one, and each that says something was understood and found its payment.
    pub(super) async fn all_is_booked(&self) {
        for (id, outcome) in self.stage.events().await {
            let is_good = ["applied", "ignored", "recorded"].contains(&outcome.as_str());
            assert!(is_good, "{id}: {outcome}");
        }
    }

    pub(super) async fn wall(&self, support: &str) -> Value {
        let path = format!("/api/v1/supporters?support={support}");
        good(self.stage.gateway.get(&path)).await
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
