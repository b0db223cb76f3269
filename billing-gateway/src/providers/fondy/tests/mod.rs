//! Messages of Fondy's, and a server of the test's own that is it.

mod events;
mod requests;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{Payment, PaymentReport};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::message::Fields;
use super::{Config, Fondy, Settings, open, signature};
use crate::providers::{Event, Provider};

const ORDER: &str = "0123456789abcdef0123456789abcdef-00000000000000000000000000000001";
const SECRET: &str = "test";

type Answers = Arc<Mutex<Vec<Response>>>;
/// Path, body.
type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// Fondy at `url`.
fn fondy(url: &str) -> Fondy {
    // Only the first test of the process succeeds in this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Settings {
        merchant_id: Some(1_396_424),
        secret_key: Some(SECRET.into()),
        api_url: format!("{url}/api"),
        name: "fondy".to_owned(),
        backend_url: Some("https://billing.example.com".to_owned()),
        frontend_url: Some("https://app.example.com/billing?tab=1".to_owned()),
    };
    open(&Config::checked(settings, None).unwrap().unwrap()).unwrap()
}

/// Fondy, which gives these answers one after the other, and what it was asked.
async fn answering(answers: Vec<Response>) -> (Fondy, Seen) {
    let answers: Answers = Arc::new(Mutex::new(answers));
    let seen = Seen::default();
    let app = Router::new()
        .fallback(
            async |State((answers, seen)): State<(Answers, Seen)>, uri: Uri, body: Bytes| {
                let body = serde_json::from_slice(&body).unwrap();
                seen.lock().unwrap().push((uri.to_string(), body));
                answers.lock().unwrap().remove(0)
            },
        )
        .with_state((answers, Arc::clone(&seen)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    (fondy(&url), seen)
}

fn signed(mut fields: Value) -> Value {
    let of = Fields::of_json(&fields.to_string()).unwrap();
    fields["signature"] = json!(signature::of_fields(&SECRET.into(), &of));
    fields
}

fn answer(fields: &Value) -> Response {
    json!({"response": fields}).to_string().into_response()
}

fn failure(code: u32) -> Response {
    answer(&json!({"response_status": "failure", "error_code": code,
        "error_message": "a text\nof Fondy's", "request_id": "r-1"}))
}

/// What a callback or a status says of the order.
fn order(status: &str, given_back: &str) -> Value {
    json!({
        "order_id": ORDER, "merchant_id": 1_396_424, "amount": "12550", "currency": "UAH",
        "order_status": status, "reversal_amount": given_back, "response_status": "success",
        "response_code": 1002, "masked_card": "444455XXXXXX1111", "sender_email": "a@b.example",
        "payment_id": 804_884_100, "tran_type": "purchase", "actual_amount": "12550",
    })
}

fn callback(fields: &Value) -> Event {
    let body = signed(fields.clone()).to_string();
    let at = Timestamp::from_second(1_763_700_000).unwrap();
    let read = fondy("http://127.0.0.1:1").read_webhook(&HeaderMap::new(), body.as_bytes(), at);
    read.unwrap()
}

fn payment_report(event: &Event) -> &PaymentReport {
    match &event.report {
        Some(Report::Payment(payment)) => payment,
        other => panic!("a payment, not {other:?}"),
    }
}

fn payment() -> Payment {
    Payment {
        payment_id: ORDER.to_owned(),
        amount_minor: 12_550,
        currency: "UAH".to_owned(),
        ..Payment::default()
    }
}
