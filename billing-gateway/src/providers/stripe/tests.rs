//! What Stripe's events mean, and how requests travel, before a server of the test's own.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{Payment, PaymentState, RefundState};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Config, Settings, Stripe, open};
use crate::providers::{
    Event, Intents, Order, Page, Provider, ProviderError, RefundOrder, Refunds,
};

type Answers = Arc<Mutex<Vec<Response>>>;
/// Path with query, headers, body.
type Seen = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

/// Stripe at `url`.
pub(super) fn stripe(url: &str) -> Stripe {
    // Only the first test of the process succeeds in this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Settings {
        secret_key: Some("sk_test_1".into()),
        webhook_secret: Some("whsec_1".into()),
        publishable_key: None,
        api_url: url.to_owned(),
        success_url: Some("https://a.example/t".to_owned()),
        cancel_url: Some("https://a.example/c".to_owned()),
        checkout_expiry_secs: 3_600,
    };
    open(&Config::checked(settings, None).unwrap().unwrap()).unwrap()
}

/// Stripe, which gives these answers one after the other, and what it was asked.
async fn answering(answers: Vec<Response>) -> (Stripe, Seen) {
    let answers: Answers = Arc::new(Mutex::new(answers));
    let seen = Seen::default();
    let app = Router::new()
        .fallback(
            async |State((answers, seen)): State<(Answers, Seen)>,
                   uri: Uri,
                   headers: HeaderMap,
                   body: Bytes| {
                let body = String::from_utf8(body.to_vec()).unwrap();
                seen.lock().unwrap().push((uri.to_string(), headers, body));
                answers.lock().unwrap().remove(0)
            },
        )
        .with_state((answers, Arc::clone(&seen)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    (stripe(&url), seen)
}

fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "amount": 2500, "amount_received": 2500,
        "currency": "usd", "status": status, "livemode": false, "client_secret": "pi_1_secret_2",
        "metadata": {"payment_id": "0f-1", "account_id": "0f"},
        "last_payment_error": {"code": "card_declined", "decline_code": "stolen_card"},
    })
}

fn payment() -> Payment {
    Payment {
        payment_id: "0f-1".to_owned(),
        amount_minor: 2500,
        currency: "USD".to_owned(),
        ..Payment::default()
    }
}

pub(super) fn read(event_type: &str, object: &Value) -> Event {
    let event = json!({
        "id": "evt_1", "object": "event", "type": event_type, "created": 1_763_700_000,
        "livemode": false, "account": "acct_1", "data": {"object": object},
    });
    stripe("http://127.0.0.1:1").read_event(event.to_string().as_bytes(), Timestamp::UNIX_EPOCH)
}

#[test]
fn each_event_of_a_payment_says_its_state_and_never_guesses() {
    for (event_type, state) in [
        ("payment_intent.succeeded", PaymentState::Succeeded),
        ("payment_intent.created", PaymentState::Pending),
        ("payment_intent.processing", PaymentState::Pending),
        ("payment_intent.payment_failed", PaymentState::Pending),
        (
            "payment_intent.requires_action",
            PaymentState::RequiresAction,
        ),
        ("payment_intent.canceled", PaymentState::Canceled),
    ] {
        let event = read(event_type, &intent("whatever"));
        assert_eq!(
            (event.reference.as_str(), event.payment_id.as_str()),
            ("pi_1", "0f-1")
        );
        assert_eq!(event.account_id, "0f");
        assert_eq!(event.provider_account, "acct_1");
        let Some(Report::Payment(report)) = event.report else {
            panic!("{event_type}");
        };
        assert_eq!(report.state(), state, "{event_type}");
        assert_eq!(report.amount_minor, 2500);
        let declined = event_type == "payment_intent.payment_failed";
        assert_eq!(
            report.decline_code == "stolen_card",
            declined,
            "{event_type}"
        );
    }
    let mut unsaid = intent("succeeded");
    unsaid["amount_received"] = Value::Null;
    let event = read("payment_intent.succeeded", &unsaid);
    assert!(
        matches!(event.report, Some(Report::Unreadable(_))),
        "{event:?}"
    );
}

