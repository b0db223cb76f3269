//! A provider that tells only what was given back altogether.

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{EventOutcome, RefundState};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::{CENTS, MICROS, apply, attached, event, paid, refund, settled, state};
use crate::support::{assert_books_are_right, core};

fn given_back(total_minor: i64) -> Report {
    Report::GivenBack(v1::GivenBackReport {
        total_minor,
        currency: "USD".to_owned(),
    })
}

#[tokio::test]
async fn what_was_given_back_altogether_is_booked_once_and_never_falls() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    for (id, total, moved) in [
        ("evt_1", 400, -4_000_000),
        ("evt_2", 400, 0),
        ("evt_3", 100, 0),
        ("evt_4", CENTS, -6_000_000),
    ] {
        let applied = apply(&core, event(id, &payment, given_back(total)))
            .await
            .unwrap();
        assert_eq!(applied.moved_micros, moved, "{id}");
    }
    assert_eq!(settled(&core, "alice").await, 0);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_refund_of_ours_counts_once_whether_its_answer_or_the_sum_comes_first() {
    let (database, core) = core().await;
    for (user, sum_first) in [("alice", true), ("bob", false)] {
        let payment = paid(&core, user, "1").await;
        let start = v1::StartRefundRequest {
            tenant_id: "acme".to_owned(),
            payment_id: payment.payment_id.clone(),
            idempotency_key: "all".to_owned(),
            amount_minor: None,
            reason: "asked for".to_owned(),
            actor: "root".to_owned(),
        };
        let started = core.payments().start_refund(start).await.unwrap();
        let ours = started.into_inner().refund.unwrap();
        let mut answer = event(
            &format!("answer_{user}"),
            &payment,
            refund(&ours.refund_id, CENTS, RefundState::Succeeded),
        );
        if let Some(Report::Refund(report)) = &mut answer.report {
            report.refund_id.clone_from(&ours.refund_id);
        }
        let sum = event(&format!("sum_{user}"), &payment, given_back(CENTS));
        let order = if sum_first {
            [sum, answer]
        } else {
            [answer, sum]
        };
        for report in order {
            apply(&core, report).await.unwrap();
        }
        assert_eq!(settled(&core, user).await, 0, "{user}");
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_refund_made_elsewhere_while_ours_is_asked_for_is_booked_all_the_same() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let start = v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: "r".to_owned(),
        amount_minor: Some(400),
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    };
    core.payments().start_refund(start).await.unwrap();
    let elsewhere = event(
        "evt_1",
        &payment,
        refund("re_dashboard", CENTS, RefundState::Succeeded),
    );
    let applied = apply(&core, elsewhere).await.unwrap();
    assert_eq!(applied.moved_micros, -MICROS);
    assert_eq!(applied.payment.unwrap().refund_requested_minor, 0);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_its_provider_does_not_confirm_is_credited_nothing_and_looked_at() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let report = Report::Unconfirmed("its status is processing".to_owned());
    let applied = apply(&core, event("evt_1", &payment, report))
        .await
        .unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Contradiction);
    assert!(applied.payment.unwrap().needs_review);
    let pool = database.pool().await;
    let findings = billing_core::payment::review::findings(&pool)
        .await
        .unwrap();
    assert_eq!(findings[0].detail, "its status is processing");
    // Once it is confirmed, the money is there.
    let confirmed = event("evt_2", &payment, state(v1::PaymentState::Succeeded));
    assert_eq!(apply(&core, confirmed).await.unwrap().moved_micros, MICROS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_such_events_ends_at_the_same_sums() {
    let (database, core) = core().await;
    let mut runner = TestRunner::new(Config::with_cases(30));
    for n in 0..30 {
        let user = format!("user{n}");
        let payment = attached(&core, &user, "1").await;
        let about = |id: &str, report| event(&format!("{user}:{id}"), &payment, report);
        let all = vec![
            about("action", state(v1::PaymentState::RequiresAction)),
            about("paid", state(v1::PaymentState::Succeeded)),
            about("100", given_back(100)),
            about("ours", refund("reverse_1", 250, RefundState::Succeeded)),
            about("350", given_back(350)),
            about("350 again", given_back(350)),
        ];
        let order = Just(all)
            .prop_shuffle()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let told: Vec<String> = order.iter().map(|event| event.event_id.clone()).collect();
        for event in order {
            apply(&core, event).await.unwrap();
        }
        assert_eq!(settled(&core, &user).await, MICROS - 3_500_000, "{told:?}");
    }
    assert_books_are_right(&database).await;
}
