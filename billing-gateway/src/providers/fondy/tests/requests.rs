//! How requests travel, and what their answers are worth.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentState, RefundState};
use serde_json::json;

use super::{ORDER, answer, answering, callback, failure, order, payment, payment_report, signed};
use crate::causes::causes;
use crate::providers::{HostedPages, Order, Page, Provider, ProviderError, RefundOrder, Refunds};

#[tokio::test]
async fn an_order_is_made_by_our_name_and_says_nothing_of_its_payer() {
    let page = json!({"response_status": "success", "checkout_url": "https://pay.fondy.eu/x"});
    let (fondy, seen) = answering(vec![answer(&page)]).await;
    let payment = payment();
    let order = Order {
        payment: &payment,
        receipt_email: Some("a@b.example"),
        page: Page::TOP_UP,
    };
    let opened = fondy.create(&order, "").await.unwrap();
    assert_eq!(opened.reference, ORDER);
    let browser = json!({"paymentUrl": "https://pay.fondy.eu/x", "orderId": ORDER});
    assert_eq!(serde_json::to_value(&opened.browser).unwrap(), browser);
    let seen = seen.lock().unwrap();
    let (path, body) = &seen[0];
    assert_eq!(path, "/api/checkout/url/");
    let expected = signed(json!({
        "order_id": ORDER, "order_desc": "Balance top-up", "amount": "12550", "currency": "UAH",
        "lifetime": "86400", "merchant_id": 1_396_424, "sender_email": "a@b.example",
        "server_callback_url": "https://billing.example.com/webhooks/fondy",
        "response_url": format!("https://app.example.com/billing?tab=1&payment_id={ORDER}"),
    }));
    assert_eq!(body, &json!({"request": expected}));
}

#[tokio::test]
async fn a_page_that_is_told_once_is_not_told_again() {
    let (fondy, _) = answering(vec![failure(1013)]).await;
    let payment = payment();
    let order = Order {
        payment: &payment,
        receipt_email: None,
        page: Page::TOP_UP,
    };
    let refused = fondy.create(&order, "").await.unwrap_err();
    assert!(matches!(refused, ProviderError::Begun), "{refused:?}");
}

