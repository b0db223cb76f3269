//! Every call that takes a key, repeated while its object goes on: `PaymentService` in the contract has the
//! rule.

use billing_proto::v1;
use billing_proto::v1::PaymentState::{Canceled, Created, Expired, Failed, Pending, Succeeded};
use billing_proto::v1::RefundState;
use billing_testkit::TestCore;

use super::{apply, event, new_payment, paid, refund, settled, state};
use crate::support::{assert_books_are_right, core, reason};

async fn create(core: &TestCore, request: v1::CreatePaymentRequest) -> v1::CreatePaymentResponse {
    let answer = core.payments().create_payment(request).await;
    answer.unwrap().into_inner()
}

/// As the provider calls it, and where it is paid.
async fn attach(core: &TestCore, payment_id: &str, page_url: &str) -> v1::Payment {
    let request = v1::AttachProviderReferenceRequest {
        payment_id: payment_id.to_owned(),
        provider_reference: format!("pi_{payment_id}"),
        page_url: page_url.to_owned(),
        ..Default::default()
    };
    let answer = core.payments().attach_provider_reference(request).await;
    answer.unwrap().into_inner().payment.unwrap()
}

#[tokio::test]
async fn a_repeated_creation_answers_with_the_same_payment_as_it_stands_now() {
    let (database, core) = core().await;
    for to in [Created, Pending, Succeeded, Failed, Canceled, Expired] {
        let request = new_payment("alice", to.as_str_name());
        let first = create(&core, request.clone()).await;
        assert!(!first.replayed);
        let payment = first.payment.unwrap();
        if to != Created {
            let named = attach(&core, &payment.payment_id, "https://pay.example/1").await;
            attach(&core, &payment.payment_id, "https://pay.example/2").await;
            apply(&core, event(to.as_str_name(), &named, state(to)))
                .await
                .unwrap();
        }
        for _ in 0..2 {
            let again = create(&core, request.clone()).await;
            let now = again.payment.unwrap();
            assert!(again.replayed, "{to:?}");
            assert_eq!((&now.payment_id, now.state()), (&payment.payment_id, to));
            // The first page stays.
            let page = if to == Created {
                ""
            } else {
                "https://pay.example/1"
            };
            assert_eq!(again.page_url, page, "{to:?}");
        }
        let other = v1::CreatePaymentRequest {
            amount_minor: 7,
            ..request
        };
        let refused = core.payments().create_payment(other).await.unwrap_err();
        assert_eq!(reason(&refused), "IDEMPOTENCY_KEY_REUSED", "{to:?}");
    }
    assert_eq!(settled(&core, "alice").await, super::MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_repeated_refund_answers_with_the_same_refund_as_it_stands_now_also_where_nothing_is_left()
 {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let request = v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: "r".to_owned(),
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
        ..Default::default()
    };
    let start = async || {
        core.payments()
            .start_refund(request.clone())
            .await
            .unwrap()
            .into_inner()
    };
    let first = start().await;
    assert!(!first.replayed);
    let ours = first.refund.unwrap();
    for to in [
        RefundState::Requested,
        RefundState::Pending,
        RefundState::Succeeded,
        RefundState::Failed,
    ] {
        if to != RefundState::Requested {
            let mut report = event(to.as_str_name(), &payment, refund("re_1", super::CENTS, to));
            if let Some(v1::apply_provider_event_request::Report::Refund(refund)) =
                &mut report.report
            {
                refund.refund_id.clone_from(&ours.refund_id);
            }
            for _ in 0..2 {
                apply(&core, report.clone()).await.unwrap();
            }
        }
        let again = start().await;
        let now = again.refund.unwrap();
        assert!(again.replayed, "{to:?}");
        assert_eq!((&now.refund_id, now.state()), (&ours.refund_id, to));
        assert_eq!(now.amount_minor, super::CENTS);
        let other = v1::StartRefundRequest {
            amount_minor: Some(1),
            ..request.clone()
        };
        let refused = core.payments().start_refund(other).await.unwrap_err();
        assert_eq!(reason(&refused), "IDEMPOTENCY_KEY_REUSED", "{to:?}");
    }
    assert_eq!(settled(&core, "alice").await, super::MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_repeated_rejection_answers_with_the_rejected_refund_and_frees_its_amount_once() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let start = |key: &str, cents| v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: key.to_owned(),
        amount_minor: Some(cents),
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    };
    let started = core.payments().start_refund(start("r", 400)).await.unwrap();
    let rejection = v1::RejectRefundRequest {
        payment_id: payment.payment_id.clone(),
        refund_id: started.into_inner().refund.unwrap().refund_id,
        code: "charge_disputed".to_owned(),
    };
    for _ in 0..2 {
        let answer = core
            .payments()
            .reject_refund(rejection.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.refund.unwrap().state(), RefundState::Failed);
        assert_eq!(answer.payment.unwrap().refund_requested_minor, 0);
        let again = core
            .payments()
            .start_refund(start("r", 400))
            .await
            .unwrap()
            .into_inner();
        let refund = again.refund.unwrap();
        assert_eq!(
            (refund.state(), refund.provider_reference.as_str()),
            (RefundState::Failed, "")
        );
    }
    let whole = core
        .payments()
        .start_refund(start("whole", super::CENTS))
        .await;
    assert!(whole.is_ok(), "{whole:?}");
    assert_books_are_right(&database).await;
}
