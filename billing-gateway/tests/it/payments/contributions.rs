//! Contributions from the request to the wall: gateway, core and the pages of the sandbox.

use std::time::{Duration, Instant};

use billing_proto::v1::{ContributionTerms, CreatePaymentRequest, PaymentPurpose};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::stage::{SECRET_KEY, Stage, good};
use crate::gateway::{account, problem, sent, token, token_of};

const FLAGS: [&str; 3] = [
    "--stripe-success-url=https://a.example/support/thank-you?contribution={CHECKOUT_SESSION_ID}",
    "--stripe-cancel-url=https://a.example/support?cancelled=true",
    "--jwt-name-claim=name",
];

/// A contribution that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    ulid: String,
    session: String,
}

impl Begun {
    fn of(answer: &Value) -> Self {
        let url = answer["checkout_url"].as_str().unwrap();
        Self {
            ulid: answer["contribution_ulid"].as_str().unwrap().to_owned(),
            session: url.rsplit('/').next().unwrap().to_owned(),
        }
    }
}

/// As the guide has it.
fn gift(cents: i64) -> Value {
    json!({
        "amount_cents": cents,
        "is_anonymous": false,
        "public_display_consent": true,
        "message": "Keep up the great work!",
    })
}

impl Stage {
    async fn for_gifts() -> Self {
        Self::start_with(&FLAGS).await
    }

    fn checkout(&self, user: &str, body: &Value) -> RequestBuilder {
        self.gateway
            .request(Method::POST, "/api/v1/contributions/checkout")
            .bearer_auth(token_of(&json!({"userId": user, "name": "Alice Johnson"})))
            .json(body)
    }

    async fn gives(&self, user: &str, cents: i64) -> Begun {
        Begun::of(&good(self.checkout(user, &gift(cents))).await)
    }

    async fn at_page(&self, gift: &Begun, action: &str) -> Value {
        let path = format!("sessions/{}/{action}", gift.session);
        self.control(&path, json!({})).await
    }

    /// Whether the sandbox does that on a page.
    async fn may(&self, gift: &Begun, action: &str) -> bool {
        let url = format!(
            "{}/sandbox/sessions/{}/{action}",
            self.sandbox.url(),
            gift.session
        );
        let answer = sent(self.client.post(url).json(&json!({}))).await;
        answer.status().is_success()
    }

    /// One that its gateway did not live to make a page for.
    async fn unopened(&self, user: &str) -> Begun {
        let request = CreatePaymentRequest {
            account: Some(account(user)),
            idempotency_key: "1".to_owned(),
            provider: "stripe".to_owned(),
            purpose: PaymentPurpose::Contribution.into(),
            amount_minor: 2_500,
            currency: "USD".to_owned(),
            contribution: Some(ContributionTerms {
                is_anonymous: true,
                ..ContributionTerms::default()
            }),
            ..CreatePaymentRequest::default()
        };
        let created = self.core.payments().create_payment(request).await.unwrap();
        Begun {
            ulid: created.into_inner().contribution_ulid,
            session: String::new(),
        }
    }

    async fn paid_gift(&self, user: &str, cents: i64) -> Begun {
        let begun = self.gives(user, cents).await;
        self.at_page(&begun, "pay").await;
        self.becomes(&begun, "completed").await;
        begun
    }

    fn public(&self, path: &str) -> RequestBuilder {
        self.gateway.get(&format!("/api/v1/{path}"))
    }

    async fn shown(&self, gift: &Begun) -> Value {
        good(self.public(&format!("contributions/{}", gift.ulid))).await
    }