#[test]
fn refunds_and_disputes_name_their_payment_in_any_shape() {
    for payment_intent in [
        json!("pi_1"),
        json!({"id": "pi_1", "object": "payment_intent"}),
    ] {
        let mut object = json!({
            "id": "re_1", "amount": 500, "currency": "usd", "status": "requires_action",
            "payment_intent": payment_intent, "metadata": {"refund_id": "r"},
        });
        let event = read("charge.refund.updated", &object);
        assert_eq!(event.reference, "pi_1");
        let Some(Report::Refund(refund)) = event.report else {
            panic!("a refund");
        };
        assert_eq!(
            (refund.state(), refund.refund_id.as_str()),
            (RefundState::Pending, "r")
        );
        object["id"] = json!("dp_1");
        let event = read("charge.dispute.funds_withdrawn", &object);
        assert_eq!(event.reference, "pi_1");
        let Some(Report::Dispute(dispute)) = event.report else {
            panic!("a dispute");
        };
        assert_eq!(dispute.movement(), Movement::FundsWithdrawn);
    }
}

#[test]
fn a_dispute_tells_each_movement_by_its_transaction_in_the_disputes_currency() {
    let transaction = |id: &str, amount: i64, currency: &str, created: i64| json!({"id": id, "amount": amount, "currency": currency, "created": created});
    let dispute = json!({
        "id": "du_1", "amount": 500, "currency": "usd", "status": "lost", "created": 7, "payment_intent": "pi_1",
        "balance_transactions": [
            transaction("txn_1", -500, "usd", 10),
            transaction("txn_2", 300, "usd", 20),
            // Our account there is in another currency: its amount is none of the payment's.
            transaction("txn_3", -461, "eur", 30),
            {"id": "txn_4", "amount": 0},
            {"amount": -500},
        ],
    });
    let event = read("charge.dispute.closed", &dispute);
    let Some(Report::Dispute(report)) = event.report else {
        panic!("a dispute");
    };
    assert_eq!(report.movement(), Movement::None);
    let moved: Vec<_> = report
        .moved
        .iter()
        .map(|moved| {
            let at = moved.occurred_at.as_ref().map(|at| at.seconds);
            (
                &*moved.provider_reference,
                moved.movement(),
                moved.amount_minor,
                at,
            )
        })
        .collect();
    assert_eq!(
        moved,
        [
            ("txn_1", Movement::FundsWithdrawn, 500, Some(10)),
            ("txn_2", Movement::FundsReinstated, 300, Some(20)),
            ("txn_3", Movement::FundsWithdrawn, 500, Some(30)),
        ]
    );
}

#[test]
fn whatever_else_is_authentic_is_kept_as_it_came() {
    let unknown = read("payment_intent.teleported", &intent("succeeded"));
    assert_eq!((unknown.id.as_str(), &unknown.report), ("evt_1", &None));
    for object in [Value::Null, json!(7), json!({"id": 7})] {
        let event = read("payment_intent.succeeded", &object);
        assert_eq!(event.id, "evt_1");
        assert!(
            matches!(event.report, Some(Report::Unreadable(_))),
            "{object}"
        );
    }
    let thin = json!({"id": "evt_2", "object": "v2.core.event", "type": "v2.core.thing",
        "created": "2026-11-21T09:00:00.000Z", "related_object": {"id": "x"}});
    let thin =
        stripe("http://127.0.0.1:1").read_event(thin.to_string().as_bytes(), Timestamp::UNIX_EPOCH);
    assert_eq!((thin.id.as_str(), thin.report), ("evt_2", None));
    assert_eq!(thin.occurred_at.to_string(), "2026-11-21T09:00:00Z");
    for raw in [&b"\xff\xfe"[..], b"[]", b"", b"{\"id\": 1"] {
        let event = stripe("http://127.0.0.1:1").read_event(raw, Timestamp::UNIX_EPOCH);
        assert!(matches!(event.report, Some(Report::Unreadable(_))));
        assert_eq!(event.raw, raw);
    }
}

