//! A payment that its provider calls by several names: a page by one, what is paid on it by another.

use billing_proto::v1;
use tonic::Code;

use super::{MICROS, apply, create, event, refund, settled, state};
use crate::support::{assert_books_are_right, core};

/// A report about a session that names its payment besides.
fn session(
    id: &str,
    payment: &v1::Payment,
    said: v1::PaymentState,
    further: &[&str],
) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        provider_reference: "cs_1".to_owned(),
        payment_id: payment.payment_id.clone(),
        further_references: further.iter().map(|name| (*name).to_owned()).collect(),
        ..event(id, payment, state(said))
    }
}

/// A report about the payment itself.
fn intent(
    id: &str,
    payment: &v1::Payment,
    said: v1::PaymentState,
) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        provider_reference: "pi_1".to_owned(),
        payment_id: payment.payment_id.clone(),
        ..event(id, payment, state(said))
    }
}

fn back(
    id: &str,
    reference: &str,
    payment: &v1::Payment,
    cents: i64,
) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        provider_reference: "pi_1".to_owned(),
        payment_id: String::new(),
        ..event(
            id,
            payment,
            refund(reference, cents, v1::RefundState::Succeeded),
        )
    }
}

#[tokio::test]
async fn a_page_and_what_is_paid_on_it_are_one_payment_in_any_order() {
    use v1::PaymentState::{Expired, Failed, Pending, Succeeded};
    let (database, core) = core().await;
    for (number, order) in [
        [0, 1, 2, 3, 4, 5],
        [5, 4, 3, 2, 1, 0],
        [1, 4, 0, 5, 3, 2],
        [3, 2, 5, 0, 4, 1],
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user-{number}");
        let payment = create(&core, &user, "1").await;
        let (cs, pi) = (format!("cs_{number}"), format!("pi_{number}"));
        let named = |event: v1::ApplyProviderEventRequest| v1::ApplyProviderEventRequest {
            event_id: format!("{number}:{}", event.event_id),
            provider_reference: event
                .provider_reference
                .replace("cs_1", &cs)
                .replace("pi_1", &pi),
            further_references: event
                .further_references
                .iter()
                .map(|name| name.replace("pi_1", &pi))
                .collect(),
            ..event
        };
        let events = [
            session("completed", &payment, Pending, &["pi_1"]),
            session("async_failed", &payment, Failed, &["pi_1"]),
            session("async_succeeded", &payment, Succeeded, &["pi_1"]),
            intent("intent", &payment, Succeeded),
            session("expired", &payment, Expired, &[]),
            back("refund", &format!("re_{number}"), &payment, 400),
        ]
        .map(named);
        for at in order {
            let answer = apply(&core, events[at].clone()).await.unwrap();
            assert_ne!(
                answer.outcome(),
                v1::EventOutcome::Contradiction,
                "{order:?} {at}"
            );
        }
        // What came before anything had its name is brought again.
        apply(&core, events[5].clone()).await.unwrap();
        assert_eq!(settled(&core, &user).await, MICROS * 6 / 10, "{order:?}");
        let again = session("again", &payment, Succeeded, &["pi_1"]);
        let answer = apply(&core, named(again)).await.unwrap();
        assert_eq!(answer.outcome(), v1::EventOutcome::Applied);
        assert_eq!(answer.moved_micros, 0);
        let payment = answer.payment.unwrap();
        assert_eq!(payment.state(), Succeeded);
        // Refunds and disputes call it so.
        assert_eq!(payment.provider_reference, pi);
        assert!(!payment.needs_review, "{order:?}");
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_name_of_another_payment_and_a_second_payment_are_contradictions() {
    use v1::PaymentState::Succeeded;
    let (_database, core) = core().await;
    let first = create(&core, "alice", "1").await;
    let second = create(&core, "alice", "2").await;
    let paid = session("evt_1", &first, Succeeded, &["pi_1"]);
    apply(&core, paid.clone()).await.unwrap();
    let crossed = v1::ApplyProviderEventRequest {
        provider_reference: "cs_2".to_owned(),
        ..session("evt_2", &second, Succeeded, &["pi_1"])
    };
    let answer = apply(&core, crossed).await.unwrap();
    assert_eq!(answer.outcome(), v1::EventOutcome::Contradiction);
    let twice = v1::ApplyProviderEventRequest {
        provider_reference: "cs_3".to_owned(),
        ..session("evt_3", &first, Succeeded, &["pi_3"])
    };
    let answer = apply(&core, twice).await.unwrap();
    assert_eq!(answer.outcome(), v1::EventOutcome::Contradiction);
    assert_eq!(settled(&core, "alice").await, MICROS);
    for further in [
        vec![String::new()],
        vec!["x".repeat(256)],
        vec!["x".to_owned(); 5],
    ] {
        let refused = v1::ApplyProviderEventRequest {
            event_id: "evt_4".to_owned(),
            further_references: further,
            ..paid.clone()
        };
        let status = apply(&core, refused).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}
