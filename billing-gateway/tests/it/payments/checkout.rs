//! Payments that are made on a page of Stripe's, which is called otherwise than what is paid on it. The
//! pages are made here as another program of ours makes them: top-ups are paid by intents.

use std::time::{Duration, Instant};

use billing_proto::v1::{
    AttachProviderReferenceRequest, ContributionTerms, CreatePaymentRequest, GetProgressRequest,
    PaymentPurpose,
};
use serde_json::{Value, json};

use super::stage::{SECRET_KEY, Stage, good};
use crate::gateway::{Gateway, account, sent};

/// A page that is open, by our name of the payment and Stripe's of the page.
struct Opened {
    payment_id: String,
    session: String,
}

impl Stage {
    /// A page that core and Stripe know.
    async fn page(&self, user: &str) -> Opened {
        let opened = self.unattached_page(user).await;
        let request = AttachProviderReferenceRequest {
            payment_id: opened.payment_id.clone(),
            provider_reference: opened.session.clone(),
            ..AttachProviderReferenceRequest::default()
        };
        let mut core = self.core.payments();
        core.attach_provider_reference(request).await.unwrap();
        opened
    }

    /// One of whose creation no answer came.
    async fn unattached_page(&self, user: &str) -> Opened {
        let request = CreatePaymentRequest {
            account: Some(account(user)),
            idempotency_key: "1".to_owned(),
            provider: "stripe".to_owned(),
            purpose: PaymentPurpose::TopUp.into(),
            amount_minor: 2500,
            currency: "USD".to_owned(),
            ..CreatePaymentRequest::default()
        };
        self.page_of(request).await
    }

    /// One on which a contribution of as much is made.
    async fn contribution_page(&self, user: &str) -> Opened {
        let request = CreatePaymentRequest {
            account: Some(account(user)),
            idempotency_key: "1".to_owned(),
            provider: "stripe".to_owned(),
            purpose: PaymentPurpose::Contribution.into(),
            amount_minor: 2500,
            currency: "USD".to_owned(),
            contribution: Some(ContributionTerms {
                is_anonymous: true,
                ..ContributionTerms::default()
            }),
            ..CreatePaymentRequest::default()
        };
        self.page_of(request).await
    }

    async fn page_of(&self, request: CreatePaymentRequest) -> Opened {
        let created = self.core.payments().create_payment(request).await.unwrap();
        let payment_id = created.into_inner().payment.unwrap().payment_id;
        let fields = [
            ("mode", "payment"),
            ("line_items[0][price_data][currency]", "usd"),
            ("line_items[0][price_data][unit_amount]", "2500"),
            (
                "line_items[0][price_data][product_data][name]",
                "Support us",
            ),
            ("metadata[payment_id]", &payment_id),
            ("payment_intent_data[metadata][payment_id]", &payment_id),
            ("client_reference_id", &payment_id),
            ("success_url", "https://a.example/t"),
        ];
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let url = format!("{}/v1/checkout/sessions", self.sandbox.url());
        let request = self
            .client
            .post(url)
            .bearer_auth(SECRET_KEY)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let session: Value = sent(request).await.json().await.unwrap();
        Opened {
            payment_id,
            session: session["id"].as_str().unwrap().to_owned(),
        }
    }

    async fn on_page(&self, opened: &Opened, action: &str, fields: Value) -> Value {
        self.control(&format!("sessions/{}/{action}", opened.session), fields)
            .await
    }

    /// What the tenant was given this month, and what is on its way to it.
    async fn meter(&self) -> (i64, i64) {
        let tenant_id = account("u").tenant_id;
        let mut core = self.core.sponsorship();
        let answer = core.get_progress(GetProgressRequest { tenant_id }).await;
        let now = answer.unwrap().into_inner();
        (now.current_minor, now.pending_minor)
    }

