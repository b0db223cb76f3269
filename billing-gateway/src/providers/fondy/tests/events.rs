//! What its messages mean.

use axum::http::HeaderMap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billing_proto::v1::PaymentState;
use billing_proto::v1::apply_provider_event_request::Report;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::message::Fields;
use super::super::signature;
use super::{ORDER, SECRET, callback, fondy, order, payment_report, signed};
use crate::providers::{Provider, WebhookRefusal};

#[test]
fn each_state_of_an_order_says_where_the_payment_stands() {
    for (status, state, code) in [
        ("created", PaymentState::Pending, ""),
        ("processing", PaymentState::Pending, ""),
        ("declined", PaymentState::Pending, "1002"),
        ("approved", PaymentState::Succeeded, ""),
        ("expired", PaymentState::Expired, ""),
    ] {
        let event = callback(&order(status, "0"));
        assert_eq!(event.id, format!("{ORDER}:{status}:0"));
        assert_eq!(
            (event.reference.as_str(), event.payment_id.as_str()),
            (ORDER, ORDER)
        );
        let report = payment_report(&event);
        assert_eq!(
            (report.state(), report.decline_code.as_str()),
            (state, code)
        );
        assert_eq!(
            (report.amount_minor, report.currency.as_str()),
            (12_550, "UAH")
        );
    }
    let unknown = callback(&order("teleported", "0"));
    assert_eq!(unknown.report, None);
}

#[test]
fn what_was_given_back_is_told_by_the_sum_and_not_by_the_state() {
    for status in ["approved", "reversed", "processing"] {
        let event = callback(&order(status, "5000"));
        assert_eq!(event.id, format!("{ORDER}:{status}:5000"));
        let Some(Report::GivenBack(given_back)) = &event.report else {
            panic!("{event:?}");
        };
        assert_eq!(
            (given_back.total_minor, given_back.currency.as_str()),
            (5_000, "UAH")
        );
    }
    let absent = callback(&order("approved", ""));
    assert_eq!(absent.id, format!("{ORDER}:approved:0"));
    assert_eq!(payment_report(&absent).state(), PaymentState::Succeeded);
}

#[test]
fn an_amount_is_never_guessed() {
    for (field, odd) in [
        ("amount", json!("")),
        ("amount", json!("12.5")),
        ("amount", json!("-1")),
        ("amount", json!("99999999999999999999")),
        ("reversal_amount", json!("some")),
        ("order_id", json!("")),
    ] {
        let mut fields = order("approved", "0");
        fields[field] = odd;
        let event = callback(&fields);
        assert!(
            matches!(event.report, Some(Report::Unreadable(_))),
            "{event:?}"
        );
    }
    let reversed = callback(&order("reversed", "0"));
    assert!(matches!(reversed.report, Some(Report::Unreadable(_))));
}

#[test]
fn a_callback_of_another_merchant_is_not_confirmed() {
    let mut fields = order("approved", "0");
    fields["merchant_id"] = json!(7);
    let event = callback(&fields);
    assert!(
        matches!(event.report, Some(Report::Unconfirmed(_))),
        "{event:?}"
    );
    // The true one is still to come, by a name of its own.
    let name = format!("{ORDER}:approved:0:unconfirmed:sha256:");
    assert!(event.id.starts_with(&name), "{}", event.id);
}

#[test]
fn what_is_not_signed_is_refused_whatever_its_encoding() {
    let fondy = fondy("http://127.0.0.1:1");
    let fields = order("approved", "0");
    let mut altered = signed(fields.clone());
    altered["amount"] = json!("12551");
    for (body, refusal) in [
        (fields.to_string(), WebhookRefusal::Missing),
        (altered.to_string(), WebhookRefusal::Signature),
        (
            "order_id=1&signature=abc".to_owned(),
            WebhookRefusal::Signature,
        ),
        (String::new(), WebhookRefusal::Missing),
        ("{".to_owned(), WebhookRefusal::Malformed),
    ] {
        let read = fondy.read_webhook(&HeaderMap::new(), body.as_bytes(), Timestamp::UNIX_EPOCH);
        assert_eq!(read.unwrap_err(), refusal, "{body}");
    }
}

#[test]
fn what_was_stored_is_read_again_as_it_was() {
    let fondy = fondy("http://127.0.0.1:1");
    let event = callback(&order("approved", "5000"));
    assert_eq!(fondy.read_event(&event.raw, event.occurred_at), event);
    for raw in [
        &b"{"[..],
        b"\xff",
        b"[1]",
        b"{\"type\": \"retrieved.payment\"}",
    ] {
        let event = fondy.read_event(raw, Timestamp::UNIX_EPOCH);
        assert!(matches!(
            event.report,
            Some(Report::Unreadable(_) | Report::Unconfirmed(_))
        ));
        assert_eq!(event.raw, raw);
    }
}

#[test]
fn no_field_that_nobody_needs_makes_a_callback_unread() {
    let fondy = fondy("http://127.0.0.1:1");
    let read = |body: &str| {
        let event = fondy.read_webhook(&HeaderMap::new(), body.as_bytes(), Timestamp::UNIX_EPOCH);
        let event = event.unwrap();
        assert_eq!(payment_report(&event).amount_minor, 12_550, "{body}");
        assert_eq!(payment_report(&event).state(), PaymentState::Succeeded);
    };
    // The signature is over the texts as they are written, also those that nobody reads.
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut fields = order("approved", "0.0");
    fields["note"] = json!("NESTED");
    fields["amount"] = json!("12550.0");
    let plain = serde_json::to_string(&fields)
        .unwrap()
        .replace("\"12550.0\"", "12550.0");
    let odd = plain.replace("\"NESTED\"", &nested);
    let signature = signature::of_fields(&SECRET.into(), &Fields::of_json(&odd).unwrap());
    let body = odd.replacen('{', &format!("{{\"signature\": \"{signature}\", "), 1);
    read(&body);
    read(&format!("\u{feff}{body}"));
    let form = |fields: &Value| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in signed(fields.clone()).as_object().unwrap() {
            form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
        }
        form.finish()
    };
    read(&format!("\u{feff}{}", form(&order("approved", "0"))));
    // Of protocol 2 the data are signed as they came, whatever is in them.
    let odd = plain.replace("\"NESTED\"", r#""\ud800", "\ud801": 1"#);
    let data = BASE64_STANDARD.encode(format!("\u{feff}{{\"order\": {odd}, \"deep\": {nested}}}"));
    let signature = signature::of_data(&SECRET.into(), &data);
    read(&json!({"version": "2.0", "data": data, "signature": signature}).to_string());
}