#[tokio::test]
async fn only_what_the_request_is_to_blame_for_is_refused_for_good_and_the_log_has_the_text() {
    let refund = RefundOrder {
        reference: ORDER,
        payment_id: ORDER,
        refund_id: "01234567-89ab-cdef-0123-456789abcdef",
        amount_minor: 1,
    };
    let html = || (StatusCode::OK, "<html>").into_response();
    let declined = signed(json!({"order_id": ORDER, "reverse_status": "declined",
        "response_code": "1004", "response_status": "success"}));
    for (response, expected) in [
        (failure(1007), "refused"),
        (failure(1018), "refused"),
        (failure(1019), "refused"),
        (answer(&declined), "refused"),
        (failure(1000), "away"),
        (failure(1002), "away"),
        (failure(1014), "away"),
        (failure(1016), "away"),
        (StatusCode::FOUND.into_response(), "away"),
        (html(), "away"),
        // Not signed.
        (
            answer(&json!({"order_id": ORDER, "reverse_status": "approved"})),
            "away",
        ),
        (" ".repeat(300 * 1024).into_response(), "away"),
    ] {
        let (fondy, seen) = answering(vec![response]).await;
        let refused = fondy.refund(&refund).await.unwrap_err();
        assert_eq!(refused.name(), expected, "{refused:?}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    let (fondy, _) = answering(vec![failure(1000), failure(1007)]).await;
    let away = causes(&fondy.refund(&refund).await.unwrap_err());
    assert!(away.contains("1000 \"a textof Fondy's\""), "{away}");
    let refused = fondy.refund(&refund).await.unwrap_err().to_string();
    assert!(refused.contains("1007 \"a textof Fondy's\""), "{refused}");
}

#[tokio::test]
async fn a_reversal_carries_our_name_of_the_refund_and_may_be_sent_again() {
    let done = signed(json!({"order_id": ORDER, "reverse_status": "approved",
        "response_status": "success", "reversal_amount": "300"}));
    let broken = StatusCode::BAD_GATEWAY.into_response();
    let (fondy, seen) = answering(vec![broken, answer(&done)]).await;
    let refund_id = "01234567-89ab-cdef-0123-456789abcdef";
    let event = fondy
        .refund(&RefundOrder {
            reference: ORDER,
            payment_id: ORDER,
            refund_id,
            amount_minor: 300,
        })
        .await
        .unwrap();
    let Some(Report::Refund(refund)) = &event.report else {
        panic!("{event:?}");
    };
    assert_eq!(
        (refund.state(), refund.amount_minor),
        (RefundState::Succeeded, 300)
    );
    assert_eq!(refund.refund_id, refund_id);
    assert_eq!(refund.provider_reference, refund_id);
    assert_eq!(fondy.read_event(&event.raw, event.occurred_at), event);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for (path, body) in seen.iter() {
        assert_eq!(path, "/api/reverse/order_id/");
        assert_eq!(body["request"]["reverse_id"], refund_id);
        assert_eq!(body["request"]["amount"], "300");
    }
}

#[tokio::test]
async fn equal_answers_are_one_event_and_hold_nothing_of_the_payer() {
    let paid = || answer(&signed(order("approved", "0")));
    let (fondy, _) = answering(vec![
        paid(),
        paid(),
        answer(&signed(order("reversed", "12550"))),
    ])
    .await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut events = fondy.retrieve(ORDER).await.unwrap();
        assert_eq!(events.len(), 1);
        let event = events.remove(0);
        let raw = String::from_utf8(event.raw.clone()).unwrap();
        for personal in ["444455", "a@b.example", "signature"] {
            assert!(!raw.contains(personal), "{raw}");
        }
        assert_eq!(fondy.read_event(raw.as_bytes(), event.occurred_at), event);
        ids.push(event.id);
    }
    assert_eq!(ids[0], ids[1]);
    // It was paid, and all of it went back.
    let events = fondy.retrieve(ORDER).await.unwrap();
    assert_eq!(payment_report(&events[0]).state(), PaymentState::Succeeded);
    assert!(matches!(&events[1].report, Some(Report::GivenBack(all)) if all.total_minor == 12_550));
}

#[tokio::test]
async fn money_moves_only_where_fondy_says_so_when_it_is_asked() {
    let status = |status, given_back| answer(&signed(order(status, given_back)));
    let mut other_amount = order("approved", "0");
    other_amount["amount"] = json!("100");
    let mut other_currency = order("approved", "0");
    other_currency["currency"] = json!("USD");
    for (claim, said, confirmed) in [
        (order("approved", "0"), status("approved", "0"), true),
        (order("approved", "0"), status("reversed", "12550"), true),
        (order("approved", "5000"), status("approved", "7000"), true),
        (order("approved", "0"), status("processing", "0"), false),
        (order("approved", "0"), status("declined", "0"), false),
        (order("approved", "5000"), status("approved", "4999"), false),
        (order("reversed", "12550"), status("approved", "0"), false),
        (order("approved", "0"), answer(&signed(other_amount)), false),
        (
            order("approved", "0"),
            answer(&signed(other_currency)),
            false,
        ),
        (order("approved", "0"), failure(1018), false),
    ] {
        let (fondy, _) = answering(vec![said]).await;
        let events = fondy.confirm(callback(&claim)).await.unwrap();
        let last = events.last().unwrap();
        let refuted = matches!(last.report, Some(Report::Unconfirmed(_)));
        assert_eq!(!refuted, confirmed, "{claim}: {events:?}");
        if confirmed && claim["reversal_amount"] != "0" {
            assert_eq!(payment_report(&events[0]).state(), PaymentState::Succeeded);
            assert_eq!(events.len(), 2);
        } else {
            assert_eq!(events.len(), 1);
        }
    }
}

#[tokio::test]
async fn what_moves_no_money_is_not_asked_about() {
    let (fondy, seen) = answering(Vec::new()).await;
    for status in ["created", "processing", "declined", "expired", "teleported"] {
        let event = callback(&order(status, "0"));
        assert_eq!(fondy.confirm(event.clone()).await.unwrap(), [event]);
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_not_signed_or_about_something_else_confirms_nothing() {
    let mut other_order = order("approved", "0");
    other_order["order_id"] = json!("another");
    let mut other_merchant = order("approved", "0");
    other_merchant["merchant_id"] = json!(7);
    for said in [
        answer(&order("approved", "0")),
        answer(&signed(other_order)),
        answer(&signed(other_merchant)),
        failure(1014),
    ] {
        let (fondy, _) = answering(vec![said]).await;
        let refused = fondy.confirm(callback(&order("approved", "0"))).await;
        assert_eq!(refused.unwrap_err().name(), "away");
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_our_name_of_it() {
    let created = answer(&signed(order("created", "0")));
    let (fondy, _) = answering(vec![created, failure(1018), failure(1000)]).await;
    assert_eq!(
        fondy.find(&payment(), "").await.unwrap().unwrap().reference,
        ORDER
    );
    assert!(fondy.find(&payment(), "").await.unwrap().is_none());
    assert!(fondy.find(&payment(), "").await.is_err());
}