    async fn state_becomes(&self, user: &str, opened: &Opened, state: &str) {
        let since = Instant::now();
        while self.status(user, &opened.payment_id).await["status"] != state {
            assert!(since.elapsed() < Duration::from_secs(20), "{state}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn what_is_paid_on_a_page_is_credited_once_refunded_and_disputed() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"copies": 3})).await;
    let opened = stage.page("u").await;
    stage.on_page(&opened, "decline", json!({})).await;
    stage.on_page(&opened, "pay", json!({})).await;
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    let body = json!({"amount_usd": 10, "reason": "asked for"});
    let refund = good(stage.refund(&opened.payment_id, &body, "1")).await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(stage.balance("u").await, "15");
    let dispute = json!({"amount": 500});
    stage.on_page(&opened, "dispute", dispute).await;
    stage.balance_becomes("u", "10").await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "10");
    let outcomes = stage.events().await;
    let wrong = outcomes
        .iter()
        .find(|(_, outcome)| outcome == "contradiction");
    assert_eq!(wrong, None);
    // It is found by either name.
    let by_session = stage.status("u", &opened.session).await;
    assert_eq!(by_session["status"], "succeeded");
}

#[tokio::test]
async fn what_is_paid_later_is_credited_when_the_money_arrives() {
    let stage = Stage::start().await;
    let (arrives, fails) = (stage.page("a").await, stage.page("b").await);
    for opened in [&arrives, &fails] {
        stage.on_page(opened, "pay_later", json!({})).await;
    }
    stage.delivered().await;
    assert_eq!(stage.balance("a").await, "0");
    assert_eq!(
        stage.status("a", &arrives.payment_id).await["status"],
        "pending"
    );
    stage.on_page(&arrives, "succeed", json!({})).await;
    stage.on_page(&fails, "fail", json!({})).await;
    stage.balance_becomes("a", "25").await;
    stage.state_becomes("b", &fails, "failed").await;
    stage.delivered().await;
    assert_eq!(stage.history("a").await.len(), 1);
    assert_eq!(stage.balance("b").await, "0");
}

#[tokio::test]
async fn what_is_on_its_way_to_a_tenant_is_pending_apart_until_it_comes_also_where_no_webhook_tells()
 {
    let stage = Stage::start().await;
    let (arrives, fails) = (
        stage.contribution_page("a").await,
        stage.contribution_page("b").await,
    );
    for opened in [&arrives, &fails] {
        stage.on_page(opened, "pay_later", json!({})).await;
    }
    stage.delivered().await;
    assert_eq!(stage.meter().await, (0, 5000));
    stage.on_page(&fails, "fail", json!({})).await;
    stage.delivered().await;
    assert_eq!(stage.meter().await, (0, 2500));
    stage.control("mode", json!({"withhold": true})).await;
    stage.on_page(&arrives, "succeed", json!({})).await;
    // An operator sees that a webhook was lost, though no account has moved.
    let tally = stage.reconcile().await;
    assert_eq!((tally.applied, tally.failed), (1, 0), "{tally}");
    assert_eq!(stage.meter().await, (2500, 0));
    stage.control("release", json!({})).await;
    stage.delivered().await;
    assert_eq!(stage.meter().await, (2500, 0));
}

#[tokio::test]
async fn a_refund_that_is_told_before_its_page_is_taken_once_its_name_is_known() {
    let stage = Stage::start().await;
    stage
        .control("mode", json!({"withhold": true, "reverse": true}))
        .await;
    let opened = stage.page("u").await;
    stage.on_page(&opened, "pay", json!({})).await;
    stage
        .on_page(&opened, "refund", json!({"amount": 1000}))
        .await;
    stage.control("release", json!({})).await;
    stage.delivered().await;
    billing_gateway::replay(&stage.config(&[]), None)
        .await
        .unwrap();
    assert_eq!(stage.balance("u").await, "15");
    assert!(
        stage
            .events()
            .await
            .iter()
            .all(|(_, outcome)| outcome != "contradiction")
    );
}

#[tokio::test]
async fn what_no_webhook_told_of_a_page_is_asked_for_with_its_refunds_and_disputes() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let (paid, later, failed) = (
        stage.page("a").await,
        stage.page("b").await,
        stage.page("c").await,
    );
    stage.on_page(&paid, "pay", json!({})).await;
    stage
        .on_page(&paid, "refund", json!({"amount": 1000}))
        .await;
    stage
        .on_page(&paid, "dispute", json!({"amount": 300}))
        .await;
    stage.on_page(&later, "pay_later", json!({})).await;
    stage.on_page(&failed, "pay_later", json!({})).await;
    stage.on_page(&failed, "fail", json!({})).await;
    let tally = stage.reconcile().await;
    assert_eq!((tally.looked_at, tally.failed), (3, 0), "{tally}");
    assert_eq!(stage.balance("a").await, "12");
    assert_eq!(
        stage.status("b", &later.payment_id).await["status"],
        "pending"
    );
    assert_eq!(
        stage.status("c", &failed.payment_id).await["status"],
        "failed"
    );
    stage.on_page(&later, "succeed", json!({})).await;
    stage.control("release", json!({})).await;
    stage.delivered().await;
    let balances = [
        stage.balance("a").await,
        stage.balance("b").await,
        stage.balance("c").await,
    ];
    assert_eq!(balances, ["12", "25", "0"]);
    assert!(
        stage
            .events()
            .await
            .iter()
            .all(|(_, outcome)| outcome != "contradiction")
    );
}

#[tokio::test]
async fn a_page_whose_creation_was_not_answered_is_known_by_what_is_told_of_it() {
    let stage = Stage::start().await;
    let opened = stage.unattached_page("u").await;
    stage.on_page(&opened, "pay", json!({})).await;
    stage.balance_becomes("u", "25").await;
    stage.delivered().await;
    assert_eq!(stage.history("u").await.len(), 1);
    let body = json!({"reason": "asked for"});
    good(stage.refund(&opened.payment_id, &body, "1")).await;
    assert_eq!(stage.balance("u").await, "0");
}

#[tokio::test]
async fn a_page_that_nobody_paid_for_a_day_is_ended_at_stripe_too() {
    let stage = Stage::start().await;
    stage.control("mode", json!({"withhold": true})).await;
    let (unpaid, paid) = (stage.page("a").await, stage.page("b").await);
    stage.on_page(&paid, "pay", json!({})).await;
    stage
        .sql(
            "update payment set next_check_at = clock_timestamp(),
            created_at = clock_timestamp() - interval '25 hours'",
        )
        .await;
    let _gateway = Gateway::start(stage.config(&["--reconcile-secs=1"])).await;
    stage.balance_becomes("b", "25").await;
    stage.state_becomes("a", &unpaid, "expired").await;
    let url = format!(
        "{}/v1/checkout/sessions/{}",
        stage.sandbox.url(),
        unpaid.session
    );
    let request = stage.client.get(url).bearer_auth(SECRET_KEY);
    let session: Value = sent(request).await.json().await.unwrap();
    assert_eq!(session["status"], "expired");
}

#[tokio::test]
async fn another_amount_than_was_ordered_is_not_believed_of_a_page() {
    let stage = Stage::start().await;
    for event in ["checkout.session.completed", "payment_intent.succeeded"] {
        let fault = json!({"fault": "other_amount", "event": event});
        stage.control("faults", fault).await;
    }
    let opened = stage.page("u").await;
    stage.on_page(&opened, "pay", json!({})).await;
    stage.delivered().await;
    assert_eq!(stage.balance("u").await, "0");
    let outcomes = stage.events().await;
    let contradictions = outcomes
        .iter()
        .filter(|(_, outcome)| outcome == "contradiction");
    assert_eq!(contradictions.count(), 2, "{outcomes:?}");
}
