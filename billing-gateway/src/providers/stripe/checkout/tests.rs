//! Pages of the sandbox's, and what events of them mean.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{Payment, PaymentReport, PaymentState};
use billing_sandbox::{Options, Sandbox};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::tests::{read, stripe};
use super::super::{Config, Settings, Stripe, open};
use crate::providers::{Customers, Event, HostedPages, Order, Page, Provider};

const KEY: &str = "sk_test_1";

async fn stage() -> (Sandbox, Stripe) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options::new(KEY.into(), "whsec_1".into());
    let sandbox = Sandbox::start(listener, options).unwrap();
    let settings = Settings {
        secret_key: Some(KEY.into()),
        webhook_secret: Some("whsec_1".into()),
        publishable_key: None,
        api_url: sandbox.url(),
        success_url: Some("https://a.example/t?s={CHECKOUT_SESSION_ID}".to_owned()),
        cancel_url: Some("https://a.example/c".to_owned()),
        checkout_expiry_secs: 3_600,
    };
    let stripe = open(&Config::checked(settings, None).unwrap().unwrap()).unwrap();
    (sandbox, stripe)
}

fn payment() -> Payment {
    Payment {
        payment_id: "0f-1".to_owned(),
        amount_minor: 2500,
        currency: "USD".to_owned(),
        created_at: Some(prost_types::Timestamp {
            seconds: Timestamp::now().as_second(),
            nanos: 0,
        }),
        ..Payment::default()
    }
}

fn order(payment: &Payment) -> Order<'_> {
    Order {
        payment,
        receipt_email: Some("a@example.org"),
        page: Page {
            product: "Support us",
            description: "Thank you",
            ulid: "U1",
            back: None,
        },
    }
}

async fn control(sandbox: &Sandbox, path: &str, fields: Value) -> Value {
    let url = format!("{}/sandbox/{path}", sandbox.url());
    let answer = reqwest::Client::new().post(url).json(&fields).send().await;
    answer.unwrap().json().await.unwrap()
}

