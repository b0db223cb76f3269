//! Badges, the wall and the progress, as they are read over HTTP. Who gave what is told to the core as the
//! gateway's part for payments tells it.

mod anonymous;
mod me;
mod moderated;
mod named;
mod public;
mod wall;

use std::sync::atomic::{AtomicU32, Ordering};

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::gateway::{Gateway, config, sent, token_of};
use crate::stage::good;

/// Where no tenant is named.
const DEFAULT: &str = "demo";

/// A gift of 25 dollars of the default tenant, for all to see.
#[derive(Clone, Copy)]
struct Gift<'a> {
    tenant: &'a str,
    user: &'a str,
    name: &'a str,
    cents: i64,
    is_anonymous: bool,
    message: &'a str,
    /// None: now.
    paid_at: Option<&'a str>,
}

impl Default for Gift<'_> {
    fn default() -> Self {
        Self {
            tenant: DEFAULT,
            user: "alice",
            name: "Alice Johnson",
            cents: 2_500,
            is_anonymous: false,
            message: "",
            paid_at: None,
        }
    }
}

/// A core, and a gateway for the users of several tenants.
struct Scene {
    core: TestCore,
    gateway: Gateway,
    gifts: AtomicU32,
}

impl Scene {
    async fn set() -> Self {
        let database = TestDatabase::new().await;
        let core = TestCore::start(&database).await;
        let admin_token = format!("--core-admin-token={}", core.admin_token);
        let flags = [
            "--jwt-tenant-claim=tenantId",
            "--jwt-admin-claim=role",
            "--jwt-admin-value=admin",
            &admin_token,
            "--rate-limit-public=100000",
            "--rate-limit-ip=100000",
        ];
        let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
        Self {
            core,
            gateway,
            gifts: AtomicU32::new(0),
        }
    }

    /// A gift that is paid.
    async fn gives(&self, gift: Gift<'_>) -> v1::Payment {
        let payment = self.begun(gift).await.payment.unwrap();
        let report = state(PaymentState::Succeeded, gift.cents);
        self.told(&payment, "paid", gift.paid_at, Report::Payment(report))
            .await;
        payment
    }

    async fn begun(&self, gift: Gift<'_>) -> v1::CreatePaymentResponse {
        let number = self.gifts.fetch_add(1, Ordering::Relaxed);
        let request = v1::CreatePaymentRequest {
            account: Some(v1::AccountRef {
                tenant_id: gift.tenant.to_owned(),
                user_id: gift.user.to_owned(),
            }),
            idempotency_key: number.to_string(),
            provider: "stripe".to_owned(),
            purpose: v1::PaymentPurpose::Contribution.into(),
            amount_minor: gift.cents,
            currency: "USD".to_owned(),
            contact: Some(v1::Contact {
                name: gift.name.to_owned(),
                ..Default::default()
            }),
            contribution: Some(v1::ContributionTerms {
                is_anonymous: gift.is_anonymous,
                public_display_consent: !gift.is_anonymous,
                message: gift.message.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let created = self.core.payments().create_payment(request).await;
        created.unwrap().into_inner()
    }

    async fn refunded(&self, payment: &v1::Payment, cents: i64) {
        let report = Report::Refund(v1::RefundReport {
            provider_reference: "re_1".to_owned(),
            amount_minor: cents,
            currency: "USD".to_owned(),
            state: RefundState::Succeeded.into(),
            ..Default::default()
        });
        self.told(payment, "refunded", None, report).await;
    }

    async fn told(&self, payment: &v1::Payment, what: &str, at: Option<&str>, report: Report) {
        let at = at.map_or_else(Timestamp::now, |at| at.parse().unwrap());
        let event = v1::ApplyProviderEventRequest {
            provider: "stripe".to_owned(),
            event_id: format!("{}:{what}", payment.payment_id),
            event_type: "a.report".to_owned(),
            payment_id: payment.payment_id.clone(),
            occurred_at: Some(prost_types::Timestamp {
                seconds: at.as_second(),
                nanos: at.subsec_nanosecond(),
            }),
            raw: br#"{"id": "evt"}"#.to_vec(),
            report: Some(report),
            ..Default::default()
        };
        let mut core = self.core.payments();
        core.apply_provider_event(event).await.unwrap();
    }

    async fn set_sponsorship(&self, sponsorship: v1::Sponsorship) {
        let request = v1::SetSponsorshipRequest {
            sponsorship: Some(sponsorship),
            ..Default::default()
        };
        let mut admin = self.core.sponsorship_admin();
        admin.set_sponsorship(request).await.unwrap();
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.gateway.get(&format!("/api/v1/{path}"))
    }

    async fn json(&self, path: &str) -> Value {
        good(self.get(path)).await
    }

    /// To a user of the default tenant.
    async fn json_to(&self, user: &str, path: &str) -> Value {
        good(self.get(path).bearer_auth(token(DEFAULT, user))).await
    }

    /// Changes how a user of the default tenant is shown.
    fn put_me(&self, user: &str, body: &Value) -> RequestBuilder {
        self.gateway
            .request(Method::PUT, "/api/v1/supporters/me")
            .bearer_auth(token(DEFAULT, user))
            .json(body)
    }
}

fn state(state: PaymentState, cents: i64) -> v1::PaymentReport {
    v1::PaymentReport {
        state: state.into(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        ..Default::default()
    }
}

fn token(tenant: &str, user: &str) -> String {
    token_of(&json!({"userId": user, "tenantId": tenant}))
}

fn tenant(tenant: &str) -> v1::Sponsorship {
    v1::Sponsorship {
        tenant_id: tenant.to_owned(),
        ..Default::default()
    }
}

/// All that an answer says, but when and of which request.
async fn bytes(request: RequestBuilder) -> String {
    let answer = sent(request).await;
    let status = answer.status();
    let header = |name: &str| answer.headers().get(name).cloned();
    let headers = ["etag", "content-type", "cache-control", "content-length"].map(header);
    let body = answer.text().await.unwrap();
    format!("{status} {headers:?} {body}")
}

/// The names on a page of the wall, from the highest level on.
fn names(wall: &Value) -> Vec<&str> {
    ["platinum", "gold", "silver", "bronze", "supporter"]
        .iter()
        .flat_map(|level| wall["supporters"][level].as_array().unwrap())
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}