/// What JSON allows, and readers of JSON stumble over, where nobody reads it.
fn odd(depth: usize) -> [String; 4] {
    let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    [
        r#""statement": "\ud800""#.to_owned(),
        r#""\udfff": 1, "é": 2"#.to_owned(),
        format!(r#""deep": {nested}"#),
        r#""big": 1e999, "twice": 1, "twice": 2"#.to_owned(),
    ]
}

#[test]
fn no_member_that_nobody_needs_makes_an_event_unread() {
    let stripe = stripe("http://127.0.0.1:1");
    for odd in odd(100_000) {
        for mark in ["", "\u{feff}"] {
            let event = format!(
                r#"{mark}{{{odd}, "id": "evt_1", "type": "payment_intent.succeeded", "livemode": false,
                "created": 1763700000.0, "data": {{{odd}, "object": {{{odd}, "id": "pi_1", "amount": 2500.0,
                "amount_received": 2500.00, "currency": "usd", "status": "succeeded", "last_payment_error":
                {{{odd}}}, "metadata": {{{odd}, "payment_id": "0f-1", "account_id": "0f"}}}}}}}}"#
            );
            let read = stripe.read_event(event.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!(
                (read.id.as_str(), read.reference.as_str()),
                ("evt_1", "pi_1"),
                "{read:?}"
            );
            assert_eq!(
                (read.payment_id.as_str(), read.account_id.as_str()),
                ("0f-1", "0f")
            );
            assert_eq!(read.occurred_at.as_second(), 1_763_700_000);
            let Some(Report::Payment(report)) = &read.report else {
                panic!("{:?}", read.report);
            };
            assert_eq!(
                (report.amount_minor, report.currency.as_str()),
                (2500, "usd")
            );
        }
    }
    let moved = format!(
        r#"{{"id": "evt_3", "type": "charge.dispute.funds_withdrawn", "livemode": false, "data": {{"object":
        {{"id": "du_1", "amount": 500, "currency": "usd", "status": "lost", "payment_intent": "pi_1",
        "balance_transactions": [{{{odd}, "id": "txn_1", "amount": -500.0, "currency": "usd"}}]}}}}}}"#,
        odd = odd(200).join(","),
    );
    let Some(Report::Dispute(moved)) = stripe
        .read_event(moved.as_bytes(), Timestamp::UNIX_EPOCH)
        .report
    else {
        panic!("a dispute");
    };
    assert_eq!(moved.moved.len(), 1, "{moved:?}");
    let refund = format!(
        r#"{{"id": "evt_2", "type": "refund.updated", "livemode": false, "data": {{"object": {{"id": "re_1",
        "amount": 500, "currency": "usd", "payment_intent": {{"id": "pi_1", {}}}}}}}}}"#,
        odd(200)[2],
    );
    assert_eq!(
        stripe
            .read_event(refund.as_bytes(), Timestamp::UNIX_EPOCH)
            .reference,
        "pi_1"
    );
}