    async fn becomes(&self, gift: &Begun, status: &str) {
        let since = Instant::now();
        loop {
            let shown = self.shown(gift).await;
            if shown["status"] == status {
                return;
            }
            assert!(
                since.elapsed() < Duration::from_secs(20),
                "{shown}, not {status}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Pages on which somebody could pay.
    pub(super) async fn open_pages(&self) -> usize {
        let url = format!(
            "{}/v1/checkout/sessions?status=open&limit=100",
            self.sandbox.url()
        );
        let listed = sent(self.client.get(url).bearer_auth(SECRET_KEY)).await;
        let listed: Value = listed.json().await.unwrap();
        listed["data"].as_array().unwrap().len()
    }
}

fn without(mut answer: Value, member: &str) -> Value {
    answer.as_object_mut().unwrap().remove(member);
    answer
}

#[tokio::test]
async fn the_guides_examples_are_answered_one_by_one() {
    let stage = Stage::for_gifts().await;
    for cents in [2_500, 2_500] {
        stage.paid_gift("42", cents).await;
    }
    let body = gift(2_500);
    let answer = good(stage.checkout("42", &body)).await;
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["checkout_url", "contribution_ulid", "status"]);
    let begun = Begun::of(&answer);
    let pending = stage.shown(&begun).await;
    let none = Value::Null;
    assert_eq!(
        without(pending, "created_at"),
        json!({"ulid": begun.ulid, "amount_cents": 2500, "status": "pending", "badge_earned": none,
            "total_cents": none, "next_badge": none, "next_badge_amount_cents": none,
            "is_recurring": false})
    );
    stage.at_page(&begun, "pay").await;
    stage.becomes(&begun, "completed").await;
    let shown = stage.shown(&begun).await;
    assert!(shown["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        without(shown, "created_at"),
        json!({"ulid": begun.ulid, "amount_cents": 2500, "status": "completed", "badge_earned": "bronze",
            "total_cents": 7500, "next_badge": "silver", "next_badge_amount_cents": 10000,
            "is_recurring": false})
    );
    let mine = stage
        .get("42", "/api/v1/contributions/me?page=1&limit=20")
        .await;
    assert_eq!(mine["data"].as_array().unwrap().len(), 3);
    assert_eq!(mine["data"][0]["ulid"], begun.ulid);
    assert_eq!(mine["data"][0]["amount_cents"], 2500);
    assert_eq!(mine["data"][0]["status"], "completed");
    assert_eq!(mine["data"][0]["message"], "Keep up the great work!");
    let sums = [&mine["total"], &mine["total_cents"], &mine["badge_level"]];
    assert_eq!(sums, [&json!(3), &json!(7500), &json!("bronze")]);
    let second = stage
        .get("42", "/api/v1/contributions/me?page=2&limit=2")
        .await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    let badge = stage.get("42", "/api/v1/supporters/demo/42/badge").await;
    let first = without(badge, "first_contribution_at");
    let told = json!({"badge_level": "bronze", "total_cents": 7500, "contribution_count": 3});
    assert_eq!(first, told);
    let wall = good(stage.public("supporters")).await;
    assert_eq!(wall["supporters"]["bronze"][0]["name"], "Alice Johnson");
    assert_eq!(wall["total_count"], 1);
    let progress = good(stage.public("progress")).await;
    assert_eq!(progress["current_cents"], 7500);
    assert_eq!(progress["supporter_count"], 1);
}

#[tokio::test]
async fn a_form_may_write_camel_case_and_anonymous_stands_above_consent() {
    let stage = Stage::for_gifts().await;
    let body = json!({"amountCents": 2500, "isAnonymous": true, "publicDisplayConsent": true});
    let begun = Begun::of(&good(stage.checkout("u", &body)).await);
    stage.at_page(&begun, "pay").await;
    stage.becomes(&begun, "completed").await;
    let mine = stage.get("u", "/api/v1/contributions/me").await;
    assert_eq!(mine["data"][0]["is_anonymous"], true);
    let wall = good(stage.public("supporters")).await;
    assert_eq!(wall["total_count"], 0);
    let twice = json!({"amountCents": 2500, "amount_cents": 2500, "isAnonymous": true});
    let refused = problem(stage.checkout("u", &twice)).await;
    assert_eq!(refused["status"], 400);
}

#[tokio::test]
async fn of_two_tabs_one_pays() {
    let stage = Stage::for_gifts().await;
    let body = gift(2_500);
    let tab = async || Begun::of(&good(stage.checkout("u", &body)).await);
    let tabs: [Begun; 4] = tokio::join!(tab(), tab(), tab(), tab()).into();
    assert!(tabs.iter().all(|tab| tab == &tabs[0]), "{tabs:?}");
    assert_eq!(stage.open_pages().await, 1);
    // Another amount ends the page of the first.
    let other = stage.gives("u", 5_000).await;
    assert!(!stage.may(&tabs[0], "pay").await);
    stage.becomes(&tabs[0], "failed").await;
    stage.at_page(&other, "pay").await;
    stage.becomes(&other, "completed").await;
    let mine = stage.get("u", "/api/v1/contributions/me").await;
    assert_eq!(mine["total_cents"], 5_000);
}

#[tokio::test]
async fn whatever_two_tabs_begin_at_once_at_most_one_page_can_be_paid() {
    let stage = Stage::for_gifts().await;
    for round in 0..5 {
        let user = format!("u{round}");
        let tab = async |cents| sent(stage.checkout(&user, &gift(cents))).await.status();
        let statuses: [_; 3] = tokio::join!(tab(2_500), tab(5_000), tab(7_500)).into();
        let statuses = statuses.map(|status| status.as_u16());
        assert!(
            statuses.iter().all(|status| [200, 409].contains(status)),
            "{statuses:?}"
        );
        assert_eq!(stage.open_pages().await, round + 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_page_that_could_not_be_ended_is_ended_before_the_next_one_is_told() {
    let stage = Stage::for_gifts().await;
    let first = stage.gives("u", 2_500).await;
    // Nothing is answered while the first page is to be ended, whatever is asked for meanwhile.
    let faults = json!({"fault": "bad_gateway", "request": "expire_checkout_session", "times": 99});
    stage.control("faults", faults).await;
    let refused = problem(stage.checkout("u", &gift(5_000))).await;
    assert_eq!(refused["code"], "PAYMENT_PROVIDER_UNAVAILABLE");
    stage.control("faults/forget", json!({})).await;
    let second = stage.gives("u", 5_000).await;
    assert!(!stage.may(&first, "pay").await);
    assert!(stage.may(&second, "pay").await);
}

#[tokio::test]
async fn a_contribution_whose_page_was_never_made_ends_soon() {
    let stage = Stage::for_gifts().await;
    let begun = stage.unopened("u").await;
    let config = stage.config(&FLAGS);
    let reconcile = async || {
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        billing_gateway::reconcile(&config, since).await.unwrap()
    };
    reconcile().await;
    assert_eq!(stage.shown(&begun).await["status"], "pending");
    let older = "update payment set created_at = created_at - interval '2 minutes'";
    stage.sql(older).await;
    let tally = reconcile().await;
    assert_eq!((tally.failed, tally.contradictions), (0, 0), "{tally}");
    assert_eq!(stage.shown(&begun).await["status"], "failed");
    assert_eq!(stage.open_pages().await, 0);
}

#[tokio::test]
async fn a_page_that_was_paid_before_it_could_be_ended_stays_paid() {
    let stage = Stage::for_gifts().await;
    stage.control("mode", json!({"withhold": true})).await;
    let (first, again) = (stage.gives("u", 2_500).await, stage.gives("v", 2_500).await);
    for paid in [&first, &again] {
        stage.at_page(paid, "pay").await;
    }
    let on_its_way = stage.gives("w", 2_500).await;
    stage.at_page(&on_its_way, "pay_later").await;
    assert_ne!(stage.gives("w", 2_500).await.session, on_its_way.session);
    // Nothing has been heard of either: other terms, and the same once more.
    let second = stage.gives("u", 5_000).await;
    stage.becomes(&first, "completed").await;
    let third = stage.gives("v", 2_500).await;
    stage.becomes(&again, "completed").await;
    assert_ne!(third.session, again.session);
    assert_eq!(stage.shown(&second).await["status"], "pending");
    stage.control("release", json!({})).await;
    stage.delivered().await;
    let mine = stage.get("u", "/api/v1/contributions/me").await;
    assert_eq!(mine["total_cents"], 2_500);
}

#[tokio::test]
async fn what_nobody_pays_fails_and_what_is_on_its_way_waits() {
    let stage = Stage::for_gifts().await;
    let ended = stage.gives("u", 2_500).await;
    stage.at_page(&ended, "decline").await;
    stage.at_page(&ended, "expire").await;
    stage.becomes(&ended, "failed").await;
    let later = stage.gives("u", 2_500).await;
    assert_ne!(later.session, ended.session);
    stage.at_page(&later, "pay_later").await;
    stage.delivered().await;
    assert_eq!(stage.shown(&later).await["status"], "pending");
    let progress = good(stage.public("progress")).await;
    let way = [&progress["pending_cents"], &progress["current_cents"]];
    assert_eq!(way, [&json!(2_500), &json!(0)]);
    // Its giver has done their part: the same again is one more.
    let more = stage.gives("u", 2_500).await;
    assert_ne!(more.session, later.session);
    stage.at_page(&later, "succeed").await;
    stage.becomes(&later, "completed").await;
    let progress = good(stage.public("progress")).await;
    let arrived = [&progress["pending_cents"], &progress["current_cents"]];
    assert_eq!(arrived, [&json!(0), &json!(2_500)]);
}

#[tokio::test]
async fn a_refund_takes_the_badge_back() {
    let stage = Stage::for_gifts().await;
    let gift = stage.paid_gift("u", 2_500).await;
    let path = format!("sessions/{}/refund", gift.session);
    stage.control(&path, json!({"amount": 500})).await;
    let since = Instant::now();
    while stage.shown(&gift).await["total_cents"] != 2_000 {
        assert!(since.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let shown = stage.shown(&gift).await;
    assert_eq!(shown["status"], "completed");
    assert_eq!(shown["badge_earned"], Value::Null);
    stage.control(&path, json!({"amount": 2_000})).await;
    stage.becomes(&gift, "refunded").await;
    let wall = good(stage.public("supporters")).await;
    assert_eq!(wall["total_count"], 0);
}

#[tokio::test]
async fn totals_are_told_to_the_giver_and_for_an_hour() {
    let stage = Stage::for_gifts().await;
    let gift = stage.paid_gift("u", 2_500).await;
    let path = format!("/api/v1/contributions/{}", gift.ulid);
    let answer = sent(stage.gateway.get(&path)).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(stage.shown(&gift).await["total_cents"], 2_500);
    stage
        .sql("update contribution set paid_at = paid_at - interval '61 minutes'")
        .await;
    let stranger = stage.shown(&gift).await;
    let hidden = [
        &stranger["badge_earned"],
        &stranger["total_cents"],
        &stranger["next_badge"],
        &stranger["next_badge_amount_cents"],
    ];
    assert_eq!(hidden, [&Value::Null; 4]);
    assert_eq!(stranger["status"], "completed");
    assert_eq!(stage.get("v", &path).await["total_cents"], Value::Null);
    assert_eq!(stage.get("u", &path).await["total_cents"], 2_500);
    let lower_case = stage.get("u", &path.to_lowercase()).await;
    assert_eq!(lower_case["total_cents"], 2_500);
}

#[tokio::test]
async fn a_giver_takes_their_name_away_and_gives_it_again() {
    let stage = Stage::for_gifts().await;
    let gift = stage.paid_gift("u", 2_500).await;
    let change = |user: &str, body: Value| {
        let path = format!("/api/v1/contributions/{}", gift.ulid);
        let request = stage.gateway.request(Method::PATCH, &path);
        request.bearer_auth(token(&json!(user))).json(&body)
    };
    let named = async || good(stage.public("supporters")).await["total_count"].clone();
    assert_eq!(named().await, 1);
    let changed = good(change("u", json!({"is_anonymous": true}))).await;
    assert_eq!(changed["is_anonymous"], true);
    assert_eq!(named().await, 0);
    good(change("u", json!({"isAnonymous": false}))).await;
    assert_eq!(named().await, 1);
    for (user, body, status) in [
        ("v", json!({"is_anonymous": true}), 404),
        ("u", json!({}), 400),
        ("u", json!({"is_anonymous": "yes"}), 400),
    ] {
        assert_eq!(problem(change(user, body)).await["status"], status);
    }
    let preflight = stage
        .gateway
        .request(Method::OPTIONS, "/api/v1/contributions/X")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PATCH");
    let allowed = sent(preflight).await.headers()["access-control-allow-methods"].clone();
    assert!(allowed.to_str().unwrap().contains("PATCH"), "{allowed:?}");
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_by_its_field() {
    let stage = Stage::for_gifts().await;
    let with = |member: &str, value: Value| {
        let mut body = gift(2_500);
        body[member] = value;
        body
    };
    for (body, field) in [
        (with("amount_cents", json!(499)), "amount_cents"),
        (with("amount_cents", json!(1_000_001)), "amount_cents"),
        (with("amount_cents", json!(25.5)), "amount_cents"),
        (with("amount_cents", json!("2500")), "amount_cents"),
        (
            with("public_display_consent", json!(false)),
            "public_display_consent",
        ),
        (with("is_anonymous", json!("no")), "is_anonymous"),
        (with("message", json!("x".repeat(501))), "message"),
        (with("message", json!("a\u{7}b")), "message"),
        (with("message", json!(5)), "message"),
        (with("receipt_email", json!("nobody")), "receipt_email"),
        (json!({"is_anonymous": true}), "amount_cents"),
    ] {
        let refused = problem(stage.checkout("u", &body)).await;
        assert_eq!(refused["status"], 400, "{refused}");
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let mine = stage.get("u", "/api/v1/contributions/me").await;
    assert_eq!(mine["total"], 0);
    let nobody = stage
        .gateway
        .request(Method::POST, "/api/v1/contributions/checkout");
    assert_eq!(problem(nobody.json(&gift(500))).await["status"], 401);
    let other = stage
        .checkout("u", &gift(500))
        .header("x-tenant-id", "other");
    assert_eq!(problem(other).await["code"], "TENANT_MISMATCH");
    for unknown in ["01HQ5W8X7C9D3K2M4N6P8R0STV", "x", "%ff"] {
        let request = stage.public(&format!("contributions/{unknown}"));
        assert_eq!(problem(request).await["status"], 404, "{unknown}");
    }
    // Up to the edges it is taken.
    let edges = [
        with("amount_cents", json!(500)),
        with("message", json!("я".repeat(500))),
    ];
    for body in edges {
        good(stage.checkout("u", &body)).await;
    }
}

#[tokio::test]
async fn a_sixth_page_within_a_minute_is_refused() {
    let flags = [&FLAGS[..], &["--payment-limit-user=5"]].concat();
    let stage = Stage::start_with(&flags).await;
    for _ in 0..5 {
        stage.gives("u", 2_500).await;
    }
    let sixth = sent(stage.checkout("u", &gift(2_500))).await;
    assert_eq!(sixth.status(), 429);
    assert!(sixth.headers().contains_key("retry-after"));
    let problem: Value = sixth.json().await.unwrap();
    assert_eq!(problem["code"], "RATE_LIMITED");
    stage.gives("v", 2_500).await;
}

#[tokio::test]
async fn whoever_has_no_pages_takes_no_contributions() {
    let stage = Stage::start().await;
    let refused = problem(stage.checkout("u", &gift(2_500))).await;
    assert_eq!(refused["code"], "PAYMENTS_OFF", "{refused}");
}

#[tokio::test]
async fn whoever_asks_to_be_anonymous_is_given_no_page_that_names_them() {
    let stage = Stage::for_gifts().await;
    let hidden = json!({"amount_cents": 2500, "is_anonymous": true});
    let first = Begun::of(&good(stage.checkout("u", &hidden)).await);
    let path = format!("/api/v1/contributions/{}", first.ulid);
    let change = stage.gateway.request(Method::PATCH, &path);
    let open = json!({"is_anonymous": false});
    good(change.bearer_auth(token(&json!("u"))).json(&open)).await;
    let second = Begun::of(&good(stage.checkout("u", &hidden)).await);
    assert_ne!(second.ulid, first.ulid);
    assert!(!stage.may(&first, "pay").await);
    stage.at_page(&second, "pay").await;
    stage.becomes(&second, "completed").await;
    assert_eq!(good(stage.public("supporters")).await["total_count"], 0);
}

#[tokio::test]
async fn money_that_did_not_come_is_found_out_where_only_the_payment_was_told_of() {
    let stage = Stage::for_gifts().await;
    let gift = stage.gives("u", 2_500).await;
    stage.at_page(&gift, "pay_later").await;
    stage.delivered().await;
    // What is reported of the page is lost from now on.
    stage.control("mode", json!({"withhold": true})).await;
    stage.at_page(&gift, "fail").await;
    assert_eq!(stage.shown(&gift).await["status"], "pending");
    let since = Timestamp::now() - SignedDuration::from_hours(1);
    let reconciled = billing_gateway::reconcile(&stage.config(&FLAGS), since).await;
    reconciled.unwrap();
    assert_eq!(stage.shown(&gift).await["status"], "failed");
    let progress = good(stage.public("progress")).await;
    assert_eq!(progress["pending_cents"], 0);
}

#[tokio::test]
async fn a_key_that_is_used_again_says_what_became_of_its_contribution() {
    let stage = Stage::for_gifts().await;
    let keyed = |key: &str| {
        stage
            .checkout("u", &gift(2_500))
            .header("idempotency-key", key)
    };
    let paid = Begun::of(&good(keyed("1")).await);
    stage.at_page(&paid, "pay").await;
    stage.becomes(&paid, "completed").await;
    assert_eq!(good(keyed("1")).await["status"], "completed");
    let ended = good(keyed("2")).await;
    assert_eq!(ended["status"], "pending");
    stage.at_page(&Begun::of(&ended), "expire").await;
    stage.becomes(&Begun::of(&ended), "failed").await;
    assert_eq!(good(keyed("2")).await["status"], "failed");
}
