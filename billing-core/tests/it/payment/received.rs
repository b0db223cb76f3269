//! Payments of which less or more arrives than was ordered.

use billing_core::payment::review;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{self};
use billing_proto::v1::{EventOutcome, PaymentState, RefundState};

use super::{CENTS, MICROS, apply, attached, event, new_payment, refund, settled, state};
use crate::support::{assert_books_are_right, core, reason};

fn received(cents: i64, currency: &str) -> Report {
    let Report::Payment(report) = state(PaymentState::Succeeded) else {
        panic!("a payment's report");
    };
    Report::Payment(v1::PaymentReport {
        amount_minor: cents,
        currency: currency.to_owned(),
        ..report
    })
}

#[tokio::test]
async fn less_than_ordered_is_credited_as_far_as_it_goes_told_and_looked_at() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let applied = apply(&core, event("evt_1", &payment, received(601, "USD"))).await;
    let applied = applied.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Contradiction);
    assert_eq!(applied.moved_micros, 6_010_000);
    let after = applied.payment.unwrap();
    assert_eq!(after.state(), PaymentState::Succeeded);
    assert_eq!(
        (
            after.received_minor,
            after.credited_micros,
            after.needs_review
        ),
        (Some(601), 6_010_000, true)
    );
    assert_eq!(settled(&core, "alice").await, 6_010_000);
    // The same again is no news; another amount is not believed.
    let again = event("evt_2", &payment, received(601, "USD"));
    let again = apply(&core, again).await.unwrap();
    assert_eq!(
        (again.outcome(), again.moved_micros),
        (EventOutcome::Applied, 0)
    );
    let other = event("evt_3", &payment, received(CENTS, "USD"));
    let other = apply(&core, other).await.unwrap();
    assert_eq!(
        (other.outcome(), other.moved_micros),
        (EventOutcome::Contradiction, 0)
    );
    let mut owner = database.connect_as_owner().await;
    let told: serde_json::Value = sqlx::query_scalar(
        "select payload from outbox_message where channel = 'mail' and kind = 'payment_received'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(
        (
            &told["amount_minor"],
            &told["received_minor"],
            &told["booked_micros"]
        ),
        (&CENTS.into(), &601.into(), &6_010_000.into())
    );
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    assert!(findings[0].detail.contains("601"), "{}", findings[0]);
    for finding in &findings {
        review::resolve(&pool, "stripe", &finding.event_id)
            .await
            .unwrap();
    }
    assert!(review::marked(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn of_less_than_ordered_no_more_is_given_back_than_came_and_each_part_takes_its_credit() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let came = event("evt_1", &payment, received(601, "USD"));
    apply(&core, came).await.unwrap();
    let start = v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: "r".to_owned(),
        amount_minor: Some(602),
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    };
    let refused = core.payments().start_refund(start).await.unwrap_err();
    assert_eq!(reason(&refused), "REFUND_EXCEEDS_PAYMENT");
    for (id, reference, cents, left) in
        [("evt_4", "re_1", 200, 4_010_000), ("evt_5", "re_2", 401, 0)]
    {
        let back = event(
            id,
            &payment,
            refund(reference, cents, RefundState::Succeeded),
        );
        apply(&core, back).await.unwrap();
        assert_eq!(settled(&core, "alice").await, left);
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn of_more_than_ordered_what_was_ordered_is_credited_and_the_rest_is_looked_at() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let applied = apply(
        &core,
        event("evt_1", &payment, received(CENTS + 300, "USD")),
    )
    .await;
    let applied = applied.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Contradiction);
    assert_eq!(applied.moved_micros, MICROS);
    // The rest is given back: it was never credited.
    let back = event(
        "evt_2",
        &payment,
        refund("re_1", 300, RefundState::Succeeded),
    );
    apply(&core, back).await.unwrap();
    assert_eq!(settled(&core, "alice").await, MICROS);
    let back = event(
        "evt_3",
        &payment,
        refund("re_2", CENTS, RefundState::Succeeded),
    );
    let after = apply(&core, back).await.unwrap().payment.unwrap();
    assert_eq!(settled(&core, "alice").await, 0);
    assert_eq!(
        (after.received_minor, after.refunded_minor),
        (Some(1300), 1300)
    );
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn less_than_ordered_in_another_currency_is_credited_at_the_payments_rate_rounded_down() {
    let (database, core) = core().await;
    let rate = v1::RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: "41.5".to_owned(),
        source: "test".to_owned(),
        fetched_at: Some(crate::support::moment(jiff::Timestamp::now())),
    };
    core.payments().record_rate(rate).await.unwrap();
    let request = v1::CreatePaymentRequest {
        currency: "UAH".to_owned(),
        amount_minor: 10_000,
        ..new_payment("alice", "1")
    };
    let created = core.payments().create_payment(request).await.unwrap();
    let payment = created.into_inner().payment.unwrap();
    assert_eq!(payment.credit_micros, 2_409_638);
    let named = v1::ApplyProviderEventRequest {
        payment_id: payment.payment_id.clone(),
        ..event("evt_1", &payment, received(3_333, "UAH"))
    };
    let applied = apply(&core, named).await.unwrap();
    // 2.409638 × 33.33 / 100 = 0.8031323454
    assert_eq!(applied.moved_micros, 803_132);
    assert_books_are_right(&database).await;
}