#[test]
fn what_is_needed_is_read_strictly_and_kept_where_it_cannot_be() {
    let event = |kind: &str, object: &str| {
        let event = format!(
            r#"{{"id": "evt_1", "type": {kind}, "livemode": false, "data": {{"object": {object}}}}}"#
        );
        stripe("http://127.0.0.1:1").read_event(event.as_bytes(), Timestamp::UNIX_EPOCH)
    };
    let object = |amounts: &str| {
        format!(r#"{{"id": "pi_1", {amounts}, "currency": "usd", "status": "succeeded"}}"#)
    };
    let good = object(r#""amount": 1, "amount_received": 1"#);
    let paid = r#""payment_intent.succeeded""#;
    let dispute = |moved: &str| {
        format!(
            r#"{{"id": "du_1", "amount": 500, "currency": "usd", "payment_intent": "pi_1",
            "balance_transactions": [{{"id": "txn_1", "amount": -500}}, {moved}]}}"#
        )
    };
    let withdrawn = r#""charge.dispute.funds_withdrawn""#;
    for (event_type, object) in [
        (paid, object(r#""amount": 1, "amount_received": 1.5"#)),
        (paid, object(r#""amount": 1, "amount_received": 1e2"#)),
        (paid, object(r#""amount": 1, "amount_received": "1""#)),
        (paid, object(r#""amount": 1.01, "amount_received": 1"#)),
        (
            paid,
            object(r#""amount": 1, "amount_received": 1, "amount_received": 2"#),
        ),
        (paid, good.replace("pi_1", r"\ud800")),
        (paid, r#"["pi_1", 1, 1, "usd", "succeeded"]"#.to_owned()),
        // Without it the second withdrawal of a dispute would be taken for the first.
        (withdrawn, dispute(r#"{"id": "txn_2"}"#)),
        (withdrawn, dispute(r#"{"id": "txn_2", "amount": "-500"}"#)),
        (withdrawn, dispute(r#"["txn_2", -500, "usd", 1]"#)),
        (r#""\ud800""#, good.clone()),
        ("7", good.clone()),
    ] {
        let read = event(event_type, &object);
        assert_eq!(read.id, "evt_1");
        assert!(
            matches!(read.report, Some(Report::Unreadable(_))),
            "{object}: {read:?}"
        );
    }
    assert!(matches!(
        event(paid, &good).report,
        Some(Report::Payment(_))
    ));
}

#[tokio::test]
async fn what_may_pass_is_sent_again_under_the_same_key() {
    let failed = || answer(500, &json!({"error": {"type": "api_error"}}));
    let busy = answer(409, &json!({"error": {"code": "lock_timeout"}}));
    let (stripe, seen) = answering(vec![failed(), busy, answer(200, &intent("succeeded"))]).await;
    let payment = payment();
    let order = Order {
        payment: &payment,
        receipt_email: Some("a+b@c.example"),
        page: Page::TOP_UP,
    };
    let opened = stripe.create(&order, "cus_1").await.unwrap();
    assert_eq!(opened.reference, "pi_1");
    let browser = json!({"clientSecret": "pi_1_secret_2", "paymentIntentId": "pi_1"});
    assert_eq!(serde_json::to_value(&opened.browser).unwrap(), browser);
    assert!(!format!("{opened:?}").contains("secret_2"));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for (path, headers, body) in seen.iter() {
        assert_eq!(path, "/v1/payment_intents");
        assert_eq!(headers["idempotency-key"], "0f-1");
        assert_eq!(headers["authorization"], "Bearer sk_test_1");
        assert_eq!(headers["stripe-version"], "2026-09-30.endive");
        for part in [
            "amount=2500",
            "currency=usd",
            "customer=cus_1",
            "receipt_email=a%2Bb@c.example",
            "metadata[payment_id]=0f-1",
            "metadata[account_id]=0f",
            "automatic_payment_methods[enabled]=true",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
    }
}

/// An answer with what Stripe says of asking again.
fn advised(status: u16, body: &Value, should_retry: Option<&'static str>) -> Response {
    let mut response = answer(status, body);
    if let Some(advice) = should_retry {
        let advice = HeaderValue::from_static(advice);
        response.headers_mut().insert("stripe-should-retry", advice);
    }
    response
}

#[tokio::test]
async fn only_what_the_request_is_to_blame_for_is_refused_for_good() {
    let order = RefundOrder {
        reference: "pi_1",
        payment_id: "0f-1",
        refund_id: "r",
        amount_minor: 1,
    };
    let error = |kind: &str, code: &str| json!({"error": {"type": kind, "code": code}});
    let refunded = |kind: &str| error(kind, "charge_already_refunded");
    let invalid = |code: &str| error("invalid_request_error", code);
    let (yes, no) = (Some("true"), Some("false"));
    // With how often it is asked.
    for (status, body, advice, expected, asked) in [
        (400, refunded("invalid_request_error"), None, "refused", 1),
        (400, refunded("invalid_request_error"), no, "refused", 1),
        (400, refunded("invalid_request_error"), yes, "away", 3),
        (402, refunded("card_error"), None, "refused", 1),
        (402, refunded("card_error"), yes, "away", 3),
        (400, invalid("rate_limit"), None, "away", 3),
        (400, invalid("rate_limit"), no, "away", 1),
        (400, invalid("lock_timeout"), None, "away", 3),
        (404, invalid("lock_timeout"), yes, "away", 3),
        (400, refunded("idempotency_error"), None, "away", 1),
        (400, refunded("api_error"), None, "away", 1),
        (401, refunded("invalid_request_error"), None, "away", 1),
        (403, refunded("invalid_request_error"), None, "away", 1),
        // Of a proxy, not of Stripe.
        (400, json!("Bad Request"), None, "away", 1),
        (404, json!({}), None, "away", 1),
        (302, json!({}), None, "away", 1),
        (200, json!({"id": "re_1"}), None, "away", 1),
        (200, json!("x".repeat(1024 * 1024)), None, "away", 1),
    ] {
        let answers = (0..asked).map(|_| advised(status, &body, advice)).collect();
        let (stripe, seen) = answering(answers).await;
        let refused = stripe.refund(&order).await.unwrap_err();
        assert_eq!(refused.name(), expected, "{status} {advice:?}: {refused:?}");
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), asked, "{status} {advice:?}: {refused:?}");
        assert!(
            seen.iter()
                .all(|(_, headers, _)| headers["idempotency-key"] == "r")
        );
        if let ProviderError::Refused { code, .. } = refused {
            assert_eq!(code, "charge_already_refunded");
        }
    }
}

#[tokio::test]
async fn an_answer_is_read_member_by_member_too_and_a_list_is_none() {
    let text =
        |status: u16, body: String| (StatusCode::from_u16(status).unwrap(), body).into_response();
    let odd = odd(200).join(",");
    let read = |intent: &Value| intent.to_string().replacen('{', &format!("{{{odd},"), 1);
    let answers = vec![
        text(200, format!("\u{feff}{}", read(&intent("processing")))),
        text(
            200,
            r#"["pi_1", 2500, 2500, "usd", "succeeded"]"#.to_owned(),
        ),
        text(
            400,
            r#"[["invalid_request_error", "charge_already_refunded"]]"#.to_owned(),
        ),
        text(
            400,
            format!(
                "\u{feff}{{{odd}, \"error\": {{{odd}, \"type\": \"invalid_request_error\", \"code\": \"x\"}}}}"
            ),
        ),
    ];
    let (stripe, _) = answering(answers).await;
    let event = stripe.retrieve("pi_1").await.unwrap().remove(0);
    assert_eq!(event.reference, "pi_1");
    for expected in ["away", "away", "refused"] {
        let refused = stripe.retrieve("pi_1").await.unwrap_err();
        assert_eq!(refused.name(), expected, "{refused:?}");
    }
    let listed = format!(
        r#"{{"has_more": false, {odd}, "data": [{}]}}"#,
        read(&intent("processing"))
    );
    let list = |data: &str| text(200, format!(r#"{{"has_more": false, "data": {data}}}"#));
    let (stripe, _) = answering(vec![text(200, listed), list(r#"[["pi_1"]]"#)]).await;
    let found = stripe.find(&payment(), "cus_1").await.unwrap();
    assert_eq!(found.as_deref(), Some("pi_1"));
    assert!(stripe.find(&payment(), "cus_1").await.is_err());
}

#[tokio::test]
async fn a_payment_is_not_given_up_for_a_refusal_that_passes() {
    let busy = || {
        answer(
            400,
            &json!({"error": {"type": "invalid_request_error", "code": "lock_timeout"}}),
        )
    };
    let (stripe, seen) = answering(vec![busy(), busy(), busy(), busy(), busy(), busy()]).await;
    assert_eq!(stripe.cancel("pi_1").await.unwrap_err().name(), "away");
    assert_eq!(stripe.retrieve("pi_1").await.unwrap_err().name(), "away");
    let seen = seen.lock().unwrap();
    let cancels = seen.iter().filter(|(path, ..)| path.ends_with("/cancel"));
    assert_eq!((cancels.count(), seen.len()), (3, 6));
}

#[tokio::test]
async fn nothing_but_an_id_ever_gets_into_a_path() {
    let (stripe, seen) = answering(Vec::new()).await;
    for crafted in [
        "pi_",
        "pi_x/../..",
        "pi_x%2F..",
        "pi_x?y",
        "pi_x#",
        "cus_1",
        "..",
        "pi_é",
        "",
    ] {
        assert!(!stripe.is_reference(crafted), "{crafted}");
        assert!(stripe.retrieve(crafted).await.is_err(), "{crafted}");
        assert!(stripe.cancel(crafted).await.is_err(), "{crafted}");
    }
    assert!(stripe.is_reference("pi_3Abc_1"));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn equal_answers_are_one_event_and_hold_no_secret() {
    let (stripe, _) = answering(vec![
        answer(200, &intent("succeeded")),
        answer(200, &intent("succeeded")),
        answer(200, &intent("processing")),
    ])
    .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let event = stripe.retrieve("pi_1").await.unwrap().remove(0);
        let raw = String::from_utf8(event.raw.clone()).unwrap();
        assert!(!raw.contains("secret"), "{raw}");
        // Read again, it says the same.
        assert_eq!(
            stripe.read_event(raw.as_bytes(), Timestamp::UNIX_EPOCH),
            event
        );
        ids.push(event.id.clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[tokio::test]
async fn a_payment_whose_answer_was_lost_is_found_by_what_we_wrote_on_it() {
    let other = json!({"id": "pi_0", "amount": 1, "currency": "usd", "status": "canceled"});
    let (stripe, seen) = answering(vec![
        answer(200, &json!({"data": [other], "has_more": true})),
        answer(
            200,
            &json!({"data": [intent("processing")], "has_more": false}),
        ),
    ])
    .await;
    let found = stripe.find(&payment(), "cus_1").await.unwrap();
    assert_eq!(found.as_deref(), Some("pi_1"));
    let seen = seen.lock().unwrap();
    assert!(seen[1].0.contains("starting_after=pi_0"), "{}", seen[1].0);
}