fn reported(event: &Event) -> &PaymentReport {
    match &event.report {
        Some(Report::Payment(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_is_made_once_found_again_and_says_whose_payment_it_is() {
    let (sandbox, stripe) = stage().await;
    let payment = payment();
    let customer = Customers::open(&stripe, &payment).await.unwrap();
    assert!(stripe.find(&payment, &customer).await.unwrap().is_none());
    // Stripe keeps the fault with the key: the page is there all the same.
    let fault = json!({"fault": "fail_after_commit", "request": "create_checkout_session"});
    control(&sandbox, "faults", fault).await;
    let first = stripe.create(&order(&payment), &customer).await.unwrap();
    let again = stripe.create(&order(&payment), &customer).await.unwrap();
    let found = stripe.find(&payment, &customer).await.unwrap().unwrap();
    let page = first.page_url.clone().unwrap();
    assert!(page.starts_with(&sandbox.url()), "{page}");
    for other in [&again, &found] {
        assert_eq!(
            (&other.reference, &other.page_url),
            (&first.reference, &first.page_url)
        );
    }
    assert!(stripe.is_reference(&first.reference));
    let made = control(
        &sandbox,
        &format!("sessions/{}/pay", first.reference),
        json!({}),
    )
    .await;
    assert_eq!(made["client_reference_id"], "0f-1");
    assert_eq!(
        made["metadata"],
        json!({"payment_id": "0f-1", "account_id": "0f"})
    );
    assert_eq!(made["customer"], customer.as_str());
    let success_url = "https://a.example/t?s={CHECKOUT_SESSION_ID}&contribution=U1";
    assert_eq!(made["success_url"], success_url);
    assert_eq!(made["cancel_url"], "https://a.example/c");
    assert_eq!(made["amount_total"], 2500);
    let intent = made["payment_intent"].as_str().unwrap();
    let event = stripe.retrieve(intent).await.unwrap().remove(0);
    assert_eq!(
        (event.payment_id.as_str(), event.account_id.as_str()),
        ("0f-1", "0f")
    );
}

#[tokio::test]
async fn what_is_paid_is_not_expired_and_what_is_not_is() {
    let (sandbox, stripe) = stage().await;
    for (action, state) in [
        (None, PaymentState::Expired),
        (Some("decline"), PaymentState::Expired),
        (Some("pay"), PaymentState::Succeeded),
        (Some("pay_later"), PaymentState::Pending),
        (Some("fail"), PaymentState::Failed),
    ] {
        let payment = Payment {
            payment_id: format!("0f-{}", action.unwrap_or("none")),
            ..payment()
        };
        let opened = stripe.create(&order(&payment), "").await.unwrap();
        let reference = opened.reference.as_str();
        if action == Some("fail") {
            control(
                &sandbox,
                &format!("sessions/{reference}/pay_later"),
                json!({}),
            )
            .await;
        }
        if let Some(action) = action {
            control(
                &sandbox,
                &format!("sessions/{reference}/{action}"),
                json!({}),
            )
            .await;
        }
        // By the name of what was paid on it, where there is one, just as well.
        for name in [
            Some(reference.to_owned()),
            stripe.intent_of(reference).await.unwrap(),
        ] {
            let Some(name) = name else { continue };
            let event = stripe.expire(&name).await.unwrap().remove(0);
            assert_eq!(reported(&event).state(), state, "{action:?}");
            let is_on_its_way = action == Some("pay_later");
            assert_eq!(reported(&event).processing, is_on_its_way, "{action:?}");
            assert_eq!(event.reference, reference);
            assert_eq!(event.further_references.is_empty(), action.is_none());
            let raw = String::from_utf8(event.raw.clone()).unwrap();
            assert!(!raw.contains("/c/pay/"), "{raw}");
            let again = stripe.read_event(raw.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!(again, event);
        }
    }
}

fn session(payment_status: &str) -> Value {
    json!({
        "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
        "payment_status": payment_status, "amount_total": 2500, "currency": "usd",
        "payment_intent": "pi_1", "client_reference_id": "0f-1", "metadata": {"account_id": "0f"},
        "presentment_details": {"presentment_amount": 999, "presentment_currency": "eur"},
    })
}

#[test]
fn a_session_is_a_success_only_where_it_is_paid_and_names_its_payment_besides() {
    use PaymentState::{Expired, Failed, Pending, Succeeded};
    for (event_type, payment_status, state) in [
        ("completed", "paid", Succeeded),
        ("completed", "no_payment_required", Succeeded),
        ("completed", "unpaid", Pending),
        ("completed", "of_another_version", Pending),
        ("async_payment_succeeded", "paid", Succeeded),
        ("async_payment_failed", "unpaid", Failed),
        ("expired", "unpaid", Expired),
    ] {
        let event = read(
            &format!("checkout.session.{event_type}"),
            &session(payment_status),
        );
        let report = reported(&event);
        assert_eq!(report.state(), state, "{event_type} {payment_status}");
        // What is complete and not paid is on its way.
        assert_eq!(report.processing, state == Pending, "{event_type}");
        assert_eq!(
            (report.amount_minor, report.currency.as_str()),
            (2500, "usd")
        );
        assert_eq!(event.reference, "cs_test_1");
        assert_eq!(event.further_references, ["pi_1"]);
        assert_eq!(
            (event.payment_id.as_str(), event.account_id.as_str()),
            ("0f-1", "0f")
        );
        let request = event.into_request("stripe");
        assert_eq!(request.further_references, ["pi_1"]);
    }
    for name in ["amount_total", "currency"] {
        let mut unsaid = session("paid");
        unsaid[name] = Value::Null;
        let event = read("checkout.session.completed", &unsaid);
        assert!(
            matches!(event.report, Some(Report::Unreadable(_))),
            "{event:?}"
        );
    }
    let mut other = session("no_payment_required");
    other["mode"] = json!("setup");
    assert_eq!(read("checkout.session.completed", &other).report, None);
}

#[tokio::test]
async fn nothing_but_a_sessions_id_gets_into_its_path() {
    let stripe = stripe("http://127.0.0.1:1");
    for crafted in ["cs_", "cs_x/../..", "cs_x?y", "cs_é", "seti_1"] {
        assert!(!stripe.is_reference(crafted), "{crafted}");
        let refused = stripe.expire(crafted).await.unwrap_err();
        assert_eq!(refused.name(), "away", "{crafted}");
    }
}
